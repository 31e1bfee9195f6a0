/** Short commands: run to the end, their output returned, failure thrown with what they said. */
import { spawn } from "node:child_process";
import { type Problem, ZetaError } from "../../compiler/diagnostics/problem.ts";
import { commandFailed, commandMissing } from "./problems.ts";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly status: number | null;
}

export interface CommandOptions {
  readonly input?: string;
  /** Milliseconds until it is killed; 60 000 unless told. */
  readonly timeout?: number;
  /** Exit codes that are no failure besides 0. */
  readonly accept?: readonly number[];
}

/** An exception for one problem, with long material kept aside. */
export const labError = (one: Problem, detail = "", cause?: unknown): ZetaError =>
  new ZetaError([detail === "" ? one : { ...one, detail }], cause === undefined ? {} : { cause });

export function run(
  command: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { timeout: options.timeout ?? 60_000, killSignal: "SIGKILL" });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    child.once("error", (error) => {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const full = [command, ...parameters].join(" ");
      reject(
        labError(missing ? commandMissing(null, command) : commandFailed(null, full, "did not start", ""), "", error),
      );
    });
    child.once("close", (status, signal) => {
      if (status === 0 || options.accept?.includes(status ?? -1)) return resolve({ ...output, status });
      const said = output.stderr.trim().split("\n").at(-1) ?? "";
      const full = [command, ...parameters].join(" ");
      reject(labError(commandFailed(null, full, howItEnded(status, signal), said), `${output.stdout}${output.stderr}`));
    });
    // A command that ends without reading its input is judged by its exit code alone.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

export const howItEnded = (status: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `ended with code ${status}` : `was ended by ${signal}`;
