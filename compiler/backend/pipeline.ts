/** LLVM module → optimised → object, debug sections off: one program piped into the next, all started at once. Nothing touches the disk. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import type { Cpu } from "../api.ts";
import type { Toolchain } from "./toolchain.ts";

export type PipelineResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly tool: string; readonly output: string };

/** A program of the pipeline with its words. */
interface Tool {
  readonly name: string;
  readonly words: readonly string[];
}

/** What a program has said, and how it ended; `status` as shells have it, undefined where the shell itself was killed. */
interface Ended {
  readonly tool: string;
  readonly errors: string;
  readonly status: number | undefined;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Descriptors of the shell: what the tools report, one each, behind how they ended. */
const STATUSES = 3;
const REPORTS = 4;

const scriptOf = (tools: readonly Tool[]): string =>
  tools
    .map(({ words }, n) => `{ ${words.map(quoted).join(" ")} 2>&${REPORTS + n}; echo ${n} $? >&${STATUSES}; }`)
    .join(" | ");

/** Statuses above tell the signal that ended a program. */
const SIGNALLED = 128;

function endOf(status: number | undefined): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number + SIGNALLED === status)?.[0];
  return `ended with ${signal ?? `status ${status}`}`;
}

/** How a tool ends whose reader has ended: by the signal, or as LLVM takes it (EX_IOERR of sysexits.h). */
const WITHOUT_READER: ReadonlySet<number | undefined> = new Set([SIGNALLED + constants.signals.SIGPIPE, 74]);

/** llc reports a stack that is too large and goes on. */
const hasFailed = ({ tool, errors, status }: Ended): boolean =>
  status !== 0 || (tool === "llc" && /^error: /m.test(errors));

/**
 * What is simplified first takes back what the two IR builders write differently, though it means the same: casts between
 * pointers, and addresses within globals, that one of them folds. O2 decides by counting instructions, also such.
 */
const PASSES = "function(instsimplify),default<O2>";

/** How LLVM orders the blocks of a function: by how likely they are, or as they stand in its IR. */
export type BlockOrder = "likely" | "as written";

function toolsOf({ opt, llc, strip }: Toolchain, cpu: Cpu, kind: "object" | "assembly", order: BlockOrder): Tool[] {
  const placement = order === "likely" ? [] : ["-disable-block-placement"];
  const filetype = `-filetype=${kind === "object" ? "obj" : "asm"}`;
  const tools = [
    { name: "opt", words: [opt, `-passes=${PASSES}`, `-mcpu=${cpu}`, "-o", "-", "-"] },
    { name: "llc", words: [llc, "-march=bpf", `-mcpu=${cpu}`, filetype, ...placement, "-o", "-", "-"] },
  ];
  if (kind === "object" && strip !== null) tools.push({ name: "llvm-strip", words: [strip, "-g", "-o", "-", "-"] });
  return tools;
}

/** opt, llc and, where there is one, llvm-strip, which wait for a module. */
export interface Pipeline extends Disposable {
  /** Gives them a module, as text or bitcode: DWARF goes, BTF and its lines stay. Once. */
  run(module: string | Uint8Array): Promise<PipelineResult>;
  /** Ends those that no module was given to. */
  [Symbol.dispose](): void;
}

/**
 * They start at once: most of what they take for themselves has passed when the module is made. A shell starts them, since to
 * start a program costs a process of this size milliseconds. Not of the terminal's group: Ctrl-C is for who started it to
 * hear, and to LLVM it would be a failure.
 */
export function openPipeline(
  toolchain: Toolchain,
  cpu: Cpu,
  kind: "object" | "assembly",
  order: BlockOrder = "likely",
): Pipeline {
  const tools = toolsOf(toolchain, cpu, kind, order);
  const stdio = Array.from({ length: REPORTS + tools.length }, () => "pipe" as const);
  const shell = spawn("/bin/sh", ["-c", scriptOf(tools)], { stdio, detached: true });
  const input = shell.stdin as Writable;
  // A program that ends before it has read everything closes the pipe; its exit status tells the story.
  input.on("error", () => {});
  const failure = new Promise<string | null>((resolve) => {
    shell.on("error", (error) => resolve(error.message));
    shell.on("close", () => resolve(null));
  });
  const [output, own, statuses, ...reports] = shell.stdio.slice(1) as Readable[];
  if (output === undefined || own === undefined || statuses === undefined) throw new Error("a shell without pipes");
  const said = Promise.all([buffer(output), text(own), text(statuses), ...reports.map(text)]);
  // Whoever waits for it is told; where there is no shell, nobody may.
  said.catch(() => {});
  let isGiven = false;
  return {
    async run(module) {
      isGiven = true;
      input.end(module);
      const unstarted = await failure;
      if (unstarted !== null) return { ok: false, tool: "sh", output: unstarted };
      const [bytes, complaint, ends, ...errors] = await said;
      const status = new Map([...ends.matchAll(/^(\d+) (\d+)$/gm)].map(([, n, code]) => [Number(n), Number(code)]));
      const ended = tools.map(({ name }, n) => ({ tool: name, errors: errors[n] ?? "", status: status.get(n) }));
      const failures = ended.filter(hasFailed);
      // Of a tool that fails, those behind it have half a module, and those before it no reader.
      const failed = failures.find(({ status: code }) => !WITHOUT_READER.has(code)) ?? failures[0];
      if (failed === undefined) return { ok: true, bytes };
      const { tool, errors: words } = failed;
      return { ok: false, tool, output: words.trim() === "" ? [endOf(failed.status), complaint].join("\n") : words };
    },
    [Symbol.dispose]() {
      const runs = shell.pid !== undefined && shell.exitCode === null && shell.signalCode === null;
      if (!isGiven && runs) process.kill(-(shell.pid as number), "SIGKILL");
    },
  };
}
