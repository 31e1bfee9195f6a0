/** Source to IR, before any pass. */
import path from "node:path";
import { lowerFile } from "../../compiler/frontend/index.ts";
import { SourceCache } from "../../compiler/frontend/program.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { packageRoot } from "../../compiler/package-root.ts";

const FILE = path.join(packageRoot(), ".zeta", "passes", "source.ts");
const cache = new SourceCache();

export function lowered(text: string): Module {
  const result = lowerFile(FILE, { cache, files: new Map([[FILE, text]]) });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result.module;
}
