/** The options of `zeta build` and what they mean to the compiler. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CompileOptions, Cpu, IrBuilderName } from "../../../compiler/api.ts";
import type { CommonOptions } from "../session.ts";

export const EMITTED = ["ir", "llvm", "asm", "object"] as const;
export type Emitted = (typeof EMITTED)[number];

export interface CompilerOptions extends CommonOptions {
  readonly cpu?: Cpu;
  readonly irBuilder?: IrBuilderName;
  readonly llvm?: number;
  readonly targetAlignment?: "natural" | "strict";
  readonly filters?: "fused" | "tail-calls";
}

export interface BuildOptions extends CompilerOptions {
  readonly out?: string;
  readonly emit?: Emitted;
  readonly watch?: boolean;
  /** Path of a config file: what it gives is folded. */
  readonly fold?: string;
  /** True: ask the kernel, and fail without privileges. False: do not. Left out: ask it where that is permitted. */
  readonly verify?: boolean;
}

const llvmVersion = (text: string): number => {
  const version = Number(text);
  if (Number.isInteger(version) && version >= 14 && version <= 19) return version;
  throw new InvalidArgumentError("LLVM's major version, 14 to 19, was expected.");
};

/** Options that say how to compile; `zeta run` has them too. */
export const withCompilerOptions = (command: Command): Command =>
  command
    .addOption(new Option("--cpu <level>", "eBPF instruction set (default v3)").choices(["v2", "v3", "v4"]))
    .addOption(new Option("--ir-builder <name>", "what writes LLVM IR").choices(["llvm-bindings", "text"]))
    .addOption(new Option("--llvm <major>", "version of opt and llc to use, 14 to 19").argParser(llvmVersion))
    .addOption(new Option("--target-alignment <kind>", "how wide packet loads may be").choices(["natural", "strict"]))
    .addOption(
      new Option("--filters <kind>", "one program of all filters (default), or one for each").choices([
        "fused",
        "tail-calls",
      ]),
    );

export function compileOptions(
  { cpu, irBuilder, llvm, targetAlignment, filters }: CompilerOptions,
  emit?: Emitted,
): CompileOptions {
  return {
    ...(cpu === undefined ? {} : { cpu }),
    ...(irBuilder === undefined ? {} : { irBuilder }),
    ...(llvm === undefined ? {} : { llvm }),
    ...(targetAlignment === undefined ? {} : { targetAlignment }),
    ...(filters === undefined ? {} : { filters }),
    ...(emit === "llvm" ? { emit: ["llvm"] as const } : {}),
    ...(emit === "asm" ? { emit: ["assembly"] as const } : {}),
  };
}
