/** Where Prometheus asks: GET /metrics, by TCP or a UNIX socket. */
import { rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { failure } from "../loader/problems.ts";
import { answers } from "./claim.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { cannotListen } from "./problems.ts";
import type { NodeStatus } from "./status.ts";

export interface MetricsServer {
  /** "http://127.0.0.1:9464/metrics", or the socket's path. */
  readonly address: string;
  close(): Promise<void>;
}

const TCP = /^(?:\[([0-9a-fA-F:]+)\]|([^:/[\]]+)):(\d{1,5})$/;

const isSocket = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isSocket() === true;

/** @throws ZT8114. */
export async function serveMetrics(where: string, status: () => Promise<NodeStatus>): Promise<MetricsServer> {
  const [, v6, host = v6, port] = TCP.exec(where) ?? [];
  const isPath = host === undefined;
  if (isPath && !where.includes("/")) throw failure(cannotListen(null, where, "it is neither HOST:PORT nor a path"));
  const server = createServer(async (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Ask for /metrics.\n");
      return;
    }
    try {
      const text = metricsText(await status());
      response.writeHead(200, { "content-type": METRICS_TYPE }).end(text);
    } catch {
      response.destroy();
    }
  });
  // A killed node leaves its socket behind.
  if (isPath && isSocket(where) && !(await answers(where))) rmSync(where, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(failure(cannotListen(null, where, error.code ?? error.message), error)),
    );
    // Node throws of some addresses at once, of others later.
    try {
      if (isPath) server.listen(where, resolve);
      else server.listen(Number(port), host, resolve);
    } catch (error) {
      server.emit("error", error);
    }
  });
  const bound = server.address() as AddressInfo | string;
  const address =
    typeof bound === "string"
      ? bound
      : `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}/metrics`;
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          if (isPath) rmSync(where, { force: true });
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
