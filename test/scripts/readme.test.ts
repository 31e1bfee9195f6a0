import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { check } from "../../compiler/index.ts";

test("the README's first middlebox is accepted by the compiler", async () => {
  const [, source] = /```ts\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8")) ?? [];
  expect(source).toContain("middlebox(");
  const file = resolve("examples/from-the-readme.ts");
  expect(await check(file, { files: new Map([[file, source ?? ""]]) })).toEqual({ ok: true, problems: [] });
});
