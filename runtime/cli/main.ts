#!/usr/bin/env node
/** The `zeta` command. */
import { useCompileCache } from "./compile-cache.ts";
import { runCommandLine } from "./program.ts";
import type { Sink } from "./session.ts";

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

useCompileCache(process.env);
const host = { stdout: sink(process.stdout), stderr: sink(process.stderr), env: process.env, cwd: process.cwd() };

// No top-level await: the package ships CommonJS too. Not process.exit: what is still in a pipe must be written first.
void runCommandLine(process.argv.slice(2), host).then((code) => {
  process.exitCode = code;
});
