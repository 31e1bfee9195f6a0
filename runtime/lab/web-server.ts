/** An nginx of its own in a namespace: configuration, logs and process id in a folder of its own, nothing shared. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { labError } from "./command.ts";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespace.ts";
import { notReady } from "./problems.ts";
import type { LabProcess } from "./service.ts";

export interface WebServerOptions {
  /** Where it listens; port 80 of every address unless told. */
  readonly port?: number;
  /** What every request is answered with; the namespace's name unless told. */
  readonly body?: string;
  /** A folder whose files are served too, under /files/. */
  readonly files?: string;
}

/** One line of a server's own log. */
export interface WebRequest {
  readonly client: string;
  readonly clientPort: number;
  /** nginx's own number of the connection: two requests with the same number came over one connection. */
  readonly connection: number;
  readonly status: number;
  readonly path: string;
}

export interface WebServer {
  readonly name: string;
  readonly process: LabProcess;
  /** All requests logged so far. nginx writes a line after the answer went out: a client can be a moment ahead of it. */
  requests(): readonly WebRequest[];
  /** Waits until at least `count` requests are logged. */
  logged(count: number, timeout?: number): Promise<readonly WebRequest[]>;
}

export async function startWebServer(
  lab: Pick<Lab, "folder">,
  namespace: Namespace,
  options: WebServerOptions = {},
): Promise<WebServer> {
  const port = options.port ?? 80;
  const folder = join(lab.folder, `nginx-${namespace.name}-${port}`);
  mkdirSync(folder);
  const log = join(folder, "requests.log");
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(folder, log, { ...options, port }, options.body ?? `${namespace.name}\n`));
  const process = await namespace.start("nginx", ["-p", folder, "-e", join(folder, "error.log"), "-c", file], {
    ready: { listening: port },
  });
  const requests = () => readRequests(log);
  return {
    name: namespace.name,
    process,
    requests,
    async logged(count, timeout = 10_000) {
      for (const deadline = Date.now() + timeout; ; await pause(10)) {
        const now = requests();
        if (now.length >= count) return now;
        if (Date.now() > deadline)
          throw labError(notReady(null, "nginx", `${count} requests logged, ${now.length} are`, timeout));
      }
    },
  };
}

function configuration(
  folder: string,
  log: string,
  { port, files }: WebServerOptions & { readonly port: number },
  body: string,
): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
worker_rlimit_nofile 65536;
events { worker_connections 16384; }
http {
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
  log_format lab '$remote_addr $remote_port $connection $status $request_uri';
  access_log ${log} lab;
  keepalive_requests 1000000;
  sendfile on;
  server {
    listen ${port} backlog=4096;
    listen [::]:${port} backlog=4096;
${files === undefined ? "" : `    location /files/ { alias ${JSON.stringify(`${files}/`)}; }\n`}    location / { default_type text/plain; return 200 ${JSON.stringify(body)}; }
  }
}
`;
}

function readRequests(log: string): readonly WebRequest[] {
  const text = readFileSync(log, "utf8");
  // A line still being written has no end yet.
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  return lines.map((line) => {
    const [client = "", clientPort, connection, status, path = ""] = line.split(" ");
    return { client, clientPort: Number(clientPort), connection: Number(connection), status: Number(status), path };
  });
}
