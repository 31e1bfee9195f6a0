/** The node's side of the socket: finds the route, reads the body, writes the answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { problemsAsJson } from "../../compiler/diagnostics/json.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { failure } from "../loader/problems.ts";
import { toJson } from "./json.ts";
import { badRequest } from "./problems.ts";
import { MOST_BYTES } from "./protocol.ts";
import { type Answer, type Asked, ROUTES, type Served } from "./routes.ts";

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BYTES) throw failure(badRequest(null, `it is longer than ${MOST_BYTES} bytes`));
    parts.push(part);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (cause) {
    throw failure(badRequest(null, "it is no JSON"), cause);
  }
}

interface Place {
  readonly route: (typeof ROUTES)[string];
  readonly name: string;
  readonly query: Asked["query"];
}

/** "/services/web?x=1" is the route "/services/:name" with "web", and a query. @throws ZT8112 for what is no place of ours. */
function find(method: string, target: string): Place {
  const unknown = (cause?: unknown) => failure(badRequest(null, `there is no ${method} ${target}`), cause);
  try {
    const { pathname, searchParams } = new URL(target, "http://node");
    const [, first = "", name, ...more] = pathname.split("/");
    const key = `${method} /${first}${name === undefined ? "" : "/:name"}`;
    const route = more.length === 0 && Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
    if (route === undefined) throw unknown();
    return { route, name: decodeURIComponent(name ?? ""), query: Object.fromEntries(searchParams) };
  } catch (error) {
    // Neither a place nor, in it, a name needs to be written as one.
    if (error instanceof TypeError || error instanceof URIError) throw unknown(error);
    throw error;
  }
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.on("drain", go);
    response.on("close", go);
  });

/** Whoever asked is told at once that it has begun, and of each row; when they are gone it ends. */
async function sendLive(response: ServerResponse, { live, end }: Extract<Answer, { live: unknown }>): Promise<void> {
  response.once("close", end);
  if (response.destroyed) end();
  response.flushHeaders();
  for await (const row of live) {
    if (response.destroyed) return;
    if (!response.write(`${toJson(row)}\n`)) await drained(response);
  }
  response.end();
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if ("json" in answer) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(toJson(answer.json));
    return;
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  if ("live" in answer) return sendLive(response, answer);
  let lines = "";
  for await (const row of answer.rows) {
    lines += `${toJson(row)}\n`;
    if (lines.length < 1 << 16) continue;
    if (!response.write(lines)) await drained(response);
    lines = "";
    // Whoever asked has enough.
    if (response.destroyed) return;
  }
  response.end(lines);
}

/** A user's mistakes are problems; anything else is a bug, told with its place for who wants to report it. */
const failureOf = (error: unknown): object => {
  if (error instanceof ZetaError) return { problems: problemsAsJson(error.problems) };
  return error instanceof Error ? { bug: error.message, stack: error.stack } : { bug: String(error) };
};

async function answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { route, ...where } = find(request.method ?? "GET", request.url ?? "/");
    const body = await bodyOf(request);
    if (route !== undefined) await send(response, await route(served, { ...where, body }));
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = error instanceof ZetaError ? 400 : 500;
    response.writeHead(status, { "content-type": "application/json", connection: "close" });
    response.end(toJson(failureOf(error)));
  }
}

/** Listens nowhere yet. `served` is asked for with each request, since the node may still be starting. */
export const controlServer = (served: () => Promise<Served>): Server =>
  createServer((request, response) => {
    void served().then(
      (ready) => answer(ready, request, response),
      () => response.destroy(),
    );
  });
