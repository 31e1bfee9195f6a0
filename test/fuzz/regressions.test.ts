import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { kernel, packets } from "../kit/index.ts";
import { BatchCompiler, type Variant } from "./compile.ts";
import { attempt, type Case } from "./trial.ts";
import type { Unit } from "./unit.ts";

/** Programs that once failed. Their first line says why; "Refused: CODE" in it, that they must be refused. */
const FOLDER = new URL("./regressions/", import.meta.url);
const VARIANTS: readonly Variant[] = [
  { cpu: "v3", llvm: null },
  { cpu: "v2", llvm: null },
];

const compiler = new BatchCompiler();
const given: Case = { packets: packets(1, 60, { shortest: 14 }).map(({ bytes }) => bytes), seed: 1 };

function unitOf(file: string): { unit: Unit; refused: string | null } {
  const text = readFileSync(fileURLToPath(new URL(file, FOLDER)), "utf8");
  const name = /\bprogram\("(\w+)"/.exec(text)?.[1] ?? "";
  const refused = /^.*Refused: (ZT\d+)/.exec(text)?.[1] ?? null;
  return { unit: { name, text: text.replace(/^import .*;\n/m, ""), needsV3: false }, refused };
}

describe.each(VARIANTS)("$cpu", (variant) => {
  test.for(readdirSync(FOLDER))("%s", async (file, context) => {
    const missing = await kernel.missing();
    if (missing !== null) return context.skip(`the kernel's side needs ${missing}`);
    const { unit, refused } = unitOf(file);
    const failures = await attempt(compiler, [unit], variant, () => given);
    if (refused === null) expect(failures).toEqual([]);
    else expect(failures).toMatchObject([{ kind: "rejected", reason: expect.stringContaining(refused) }]);
  });
});
