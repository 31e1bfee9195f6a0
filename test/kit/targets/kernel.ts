/**
 * The kernel as a target: the compiled object, loaded for real, run packet by packet under BPF_PROG_TEST_RUN.
 * Needs the privileges to load; everything of the runtime is imported only when a program is loaded.
 */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { noPrivileges, shortForKernel } from "../problems.ts";
import { objectOf, rootOf } from "./compile.ts";
import { encodedGlobals, globalsOf } from "./globals.ts";
import { startRunning } from "./running.ts";
import type { Target } from "./target.ts";
import { testClock } from "./test-clock.ts";

const XDP_REDIRECT = 4;
const SHORTEST = 14;

/** Only Linux has it, and only for a process that may load programs. */
async function missing(): Promise<string | null> {
  if (process.platform !== "linux") return "Linux";
  const { missingCapabilities } = await import("../../../runtime/loader/capabilities.ts");
  const lacking = missingCapabilities();
  return lacking.length === 0 ? null : lacking.join(", ");
}

export const kernel: Target = {
  name: "kernel",
  missing,
  async load(source, options = {}) {
    const lacking = await missing();
    if (lacking !== null) throw new ZetaError([noPrivileges(null, lacking)]);
    const program = await objectOf(source);
    const root = rootOf(program, options.program);
    const { object, module } = program;

    const { load } = await import("../../../runtime/loader/load.ts");
    const { testRun } = await import("../../../runtime/loader/test-run.ts");
    const { kernelRawMap } = await import("./kernel-map.ts");
    // Without a manifest the loader deals in bytes: the module's own layouts serve both targets alike.
    const constants = encodedGlobals(module, options.globals ?? {});
    const loaded = await load(object, { name: module.name, constants });
    const opened = new Set<{ close(): void }>();
    const close = (): void => {
      for (const one of opened) one.close();
      loaded.close();
    };
    try {
      const entry = loaded.program(root);
      const globals = globalsOf(
        module,
        (name) => loaded.globals.read(name) as Uint8Array,
        (name, bytes) => loaded.globals.write(name, bytes),
      );
      const clock = testClock(globals, { now: options.clock ?? 0n, seed: options.seed ?? 0 });
      const running = startRunning(program, {
        name: "kernel",
        runOne(packet) {
          if (packet.length < SHORTEST) throw new ZetaError([shortForKernel(null, packet.length)]);
          const context = { interface: options.interface ?? 1 };
          const result = testRun(entry, { packet, context });
          return {
            action: result.action,
            packet: result.packet,
            redirect: result.action === XDP_REDIRECT ? "unknown" : null,
          };
        },
        raw(name) {
          const data = module.maps.find((map) => map.name === name);
          if (data === undefined) throw new RangeError(`the module declares no map '${name}'`);
          return kernelRawMap(loaded.map(name), data, loaded, opened);
        },
        globals,
        advance: (by) => clock.advance(by),
        close,
      });
      for (const [path, value] of Object.entries(options.config ?? {})) running.config.set(path, value);
      return running;
    } catch (error) {
      close();
      throw error;
    }
  },
};
