/**
 * A state folder is one node's: whoever has the socket `node.sock` in it. A socket that nobody answers at was left by a
 * killed process. The name is given by link(2), which fails where there is one: two that start at once cannot both have it.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { stateFolder } from "../attach/state.ts";
import { failure, stateNotWritable } from "../loader/problems.ts";
import { nodeRuns } from "./problems.ts";

/** Only its owner may ask a node. */
const OWNER_ONLY = 0o600;

const NAME = "node.sock";
/** sun_path of unix(7), less the byte that ends it. */
const LONGEST = 107;

export const socketOf = (state?: string): string => join(stateFolder(state), NAME);

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** Whether a process listens at the socket. */
export const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const end = (there: boolean): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once("connect", () => end(true));
    socket.once("error", (error) => end(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error))));
  });

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  }
}

/** Takes a dead socket away. A living one that came in between is put back. @throws ZT8110 when one lives. */
async function clear(path: string, folder: string): Promise<void> {
  if (await answers(path)) throw failure(nodeRuns(null, folder));
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const living = await answers(aside);
  if (living) tryLink(aside, path);
  rmSync(aside, { force: true });
  if (living) throw failure(nodeRuns(null, folder));
}

/** Younger ones may be of a node that begins, and does not listen yet. Milliseconds. */
const BEGINNING = 60_000;

/** Takes away what killed processes left of their claims: sockets that nobody listens at. Nobody's claim is touched who lives. */
export async function dropDeadSockets(state?: string): Promise<void> {
  const folder = stateFolder(state);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const drafts = readdirSync(folder).filter((name) => name.startsWith(`${NAME}.`));
  for (const path of drafts.map((name) => join(folder, name))) {
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (made < Date.now() - BEGINNING && !(await answers(path))) rmSync(path, { force: true });
  }
  try {
    await clear(socketOf(state), folder);
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
  }
}

/** Has the server listen in the folder. Gives the socket's path. @throws ZT8110, or ZT4022 when it cannot be written. */
export async function claim(server: Server, state?: string): Promise<string> {
  const folder = stateFolder(state);
  const path = socketOf(state);
  const own = `${path}.${randomBytes(6).toString("hex")}`;
  if (Buffer.byteLength(own) > LONGEST)
    throw failure(
      stateNotWritable(
        null,
        folder,
        `the kernel takes sockets of ${LONGEST} bytes with their folder, and '${own}' is longer`,
      ),
    );
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    await listen(server, own);
    chmodSync(own, OWNER_ONLY);
    while (!tryLink(own, path)) await clear(path, folder);
    return path;
  } catch (error) {
    server.close();
    if (error instanceof ZetaError) throw error;
    throw failure(stateNotWritable(null, folder, codeOf(error)), error);
  } finally {
    if (existsSync(own)) rmSync(own, { force: true });
  }
}
