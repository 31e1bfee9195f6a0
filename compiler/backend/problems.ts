/** What the back end and the toolchain have to tell a person. Each code has its page in docs/errors/. */
import { problem } from "../diagnostics/problem.ts";

// ---------------------------------------------------------------- ZT30xx: code that cannot be made

export const stackExceeded = problem("ZT3001", (routine: string) => ({
  message: `'${routine}' needs more than the 512 bytes of stack that the kernel gives a program.`,
  fix: "Keep large values in a map, such as a per-CPU array with one slot, or split the function.",
}));

export const unsupportedByLlvm = problem("ZT3002", (reason: string) => ({
  message: `LLVM cannot make eBPF of this: ${reason}`,
  fix: "Write it another way, or try a newer instruction set (--cpu v3) or a newer LLVM (--llvm).",
}));

export const llvmFailed = problem("ZT3003", (tool: string, reason: string) => ({
  message: `${tool} failed: ${reason}`,
  fix: "This is a fault of Zeta or of the LLVM installation: please report it with the output (--verbose).",
}));

export const atomicNeedsV3 = problem("ZT3004", (operation: string) => ({
  message: `An atomic ${operation} needs eBPF instructions of v3; v2 has only an addition whose old value is not used.`,
  fix: "Build with --cpu v3 (Linux 5.12 or later), or use an addition without its result.",
}));

export const nameTakenTwice = problem("ZT3005", (name: string) => ({
  message: `Two of the object's maps, functions and globals are called '${name}'.`,
  fix: "Rename one of them: they share one table of symbols.",
}));

export const stackReachesThroughCalls = problem("ZT3006", (program: string, bytes: number) => ({
  message: `'${program}' and the functions it calls need ${bytes} bytes of stack together; the kernel gives them 512.`,
  fix: "Keep large values in a map, or call fewer functions from within each other.",
}));

export const callsTooDeep = problem("ZT3007", (program: string, frames: number) => ({
  message: `'${program}' calls functions within functions ${frames} deep, and the kernel gives it 8 frames.`,
  fix: "Make plain functions of some of the subprograms, or call them one after another.",
}));

export const tailCallTooDeep = problem("ZT3008", (program: string, name: string, bytes: number) => ({
  message: `'${name}' makes a tail call, and below it '${program}' has ${bytes} bytes of stack in use; the kernel allows 255.`,
  fix: "Make the tail call in the program itself, or keep large values in a map.",
}));

export const tooMuchToFollow = problem("ZT3009", (program: string, steps: number) => ({
  message: `The kernel's verifier would walk ${steps} steps of '${program}' turn by turn, more than it follows.`,
  fix: "Give long loops to the kernel: `loop(trips, body)` costs the verifier no more than a few turns.",
}));

// ---------------------------------------------------------------- ZT31xx: the toolchain

export const llvmMissing = problem("ZT3101", (asked: string) => ({
  message: `${asked} was not found: opt and llc of LLVM 14 to 19 make the eBPF object.`,
  fix: "Install it, for example with 'apt-get install llvm-19', or name another version with --llvm.",
}));

export const llvmOutOfRange = problem("ZT3102", (version: number) => ({
  message: `LLVM ${version} is not supported.`,
  fix: "Use one of LLVM 14 to 19.",
}));

export const cpuUnknown = problem("ZT3103", (cpu: string) => ({
  message: `'${cpu}' is not an eBPF instruction set that Zeta knows.`,
  fix: "Use v2, v3 or v4.",
}));

export const cpuNeedsNewerLlvm = problem("ZT3104", (cpu: string, llvm: number) => ({
  message: `LLVM ${llvm} does not know the eBPF instruction set ${cpu}.`,
  fix: `Use LLVM 18 or later for ${cpu}, or --cpu v3.`,
}));

export const bindingsMissing = problem("ZT3105", (reason: string) => ({
  message: `llvm-bindings cannot be loaded: ${reason}`,
  fix: "Install it with 'npm install llvm-bindings' (it needs llvm-14-dev, cmake and ninja-build), or build with --ir-builder text.",
}));

export const builderUnknown = problem("ZT3106", (name: string) => ({
  message: `'${name}' is not an IR builder.`,
  fix: "Use llvm-bindings or text.",
}));
