/** What the front end makes is well-formed, and prints the same every time. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { explain, explainedCodes } from "../../compiler/diagnostics/pages.ts";
import { lower } from "../../compiler/index.ts";
import { printModule } from "../../compiler/ir/print.ts";
import { irViolations } from "../../compiler/ir/verify.ts";

const folder = fileURLToPath(new URL("../../docs/errors", import.meta.url));
const accepted = explainedCodes().flatMap((code) => {
  const text = explain(code)?.accepted ?? null;
  return text === null ? [] : [{ code, text }];
});

test.each(accepted)("the accepted example of $code", async ({ code, text }) => {
  const entry = join(folder, `${code}.ts`);
  const files = new Map([[entry, text]]);
  const [first, second] = [await lower(entry, { files }), await lower(entry, { files })];
  if (!first.ok || !second.ok) throw new Error(`${code} does not lower: ${first.problems[0]?.message}`);
  expect(irViolations(first.module)).toEqual([]);
  expect(printModule(first.module)).toBe(printModule(second.module));
});
