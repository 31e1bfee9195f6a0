#!/usr/bin/env node
/** The `zeta` command. */
import { useCompileCache } from "./compile-cache.ts";
import type { ExitCode } from "./exit.ts";
import { isRecentNode, OLDEST_NODE } from "./node-version.ts";
import type { Host, Sink } from "./session.ts";

let cut = false;

/** `zeta … | head` ends our output early: that is no failure, but what is attached must go as at a signal. */
function sink(stream: NodeJS.WriteStream): Sink {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    // A second signal would end the process in the midst of cleaning up.
    if (cut) return;
    cut = true;
    if (!process.emit("SIGTERM", "SIGTERM")) process.exit();
  });
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    write: (content) => {
      stream.write(content);
    },
  };
}

// Before anything else is loaded, so that it is kept too.
useCompileCache(process.env);
const host: Host = { stdout: sink(process.stdout), stderr: sink(process.stderr), env: process.env, cwd: process.cwd() };

async function run(words: readonly string[]): Promise<ExitCode> {
  const { node } = process.versions;
  if (isRecentNode(node)) {
    const { runCommandLine } = await import("./program.ts");
    return runCommandLine(words, host);
  }
  const [{ openSession }, { oldNode }] = await Promise.all([import("./session.ts"), import("./problems.ts")]);
  return openSession(host, { json: words.includes("--json") }).report([oldNode(null, node, OLDEST_NODE)]);
}
// Not process.exit: what is still in a pipe must be written first.
process.exitCode = await run(process.argv.slice(2));
