/** The reference interpreter as a target: no kernel, no privileges, any operating system. */
import { createMachine, type InterpretedMap, type Redirect } from "../../../compiler/interpreter/index.ts";
import { moduleOf, rootOf } from "./compile.ts";
import { globalsOf } from "./globals.ts";
import { interpretedConfig } from "./interpreter-config.ts";
import { interpretedRawMap } from "./interpreter-map.ts";
import { startRunning } from "./running.ts";
import type { Redirected, Target } from "./target.ts";
import { testClock } from "./test-clock.ts";

const redirected = (redirect: Redirect | null): Redirected | null =>
  redirect?.kind === "map" ? { kind: "map", map: redirect.map, key: redirect.key } : redirect;

export const interpreter: Target = {
  name: "interpreter",
  missing: async () => null,
  async load(source, options = {}) {
    const program = await moduleOf(source);
    const root = rootOf(program, options.program);
    let now = options.clock ?? 0n;
    const { manifest } = program;
    const machine = createMachine(program.module, { now: () => now, random: options.seed ?? 0 });
    const globals = globalsOf(
      program.module,
      (name) => machine.globals.get(name),
      (name, bytes) => machine.globals.set(name, bytes),
    );
    for (const [name, value] of Object.entries(options.globals ?? {})) globals.set(name, value);
    const clock = testClock(globals, options);
    const config = manifest?.service == null ? null : await interpretedConfig(manifest, machine);
    const context = { ingressInterface: options.interface ?? 1 };
    const running = startRunning(program, {
      name: "interpreter",
      runOne(packet) {
        const { action, packet: out, redirect } = machine.run(root, packet, context);
        return { action, packet: out, redirect: redirected(redirect) };
      },
      raw: (name) => interpretedRawMap(machine.maps[name] as InterpretedMap, machine),
      globals,
      config,
      advance(by) {
        now += by;
        clock.advance(by);
        return true;
      },
      close() {},
    });
    for (const [path, value] of Object.entries(options.config ?? {})) running.config.set(path, value);
    return running;
  },
};
