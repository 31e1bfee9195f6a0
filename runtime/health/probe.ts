/** One look at a backend: whether it takes a connection, or answers a request. */
import { request } from "node:http";
import { connect } from "node:net";

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface HttpCheck {
  /** What is asked for; "/" unless told. */
  readonly path?: string;
  /** The Host header; address and port unless told. */
  readonly host?: string;
  /** The lowest and the highest good status; 200 and 399 unless told. */
  readonly status?: readonly [lowest: number, highest: number];
}

/** Null when all is well; otherwise what is not. Takes at most `timeout` milliseconds. */
export type Probe = (place: Place, timeout: number, signal: AbortSignal) => Promise<string | null>;

export const tcpProbe: Probe = (place, timeout, signal) =>
  new Promise((resolve) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    const socket = connect(place);
    const end = (said: string | null): void => {
      limit.removeEventListener("abort", late);
      socket.destroy();
      resolve(said);
    };
    const late = (): void => end(`no connection within ${timeout} ms`);
    limit.addEventListener("abort", late);
    socket.once("connect", () => end(null));
    socket.once("error", ({ message }) => end(message));
  });

export const httpProbe =
  ({ path = "/", host, status: [lowest, highest] = [200, 399] }: HttpCheck): Probe =>
  (place, timeout, signal) =>
    new Promise((resolve) => {
      const headers = { connection: "close", ...(host === undefined ? {} : { host }) };
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      const asked = request({ ...place, path, headers, agent: false, signal: limit });
      asked.once("response", ({ statusCode = 0 }) => {
        asked.destroy();
        resolve(statusCode >= lowest && statusCode <= highest ? null : `status ${statusCode}`);
      });
      asked.on("error", ({ message }) => resolve(limit.aborted ? `no answer within ${timeout} ms` : message));
      asked.end();
    });
