/** A machine: one module's programs with their maps and data, on an interpreted kernel. */
import { runInThisContext } from "node:vm";
import type { Module } from "../ir/ir.ts";
import { fault, InterpreterFault, outside } from "./fault.ts";
import { type GenerateOptions, generate } from "./generate/module.ts";
import { checksumDiff } from "./kernel/checksum.ts";
import { HEADROOM } from "./kernel/frame.ts";
import { Kernel, type KernelOptions, type Redirect, XDP_REDIRECT } from "./kernel/kernel.ts";
import { copyBytes, swap64, viewOf, zeroBytes } from "./kernel/memory.ts";
import { makeMap } from "./maps/make.ts";
import { type InterpretedMap, MapBase, type ProgramReference } from "./maps/map.ts";
import { fitsShape } from "./maps/map-of-maps.ts";

export interface RunContext {
  /** Index of the interface the packet came in by; 1 (loopback) unless told, as in BPF_PROG_TEST_RUN. */
  readonly ingressInterface?: number;
  readonly queue?: number;
  /** Only devmap programs see one. */
  readonly egressInterface?: number;
  /** Bytes before the packet; 256 unless told. */
  readonly headroom?: number;
}

export interface Run {
  /** What the program returned: an XDP action, or whatever else it was. */
  readonly action: number;
  readonly packet: Uint8Array;
  /** Set when the action is XDP_REDIRECT and a redirect helper chose a target. */
  readonly redirect: Redirect | null;
  readonly tailCalls: number;
  /** Lines of this run. */
  readonly log: readonly string[];
}

/** Global data by name: the memory that programs see. Patch constants before the first run. */
export interface Globals {
  readonly names: readonly string[];
  /** The live bytes. @throws RangeError when there is no such global. */
  get(name: string): Uint8Array;
  set(name: string, bytes: Uint8Array): void;
}

export interface Machine {
  readonly module: Module;
  /** Clock, random numbers, CPU, log. `kernel.cpu` may be changed between runs. */
  readonly kernel: Kernel;
  readonly maps: Readonly<Record<string, InterpretedMap>>;
  readonly globals: Globals;
  /** Programs by name, for jump tables and for callers that keep the packet in the kernel's frame. */
  readonly programs: Readonly<Record<string, ProgramReference>>;
  /**
   * Runs a program on a packet of any length, none included.
   * @throws InterpreterFault when the compiled program does what no verified program can.
   */
  run(program: string, packet: Uint8Array, context?: RunContext): Run;
}

export interface MachineOptions extends KernelOptions, GenerateOptions {
  /** Runs on the same node as this machine: one kernel, whose own options then hold. */
  readonly beside?: Machine;
  /** Maps to use instead of new ones, by name; they belong to machines of the same kernel. */
  readonly share?: Readonly<Record<string, InterpretedMap>>;
}

interface Runtime {
  readonly kernel: Kernel;
  readonly maps: readonly MapBase[];
  readonly globals: readonly DataView[];
  readonly copyBytes: typeof copyBytes;
  readonly zeroBytes: typeof zeroBytes;
  readonly swap64: typeof swap64;
  readonly checksumDiff: typeof checksumDiff;
  readonly fault: typeof fault;
  readonly outside: typeof outside;
}

type Factory = (runtime: Runtime) => (() => number)[];

/** Machines of one module share its code, so that a thousand nodes are optimised as one. */
const factories = new WeakMap<Module, Map<string, Factory>>();

function factoryOf(module: Module, sourceRoot: string): Factory {
  const known = factories.get(module) ?? new Map<string, Factory>();
  factories.set(module, known);
  const factory = known.get(sourceRoot) ?? evaluate(module, sourceRoot);
  known.set(sourceRoot, factory);
  return factory;
}

function evaluate(module: Module, sourceRoot: string): Factory {
  const { code, url } = generate(module, { sourceRoot });
  return runInThisContext(code, { filename: url }) as Factory;
}

function mapsOf(module: Module, kernel: Kernel, share: Readonly<Record<string, InterpretedMap>>): MapBase[] {
  return module.maps.map((data) => {
    const shared = share[data.name];
    if (shared === undefined) return makeMap(data, kernel);
    if (!(shared instanceof MapBase) || shared.kernel !== kernel) {
      throw new RangeError(`Map '${data.name}' belongs to another node: only machines beside each other share maps.`);
    }
    if (!fitsShape(data, shared.data) || shared.data.maxEntries !== data.maxEntries) {
      throw new RangeError(`Map '${data.name}' has another shape than the one to be shared.`);
    }
    return shared;
  });
}

function globalsOf(module: Module): { views: DataView[]; globals: Globals } {
  const memory = module.globals.map(({ initial }) => initial.slice());
  const find = (name: string): Uint8Array => {
    const bytes = memory[module.globals.findIndex((global) => global.name === name)];
    if (bytes === undefined) throw new RangeError(`There is no global '${name}' in ${module.name}.`);
    return bytes;
  };
  const set = (name: string, bytes: Uint8Array): void => {
    const own = find(name);
    if (own.length !== bytes.length)
      throw new RangeError(`Global '${name}' has ${own.length} bytes, not ${bytes.length}.`);
    own.set(bytes);
  };
  return { views: memory.map(viewOf), globals: { names: module.globals.map(({ name }) => name), get: find, set } };
}

/** Null dereferences and accesses outside a value show as these; errors of injected functions pass as they are. */
function retold(error: unknown, program: string): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  return new InterpreterFault(`${program}: an access that the verifier would have refused (${error.message})`, {
    cause: error,
  });
}

function begin(kernel: Kernel, packet: Uint8Array, context: RunContext): void {
  kernel.packet.set(packet, context.headroom ?? HEADROOM);
  kernel.ingressInterface = context.ingressInterface ?? 1;
  kernel.queue = context.queue ?? 0;
  kernel.egressInterface = context.egressInterface ?? 0;
  kernel.redirect = null;
  kernel.tailCalls = 0;
  kernel.log = [];
  kernel.reserved.clear();
}

const NO_CONTEXT: RunContext = {};

export function createMachine(module: Module, options: MachineOptions = {}): Machine {
  const kernel = options.beside?.kernel ?? new Kernel(options);
  const maps = mapsOf(module, kernel, options.share ?? {});
  const { views, globals } = globalsOf(module);
  const runtime: Runtime = { kernel, maps, globals: views, copyBytes, zeroBytes, swap64, checksumDiff, fault, outside };
  const entries = factoryOf(module, options.sourceRoot ?? "")(runtime);
  const programs: Record<string, ProgramReference> = {};
  for (const [i, { name }] of module.programs.entries()) programs[name] = { name, enter: entries[i] as () => number };

  const run = (name: string, packet: Uint8Array, context: RunContext = NO_CONTEXT): Run => {
    const program = programs[name];
    if (program === undefined) throw new RangeError(`There is no program '${name}' in ${module.name}.`);
    begin(kernel, packet, context);
    let action: number;
    try {
      action = program.enter();
    } catch (error) {
      throw retold(error, name);
    }
    if (kernel.reserved.size > 0)
      throw new InterpreterFault(`${name} ended with a ring-buffer record neither submitted nor discarded`);
    const redirect = action === XDP_REDIRECT ? kernel.redirect : null;
    return { action, packet: kernel.packet.copy(), redirect, tailCalls: kernel.tailCalls, log: kernel.log };
  };
  return { module, kernel, maps: Object.fromEntries(maps.map((map) => [map.data.name, map])), globals, programs, run };
}
