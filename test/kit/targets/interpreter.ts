/** The reference interpreter as a target: no kernel, no privileges, any operating system. */
import {
  createMachine,
  type InterpretedMap,
  type Machine,
  type Redirect,
} from "../../../compiler/interpreter/index.ts";
import { tableConstants, waysFor } from "../../../runtime/node/flow-tables.ts";
import { moduleOf, nodeFor, rootOf } from "./compile.ts";
import { globalsOf } from "./globals.ts";
import { configParts, interpretedConfig } from "./interpreter-config.ts";
import { interpretedRawMap } from "./interpreter-map.ts";
import { interpretedNode } from "./interpreter-node.ts";
import { type HostNode, startRunning } from "./running.ts";
import type { Compiled, Redirected, Running, Target, TargetOptions, TestGlobals } from "./target.ts";
import { type TestClock, testClock } from "./test-clock.ts";

const redirected = (redirect: Redirect | null): Redirected | null =>
  redirect?.kind === "map" ? { kind: "map", map: redirect.map, key: redirect.key } : redirect;

const globalsFor = ({ module }: Compiled, { globals }: Machine): TestGlobals =>
  globalsOf(
    module,
    (name) => globals.get(name),
    (name, bytes) => globals.set(name, bytes),
  );

interface Started {
  readonly program: Compiled;
  readonly machine: Machine;
  /** The machine itself, or that of the node which the service was added to. */
  readonly node: Machine;
  /** Where packets come in: one of these. */
  readonly entry: Machine;
  readonly root: string;
  readonly host: HostNode | null;
  readonly config: Parameters<typeof startRunning>[1]["config"];
  readonly clocks: readonly TestClock[];
}

function runningOf(started: Started, advance: (by: bigint) => void, options: TargetOptions): Running {
  const { program, machine, node, entry, root, host, config, clocks } = started;
  const context = { ingressInterface: options.interface ?? 1 };
  const maps = { ...node.maps, ...machine.maps };
  return startRunning(
    program,
    {
      name: "interpreter",
      runOne(packet) {
        const { action, packet: out, redirect } = entry.run(root, packet, context);
        return { action, packet: out, redirect: redirected(redirect) };
      },
      raw: (name) => interpretedRawMap(maps[name] as InterpretedMap, machine),
      globals: globalsFor(program, machine),
      config,
      advance(by) {
        advance(by);
        for (const clock of clocks) clock.advance(by);
        return true;
      },
      close() {},
    },
    host,
  );
}

export const interpreter: Target = {
  name: "interpreter",
  missing: async () => null,
  async load(source, options = {}) {
    const program = await moduleOf(source);
    let now = options.clock ?? 0n;
    const kernel = { now: () => now, random: options.seed ?? 0 };
    const start = (on: Compiled, machine: Machine): TestClock => testClock(globalsFor(on, machine), options);
    const prepare = (machine: Machine): void => {
      const globals = globalsFor(program, machine);
      for (const [name, value] of Object.entries(options.globals ?? {})) globals.set(name, value);
    };
    const { service } = program.manifest ?? { service: null };
    let started: Started;
    if (service === null || program.manifest === null) {
      const machine = createMachine(program.module, { ...kernel, sourceRoot: program.folder ?? "" });
      prepare(machine);
      const clocks = [start(program, machine)];
      started = {
        program,
        machine,
        node: machine,
        entry: machine,
        root: rootOf(program, options.program),
        host: null,
        config: null,
        clocks,
      };
    } else {
      const compiled = await nodeFor(program);
      const node = interpretedNode(compiled, kernel);
      if (options.flows !== undefined) {
        const ofNode = globalsFor(compiled, node.machine);
        for (const [name, last] of Object.entries(tableConstants(waysFor(options.flows)))) ofNode.set(name, last);
      }
      const added = node.add(program, options.vni ?? 0);
      prepare(added.machine);
      const clocks = [start(compiled, node.machine), start(program, added.machine)];
      const config = interpretedConfig(program.manifest, added.machine, added.store, await configParts());
      added.open(config);
      started = {
        program,
        machine: added.machine,
        node: node.machine,
        ...(added.sole === null
          ? { entry: node.machine, root: node.root }
          : { entry: added.machine, root: added.sole }),
        host: { compiled, index: added.index, underlay: node.underlay },
        config,
        clocks,
      };
    }
    const running = runningOf(started, (by) => (now += by), options);
    for (const [path, value] of Object.entries(options.config ?? {})) running.config.set(path, value);
    return running;
  },
};
