/** HTTP load from a namespace: curl for a counted number of connections, wrk for a stretch of time. */
import { labError } from "./command.ts";
import type { Namespace } from "./namespace.ts";
import { unreadableOutput } from "./problems.ts";

export interface FetchOptions {
  /** How many requests, each on a connection of its own. */
  readonly count: number;
  /** How many at a time; 50 unless told. */
  readonly parallel?: number;
  /** Seconds a request may take; 10 unless told. */
  readonly timeout?: number;
  /** The address of the namespace to send from; the kernel's choice unless told. */
  readonly source?: string;
}

export interface FetchResult {
  /** Requests answered with status 200. */
  readonly succeeded: number;
  /** What went wrong, in curl's words or as "status 503", and how often. */
  readonly failures: ReadonlyMap<string, number>;
  /** TCP connections opened. */
  readonly connections: number;
  readonly seconds: number;
}

/** Fetches `url` `count` times with one curl, a new connection each time. Failed requests are counted, not thrown. */
export async function fetchMany(from: Namespace, url: string, options: FetchOptions): Promise<FetchResult> {
  const line = "%{http_code}\\t%{num_connects}\\t%{errormsg}\\n";
  const separator = url.includes("?") ? "&" : "?";
  const started = performance.now();
  const { stdout } = await from.run(
    "curl",
    [
      ...["--silent", "--no-keepalive", "--header", "Connection: close"],
      ...[
        "--parallel",
        "--parallel-immediate",
        "--parallel-max",
        `${options.parallel ?? 50}`,
        "--max-time",
        `${options.timeout ?? 10}`,
      ],
      ...(options.source === undefined ? [] : ["--interface", options.source]),
      ...["--output", "/dev/null", "--write-out", line],
      `${url}${separator}[1-${options.count}]`,
    ],
    { timeout: 600_000, accept: curlTransferErrors },
  );
  const seconds = (performance.now() - started) / 1000;
  const failures = new Map<string, number>();
  let succeeded = 0;
  let connections = 0;
  for (const text of stdout.split("\n").slice(0, -1)) {
    const [status = "", opened = "0", message = ""] = text.split("\t");
    connections += Number(opened);
    if (status === "200" && message === "") succeeded += 1;
    else {
      // Times differ from request to request; without them equal reasons are one.
      const reason = message === "" ? `status ${status}` : message.replace(/ after \d+ (ms|milliseconds)/, "");
      failures.set(reason, (failures.get(reason) ?? 0) + 1);
    }
  }
  return { succeeded, failures, connections, seconds };
}

/** Codes above 2 (bad usage) tell how transfers went; each transfer's own line says it better. */
const curlTransferErrors = Array.from({ length: 97 }, (_, index) => index + 3);

export interface HttpLoadOptions {
  readonly seconds: number;
  /** Open at a time; 20 unless told. */
  readonly connections?: number;
  /** A new connection per request, instead of kept ones. */
  readonly reconnect?: boolean;
}

export interface HttpLoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Requests answered with another status than 2xx or 3xx. */
  readonly badStatuses: number;
  readonly errors: {
    readonly connect: number;
    readonly read: number;
    readonly write: number;
    readonly timeout: number;
  };
}

/** Requests `url` with wrk for a while, as fast as it goes. */
export async function httpLoad(from: Namespace, url: string, options: HttpLoadOptions): Promise<HttpLoadResult> {
  const header = options.reconnect ? ["--header", "Connection: close"] : [];
  const connections = `${options.connections ?? 20}`;
  const { stdout } = await from.run(
    "wrk",
    ["--threads", "1", "--connections", connections, "--duration", `${options.seconds}s`, ...header, url],
    { timeout: (options.seconds + 30) * 1000 },
  );
  return readWrk(stdout);
}

/** Reads what wrk 4 prints; lines about errors are there only when there were any. */
export function readWrk(output: string): HttpLoadResult {
  const requests = /(\d+) requests in /.exec(output)?.[1];
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output)?.[1];
  if (requests === undefined || rate === undefined) throw labError(unreadableOutput(null, "wrk", output.slice(0, 200)));
  const [, connect = 0, read = 0, write = 0, timeout = 0] =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? [];
  return {
    requests: Number(requests),
    requestsPerSecond: Number(rate),
    badStatuses: Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0),
    errors: { connect: Number(connect), read: Number(read), write: Number(write), timeout: Number(timeout) },
  };
}
