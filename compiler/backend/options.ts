/** What a caller may ask of the back end, and what becomes of it. */
import type { Cpu, IrBuilderName } from "../api.ts";
import type { Problem } from "../diagnostics/problem.ts";
import { loadBindings } from "./builders/llvm-bindings.ts";
import { bindingsMissing, builderUnknown, cpuNeedsNewerLlvm, cpuUnknown } from "./problems.ts";
import { findToolchain, type Toolchain } from "./toolchain.ts";

export interface BackendOptions {
  /** v3 unless told. */
  readonly cpu?: Cpu;
  /** llvm-bindings where it is installed, otherwise text. */
  readonly irBuilder?: IrBuilderName;
  /** LLVM's major version; the newest found unless told. */
  readonly llvm?: number;
  readonly targetAlignment?: "natural" | "strict";
  /** Texts to keep beside the object; none unless told, for they are long. */
  readonly emit?: readonly ("llvm" | "assembly")[];
}

export type Bindings = Extract<ReturnType<typeof loadBindings>, { library: unknown }>["library"];

export interface Settings {
  readonly cpu: Cpu;
  readonly alignment: "natural" | "strict";
  readonly toolchain: Toolchain;
  /** Null: write text. */
  readonly bindings: Bindings | null;
}

const CPUS: ReadonlySet<string> = new Set<Cpu>(["v2", "v3", "v4"]);
const BUILDERS: ReadonlySet<string> = new Set<IrBuilderName>(["llvm-bindings", "text"]);
const V4_LLVM = 18;

export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const refused = (...problems: readonly Problem[]): SettingsResult => ({ ok: false, problems });

/** Checks options against each other and against what is installed. */
export async function settle(options: BackendOptions): Promise<SettingsResult> {
  const cpu = options.cpu ?? "v3";
  if (!CPUS.has(cpu)) return refused(cpuUnknown(null, cpu));
  if (options.irBuilder !== undefined && !BUILDERS.has(options.irBuilder)) {
    return refused(builderUnknown(null, options.irBuilder));
  }
  const found = await findToolchain(options.llvm);
  if (!found.ok) return found;
  const { toolchain } = found;
  if (cpu === "v4" && toolchain.major < V4_LLVM) return refused(cpuNeedsNewerLlvm(null, cpu, toolchain.major));
  const alignment = options.targetAlignment ?? "natural";
  if (options.irBuilder === "text") return { ok: true, settings: { cpu, alignment, toolchain, bindings: null } };
  const loaded = loadBindings();
  if ("library" in loaded) return { ok: true, settings: { cpu, alignment, toolchain, bindings: loaded.library } };
  if (options.irBuilder === "llvm-bindings") return refused(bindingsMissing(null, loaded.reason));
  return { ok: true, settings: { cpu, alignment, toolchain, bindings: null } };
}
