#!/usr/bin/env node
/** The `zeta` command. */
import { cacheFolder, useCompileCache } from "./compile-cache.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { isRecentNode, OLDEST_NODE } from "./node-version.ts";
import type { Host, Sink } from "./session.ts";
import { trimCache } from "./trim-cache.ts";

let cut = false;
/** What is wrong with where the output goes, beside that nobody reads it. */
let unwritten: string | null = null;

/** `zeta … | head` ends our output early: that is no failure, but what is attached must go as at a signal; and so when a disk is full. */
function sink(stream: NodeJS.WriteStream): Sink {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // A second signal would end the process in the midst of cleaning up.
    if (cut) return;
    cut = true;
    if (error.code !== "EPIPE") unwritten = error.message;
    if (!process.emit("SIGTERM", "SIGTERM") && unwritten === null) process.exit();
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
  const [{ openSession }, { oldNode, outputLost }] = await Promise.all([
    import("./session.ts"),
    import("./problems.ts"),
  ]);
  if (!isRecentNode(node)) {
    return openSession(host, { json: words.includes("--json") }).report([oldNode(null, node, OLDEST_NODE)]);
  }
  const { runCommandLine } = await import("./program.ts");
  const code = await runCommandLine(words, host);
  // A stream tells of it later than it was written to.
  await new Promise(setImmediate);
  return unwritten === null ? code : openSession(host, {}).report([outputLost(null, unwritten)]);
}
// Not process.exit: what is still in a pipe must be written first.
const code = await run(process.argv.slice(2));
process.exitCode = code;
const cache = cacheFolder(process.env);
if (cache !== null) trimCache(cache);

const written = (stream: NodeJS.WriteStream) => new Promise((resolve) => stream.write("", resolve));
if (code === EXIT.interrupted || code === EXIT.terminated) {
  // LLVM may still be at work on what a signal made us give up: nobody waits for that.
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit();
}
