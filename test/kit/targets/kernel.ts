/**
 * The kernel as a target: the compiled object, loaded for real, run packet by packet under BPF_PROG_TEST_RUN.
 * Needs the privileges to load; everything of the runtime is imported only when a program is loaded.
 */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { LiveConfig } from "../../../runtime/config/live.ts";
import type { LoadedObject } from "../../../runtime/loader/load.ts";
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

/** Packets run one by one here, so that none is ever under way during a change: nothing to wait for. */
async function kernelConfig(manifest: Manifest, loaded: LoadedObject): Promise<LiveConfig> {
  const [{ openConfig }, { kernelStore }] = await Promise.all([
    import("../../../runtime/config/live.ts"),
    import("../../../runtime/config/kernel-store.ts"),
  ]);
  return openConfig(manifest, { ...kernelStore(manifest, loaded), settle() {} });
}

export const kernel: Target = {
  name: "kernel",
  missing,
  async load(source, options = {}) {
    const lacking = await missing();
    if (lacking !== null) throw new ZetaError([noPrivileges(null, lacking)]);
    const program = await objectOf(source);
    const root = rootOf(program, options.program);
    const { object, module, manifest } = program;

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
      const clock = testClock(globals, options);
      const config = manifest?.service == null ? null : await kernelConfig(manifest, loaded);
      if (config !== null) opened.add(config);
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
        config,
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
