/**
 * The kernel as a target: the compiled object, loaded for real, run packet by packet under BPF_PROG_TEST_RUN.
 * Needs the privileges to load; everything of the runtime is imported only when a program is loaded.
 */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { TEST_CLOCK } from "../../../compiler/passes/test-build.ts";
import type { LiveConfig } from "../../../runtime/config/live.ts";
import type { LoadedObject } from "../../../runtime/loader/load.ts";
import type { LoadedProgram } from "../../../runtime/loader/program.ts";
import { noPrivileges, shortForKernel } from "../problems.ts";
import { nodeObjectFor, objectOf, rootOf } from "./compile.ts";
import { encodedGlobals, globalsOf } from "./globals.ts";
import { type HostNode, startRunning } from "./running.ts";
import type { Compiled, Target, TargetOptions, TestGlobals } from "./target.ts";
import { testClock } from "./test-clock.ts";

const XDP_REDIRECT = 4;
/** Of the clock that is injected: bpf-lib/flow/time.ts as it stands. */
const TEST_TICKS = { zeta_ticks: { perSecond: 250, shift: 4 } };
const SHORTEST = 14;

/** Only Linux has it, and only for a process that may load programs. */
async function missing(): Promise<string | null> {
  if (process.platform !== "linux") return "Linux";
  const { missingCapabilities } = await import("../../../runtime/loader/capabilities.ts");
  const lacking = missingCapabilities();
  return lacking.length === 0 ? null : lacking.join(", ");
}

/** What is loaded: a program by itself, or a service on a node. */
interface Loaded {
  readonly object: LoadedObject;
  readonly entry: LoadedProgram;
  readonly config: LiveConfig | null;
  readonly host: (HostNode & { readonly object: LoadedObject }) | null;
  close(): void;
}

async function loadProgram(
  program: Compiled & { readonly object: Uint8Array },
  options: TargetOptions,
): Promise<Loaded> {
  const { load } = await import("../../../runtime/loader/load.ts");
  const root = rootOf(program, options.program);
  // Without a manifest the loader deals in bytes: the module's own layouts serve both targets alike.
  const constants = encodedGlobals(program.module, options.globals ?? {});
  const object = await load(program.object, { name: program.module.name, constants });
  try {
    return { object, entry: object.program(root), config: null, host: null, close: object.close };
  } catch (error) {
    object.close();
    throw error;
  }
}

async function loadService(
  program: Compiled,
  { object, manifest }: { readonly object: Uint8Array; readonly manifest: Manifest },
  options: TargetOptions,
): Promise<Loaded> {
  const { borrowNode } = await import("./spare-nodes.ts");
  const compiled = await nodeObjectFor(program);
  if (compiled.manifest === null) throw new TypeError("The node's programs have no manifest.");
  // Built for tests, a program counts ticks as its constants say, not as this kernel does.
  const isTestBuild = compiled.module.globals.some(({ name }) => name === TEST_CLOCK);
  const ticks = isTestBuild ? { constants: TEST_TICKS } : {};
  const flows = options.flows === undefined ? {} : { flows: options.flows };
  const source = { object: compiled.object, manifest: compiled.manifest };
  const node = await borrowNode(isTestBuild ? "test" : "plain", { source, load: ticks, ...flows });
  try {
    const load = options.globals === undefined ? {} : { load: { constants: options.globals } };
    const vni = options.vni === undefined ? {} : { vni: options.vni };
    const added = await node.add({ object, manifest }, { config: "later", ...vni, ...load });
    const host = { compiled, index: added.index, underlay: node, object: node.object };
    return {
      object: added.object,
      entry: node.entry(),
      config: added.config,
      host,
      close: node.close,
    };
  } catch (error) {
    node.close();
    throw error;
  }
}

const globalsFor = ({ module }: Compiled, { globals }: LoadedObject): TestGlobals =>
  globalsOf(module, globals.readBytes, (name, bytes) => globals.writeBytes(name, 0, bytes));

export const kernel: Target = {
  name: "kernel",
  missing,
  async load(source, options = {}) {
    const lacking = await missing();
    if (lacking !== null) throw new ZetaError([noPrivileges(null, lacking)]);
    const program = await objectOf(source);
    const { object, module, manifest } = program;
    const { testRun } = await import("../../../runtime/loader/test-run.ts");
    const { kernelRawMap } = await import("./kernel-map.ts");
    const loaded =
      manifest?.service == null
        ? await loadProgram(program, options)
        : await loadService(program, { object, manifest }, options);
    const { host, config, entry } = loaded;
    const opened = new Set<{ close(): void }>();
    const close = (): void => {
      for (const one of opened) one.close();
      loaded.close();
    };
    try {
      const globals = globalsFor(program, loaded.object);
      const clocks = [
        testClock(globals, options),
        ...(host === null ? [] : [testClock(globalsFor(host.compiled, host.object), options)]),
      ];
      const running = startRunning(
        program,
        {
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
            const own = module.maps.find((map) => map.name === name);
            const data = own ?? host?.compiled.module.maps.find((map) => map.name === name);
            const from = own === undefined ? host?.object : loaded.object;
            if (data === undefined || from === undefined) throw new RangeError(`there is no map '${name}'`);
            return kernelRawMap(from.map(name), data, from, opened);
          },
          globals,
          config,
          advance: (by) => clocks.map((clock) => clock.advance(by)).every(Boolean),
          close,
        },
        host,
      );
      for (const [path, value] of Object.entries(options.config ?? {})) running.config.set(path, value);
      return running;
    } catch (error) {
      close();
      throw error;
    }
  },
};
