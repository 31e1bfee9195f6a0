/** LLVM module → optimised → object, debug sections off: one program piped into the next, all started at once. Nothing touches the disk. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Cpu } from "../api.ts";
import type { Toolchain } from "./toolchain.ts";

export type PipelineResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly tool: string; readonly output: string };

interface Ended {
  readonly tool: string;
  readonly output: Uint8Array;
  readonly errors: string;
  readonly failure: string | null;
}

function watch(tool: string, child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  return new Promise((resolve) => {
    const end = (failure: string | null): void => {
      resolve({ tool, output: Buffer.concat(output), errors: Buffer.concat(errors).toString("utf8"), failure });
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) => end(code === 0 ? null : `ended with ${signal ?? `status ${code}`}`));
  });
}

/** Not of the terminal's group: Ctrl-C is for who started it to hear, and to LLVM it would be a failure. Without a reader it ends by itself. */
function start(command: string, options: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(command, options, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  // A program that ends before it has read everything closes the pipe; its exit status tells the story.
  child.stdin.on("error", () => {});
  return child;
}

const failed = ({ tool, errors, failure }: Ended): PipelineResult => ({
  ok: false,
  tool,
  output: errors.trim() === "" ? (failure ?? "") : errors,
});

/**
 * What is simplified first takes back what the two IR builders write differently, though it means the same: casts between
 * pointers, and addresses within globals, that one of them folds. O2 decides by counting instructions, also such.
 */
const PASSES = "function(instsimplify),default<O2>";

/** How LLVM orders the blocks of a function: by how likely they are, or as they stand in its IR. */
export type BlockOrder = "likely" | "as written";

/** opt, llc and, where there is one, llvm-strip, which wait for a module. */
export interface Pipeline extends Disposable {
  /** Gives them a module, as text or bitcode: DWARF goes, BTF and its lines stay. Once. */
  run(module: string | Uint8Array): Promise<PipelineResult>;
  /** Ends those that no module was given to. */
  [Symbol.dispose](): void;
}

/** They start at once: most of what they take for themselves has passed when the module is made. */
export function openPipeline(
  { opt, llc, strip }: Toolchain,
  cpu: Cpu,
  kind: "object" | "assembly",
  order: BlockOrder = "likely",
): Pipeline {
  const optimiser = start(opt, [`-passes=${PASSES}`, `-mcpu=${cpu}`, "-o", "-", "-"]);
  const generator = start(llc, [
    "-march=bpf",
    `-mcpu=${cpu}`,
    `-filetype=${kind === "object" ? "obj" : "asm"}`,
    ...(order === "likely" ? [] : ["-disable-block-placement"]),
    "-o",
    "-",
    "-",
  ]);
  const stripper = kind === "object" && strip !== null ? start(strip, ["-g", "-o", "-", "-"]) : null;
  const ended = Promise.all([
    watch("opt", optimiser),
    watch("llc", generator),
    stripper === null ? null : watch("llvm-strip", stripper),
  ]);
  optimiser.stdout.pipe(generator.stdin);
  if (stripper !== null) generator.stdout.pipe(stripper.stdin);
  let isGiven = false;
  return {
    async run(module) {
      isGiven = true;
      optimiser.stdin.end(module);
      const [optimised, generated, stripped] = await ended;
      if (optimised.failure !== null) return failed(optimised);
      if (generated.failure !== null) return failed(generated);
      // llc reports a stack that is too large and goes on.
      if (/^error: /m.test(generated.errors)) return failed(generated);
      if (stripped === null) return { ok: true, bytes: generated.output };
      return stripped.failure === null ? { ok: true, bytes: stripped.output } : failed(stripped);
    },
    [Symbol.dispose]() {
      if (!isGiven) for (const child of [optimiser, generator, stripper]) child?.kill("SIGKILL");
    },
  };
}
