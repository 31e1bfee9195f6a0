/** Runs a set-up step and says what is being done; a step's own output is shown when it fails, or as it comes if asked. */
import { spawnSync } from "node:child_process";

/** @param {string} text */
export function say(text) {
  console.error(`bootstrap: ${text}`);
}

/**
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, quiet?: boolean }} [options]
 */
export function run(command, parameters, { quiet = false, ...options } = {}) {
  const output = quiet ? "pipe" : "inherit";
  const done = spawnSync(command, parameters, {
    stdio: ["ignore", output, output],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...options,
  });
  if (done.error) throw new Error(`Could not start ${command}.`, { cause: done.error });
  if (done.status === 0) return;
  if (quiet) console.error(`${done.stdout}${done.stderr}`);
  throw new Error(`'${command} ${parameters.join(" ")}' ended with ${done.signal ?? done.status}.`);
}
