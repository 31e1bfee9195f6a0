/** The reference interpreter: the meaning of the IR, in plain Node, without a kernel and without privileges. */
export { InterpreterFault } from "./fault.ts";
export { type Generated, type GenerateOptions, generate } from "./generate/module.ts";
export type { SourceMapData } from "./generate/source-map.ts";
export type { ClockName, Now, Times } from "./kernel/clock.ts";
export { Frame } from "./kernel/frame.ts";
export type { FibLookup, Kernel, KernelOptions, Redirect } from "./kernel/kernel.ts";
export { type Random, seededRandom } from "./kernel/random.ts";
export {
  createMachine,
  type Globals,
  type Machine,
  type MachineOptions,
  type Run,
  type RunContext,
} from "./machine.ts";
export { makeMap } from "./maps/make.ts";
export type { InterpretedMap, ProgramReference } from "./maps/map.ts";
