/** Output of short commands that only tell about themselves. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const PATIENCE_MILLISECONDS = 5_000;

/** Standard output, then standard error; null when the command is not there or fails. */
export async function outputOf(command: string, ...parameters: readonly string[]): Promise<string | null> {
  try {
    // Administrators' tools stand in sbin, which an ordinary user's PATH leaves out.
    const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
    const { stdout, stderr } = await run(command, [...parameters], { timeout: PATIENCE_MILLISECONDS, env });
    return `${stdout}${stderr}`;
  } catch {
    return null;
  }
}
