import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as problems from "../../runtime/loader/problems.ts";

const codes = Object.values(problems).flatMap((one) =>
  typeof one === "function" && "code" in one ? [one.code as string] : [],
);

test("codes are unique and in the loader's range", () => {
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.every((code) => /^ZT40\d\d$/.test(code))).toBe(true);
});

test.each(codes)("%s is explained", (code) => {
  const page = new URL(`../../docs/errors/${code}.md`, import.meta.url);
  expect(existsSync(page)).toBe(true);
  const text = readFileSync(page, "utf8");
  expect(text).toMatch(new RegExp(`^# ${code}: .+`));
  expect(text).toMatch(/^## Why$/m);
  expect(text).toMatch(/^## What to do$/m);
});
