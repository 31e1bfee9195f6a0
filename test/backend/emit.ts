/** Builds a module or fails with its problems. */

import type { ObjectCode } from "../../compiler/api.ts";
import { type BackendOptions, emitObject } from "../../compiler/backend/index.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import type { Module } from "../../compiler/ir/ir.ts";

export async function emitted(module: Module, options: BackendOptions): Promise<ObjectCode> {
  const result = await emitObject(module, options);
  if (!result.ok) throw new ZetaError(result.problems, { cause: result.problems[0]?.detail });
  return result.code;
}

export interface Combination {
  readonly llvm: number;
  readonly cpu: "v2" | "v3" | "v4";
}

/** Every toolchain and instruction set that must work. */
export const COMBINATIONS: readonly Combination[] = [
  { llvm: 14, cpu: "v2" },
  { llvm: 14, cpu: "v3" },
  { llvm: 16, cpu: "v2" },
  { llvm: 16, cpu: "v3" },
  { llvm: 19, cpu: "v2" },
  { llvm: 19, cpu: "v3" },
  { llvm: 19, cpu: "v4" },
];
