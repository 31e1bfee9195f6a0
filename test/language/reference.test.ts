/** docs/language.md: every example compiles, and gives the outcome that stands beside it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as kinds from "../../compiler/frontend/problems.ts";
import * as systemLayer from "../../sdk/bpf/index.ts";
import * as middleboxLayer from "../../sdk/index.ts";
import { interpreter, tcp } from "../kit/index.ts";
import { compile } from "./harness.ts";
import { body } from "./refusals.ts";

const text = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");

interface Example {
  readonly line: number;
  readonly source: string;
  /** The verdict that stands beside a return. */
  readonly outcome: string | undefined;
}

const examples: Example[] = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => {
  const source = match[1] as string;
  return {
    line: text.slice(0, match.index).split("\n").length + 1,
    source: source.includes("export default") ? source : body(source),
    outcome: /\/\/ => (\w+)/.exec(source)?.[1]?.toLowerCase(),
  };
});

/** To import a name is not to show it. */
const IMPORTS = /^import [^;]*;$/gm;

test("there are examples, and most of them have an outcome", () => {
  expect(examples.length).toBeGreaterThan(35);
  expect(examples.filter(({ outcome }) => outcome !== undefined).length).toBeGreaterThan(30);
});

describe.each(examples)("line $line", ({ source, outcome }) => {
  test("compiles", async () => {
    await compile(source);
  });

  if (outcome === undefined) return;
  test(`gives ${outcome}`, async () => {
    await using running = await interpreter.load(await compile(source));
    const [result] = await running.run(tcp("10.0.0.7:40000", "10.1.0.1:80").syn());
    expect(result?.verdict).toBe(outcome);
  });
});

/** Names that stand for no construct of their own. */
const BESIDES = new Set(["scalarLayout"]);

test.each([
  ["zeta", middleboxLayer],
  ["zeta/bpf", systemLayer],
])("everything that %s offers stands in an example", (_, layer) => {
  const all = examples.map(({ source }) => source).join("\n");
  const written = Object.keys(layer).filter((name) => !BESIDES.has(name));
  expect(written.filter((name) => !new RegExp(`\\b${name}\\b(?!["'])`).test(all.replace(IMPORTS, "")))).toEqual([]);
});

test("every kind of map stands in an example", () => {
  const all = examples.map(({ source }) => source).join("\n");
  expect(Object.keys(systemLayer.map).filter((kind) => !all.includes(`map.${kind}(`))).toEqual([]);
});

test("every code of the language is named in its last section", () => {
  const listed = new Set(text.slice(text.indexOf("## What is refused")).match(/ZT\d{4}/g));
  expect([...listed].sort()).toEqual(
    Object.values(kinds)
      .map(({ code }) => code)
      .sort(),
  );
});
