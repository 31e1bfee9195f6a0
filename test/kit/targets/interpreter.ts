/** The reference interpreter as a target: no kernel, no privileges, any operating system. */
import {
  createMachine,
  type InterpretedMap,
  type Machine,
  type Redirect,
} from "../../../compiler/interpreter/index.ts";
import { makeMap } from "../../../compiler/interpreter/maps/make.ts";
import { compiledOf, rootOf } from "./compile.ts";
import { globalsOf } from "./globals.ts";
import type { RawMap } from "./map.ts";
import { startRunning } from "./running.ts";
import type { Redirected, Target } from "./target.ts";

const EINVAL = 22;

function rawMap(map: InterpretedMap, machine: Machine): RawMap {
  const perCpu = map.data.kind.startsWith("perCpu");
  return {
    cpus: perCpu ? machine.kernel.cpus : 1,
    lookup: (key) => map.lookup(key),
    update: (key, value, flags) => map.update(key, value, flags),
    delete: (key) => map.delete(key),
    entries: () => map.entries(),
    push: (value, flags) => map.push(value, flags),
    pop: () => map.pop(),
    peek: () => map.peek(),
    records: async () => map.records(),
    produce: (record) => map.produce(record),
    insertProgram(key, name) {
      const program = machine.programs[name];
      return program === undefined ? -EINVAL : map.insert(key, program);
    },
    insertMap(key) {
      const shape = map.data.inner;
      if (shape === null) throw new RangeError(`${map.data.name} is not a map of maps`);
      const inner = makeMap(shape, machine.kernel);
      map.insert(key, inner);
      return rawMap(inner, machine);
    },
  };
}

const redirected = (redirect: Redirect | null): Redirected | null =>
  redirect?.kind === "map" ? { kind: "map", map: redirect.map, key: redirect.key } : redirect;

export const interpreter: Target = {
  name: "interpreter",
  missing: async () => null,
  async load(source, options = {}) {
    const program = await compiledOf(source);
    const root = rootOf(program, options.program);
    let now = options.clock ?? 0n;
    const machine = createMachine(program.module, { now: () => now, random: options.seed ?? 0 });
    const globals = globalsOf(
      program.module,
      (name) => machine.globals.get(name),
      (name, bytes) => machine.globals.set(name, bytes),
    );
    for (const [name, value] of Object.entries(options.globals ?? {})) globals.set(name, value);
    const context = { ingressInterface: options.interface ?? 1 };
    const running = startRunning(program, {
      name: "interpreter",
      runOne(packet) {
        const { action, packet: out, redirect } = machine.run(root, packet, context);
        return { action, packet: out, redirect: redirected(redirect) };
      },
      raw: (name) => rawMap(machine.maps[name] as InterpretedMap, machine),
      globals,
      advance(by) {
        now += by;
        return true;
      },
      close() {},
    });
    for (const [path, value] of Object.entries(options.config ?? {})) running.config.set(path, value);
    return running;
  },
};
