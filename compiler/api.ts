/** The compiler's public shapes: what `zeta/compiler` takes and gives. Results are data; a user's mistakes are Problems. */
import type { Manifest } from "./bundle/manifest.ts";
import type { Problem } from "./diagnostics/problem.ts";
import type { Module } from "./ir/ir.ts";

export type Cpu = "v2" | "v3" | "v4";
export type IrBuilderName = "llvm-bindings" | "text";

export interface CompileOptions {
  /** eBPF instruction set; v3 unless told. v4 needs LLVM 18 or later and Linux 6.6 or later. */
  readonly cpu?: Cpu;
  /** llvm-bindings where installed, otherwise text. */
  readonly irBuilder?: IrBuilderName;
  /** LLVM major version (14 to 19) whose opt and llc are used; the newest found unless told. */
  readonly llvm?: number;
  /** `natural` lets packet loads be as wide as the field; `strict` makes them byte-wise safe for strict architectures. */
  readonly targetAlignment?: "natural" | "strict";
  /**
   * `fused`: all of a service's filters are one program. `tail-calls`: each is its own, and they follow each other by tail call,
   * which costs more for every packet and leaves each the kernel's whole allowance of stack and complexity.
   */
  readonly filters?: "fused" | "tail-calls";
  /**
   * Config fields that never change, by path ("qos.dscp"), as the manifest's layouts have them in memory (see `foldedConfig` of
   * zeta/runtime): scalars and structs of them become constants of the programs, and what they decide is decided while compiling.
   */
  readonly fold?: ReadonlyMap<string, Uint8Array>;
  /**
   * Whether a service in which several middleboxes decide gets a second decide program, by which `zeta trace` tells what each of
   * them has (true unless told). Without it, compiling takes an eighth less, and a trace tells what they have come to together.
   */
  readonly traces?: boolean;
  /** Texts to keep beside the object; none unless told, for they are long. */
  readonly emit?: readonly ("llvm" | "assembly")[];
  /** Replaces file reading, for editors and tests: path → text. Falls back to disk. */
  readonly files?: ReadonlyMap<string, string>;
  /** Time, random numbers and routes come from globals that a test sets (see passes/test-build.ts). */
  readonly testBuild?: boolean;
}

export type CheckResult = { readonly ok: boolean; readonly problems: readonly Problem[] };

/** What every compilation tells, whether something came of it or not. */
interface Told {
  readonly problems: readonly Problem[];
  /**
   * The author's files that it went by, as absolute paths: those that were read, and those that were looked for and are not
   * there. When one of them changes, or comes, the result may be another.
   */
  readonly inputs: readonly string[];
}

/** Front end only: source → checked IR. Needs neither LLVM nor privileges. */
export type LowerResult =
  | ({ readonly ok: true; readonly module: Module; readonly manifest: Manifest } & Told)
  | ({ readonly ok: false } & Told);

export interface ObjectCode {
  /** A relocatable BPF ELF object that libbpf and bpftool load. */
  readonly object: Uint8Array;
  /** LLVM IR text before optimisation, and assembly after. Present when asked for. */
  readonly llvm: string | null;
  readonly assembly: string | null;
  readonly toolchain: { readonly llvm: string; readonly irBuilder: IrBuilderName; readonly cpu: Cpu };
  /** Per program: eBPF instructions and bytes of stack in the object. */
  readonly programs: readonly { readonly name: string; readonly instructions: number; readonly stack: number }[];
}

export type CompileResult =
  | ({ readonly ok: true; readonly module: Module; readonly manifest: Manifest; readonly code: ObjectCode } & Told)
  | ({ readonly ok: false } & Told);
