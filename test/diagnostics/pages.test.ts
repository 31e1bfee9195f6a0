/** Every code has a page, every page a code; and what the pages show as refused and accepted is so. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { explain, explainedCodes } from "../../compiler/diagnostics/pages.ts";
import { check } from "../../compiler/index.ts";
import { exitCodeOf } from "../../runtime/cli/exit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Codes as the sources declare them, with how often. */
function declaredCodes(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const folder of ["compiler", "runtime", "sdk"]) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      for (const [, code = ""] of readFileSync(join(root, folder, name), "utf8").matchAll(
        /^export const \w+ = problem\(\s*"(ZT\d{4})"/gm,
      )) {
        counts.set(code, (counts.get(code) ?? 0) + 1);
      }
    }
  }
  return counts;
}

const declared = declaredCodes();
const codes = [...declared.keys()].sort();

test("no code is declared twice", () => {
  expect([...declared].filter(([, count]) => count !== 1)).toEqual([]);
});

/** Codes that no version reports any more keep their pages, since old output names them, and are never given to another problem. */
const retired = explainedCodes().filter((code) => explain(code)?.markdown.includes("This code is retired") === true);

test("codes and pages are the same set, but for retired codes", () => {
  expect(explainedCodes()).toEqual([...codes, ...retired].sort());
  expect(retired.filter((code) => declared.has(code))).toEqual([]);
});

test("every code has an exit code of its family", () => {
  expect(codes.filter((code) => exitCodeOf(code) === 70)).toEqual([]);
});

describe("a page", () => {
  test.each(codes)("%s has a title, its reason, and what to do", (code) => {
    const page = explain(code);
    expect(page?.markdown).toMatch(new RegExp(`^# ${code}: .+[^.]\n\n\\S`));
    const isLanguage = page?.refused !== null || page.accepted !== null;
    if (isLanguage) {
      expect(page?.refused).not.toBeNull();
      expect(page?.accepted).not.toBeNull();
    } else expect(page?.markdown).toMatch(/^## What to do\n\n\S/m);
  });
});

describe("an example", () => {
  const shown = codes.flatMap((code) => {
    const page = explain(code);
    return page?.refused == null || page.accepted === null
      ? []
      : [{ code, refused: page.refused, accepted: page.accepted }];
  });

  const codesIn = async (code: string, text: string): Promise<string[]> => {
    const entry = join(root, "docs", "errors", `${code}.ts`);
    const { problems } = await check(entry, { files: new Map([[entry, text]]) });
    return [...new Set(problems.map((problem) => problem.code))];
  };

  test.each(shown)("refused on the page of $code gives that code alone", async ({ code, refused }) => {
    expect(await codesIn(code, refused)).toEqual([code]);
  });

  test.each(shown)("accepted on the page of $code gives no problem", async ({ code, accepted }) => {
    expect(await codesIn(code, accepted)).toEqual([]);
  });
});
