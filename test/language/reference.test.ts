/** docs/language.md: every example compiles, and gives the outcome that stands beside it; and nothing is without one. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as kinds from "../../compiler/frontend/problems.ts";
import * as systemLayer from "../../sdk/bpf/index.ts";
import * as middleboxLayer from "../../sdk/index.ts";
import type { Layout } from "../../sdk/layout/layouts.ts";
import { interpreter, tcp } from "../kit/index.ts";
import { compile, withImports } from "./harness.ts";
import { body } from "./refusals.ts";
import { surfaceIn } from "./surface.ts";

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

const compilerText = (file: string): string =>
  readFileSync(new URL(`../../compiler/frontend/${file}`, import.meta.url), "utf8");

/** Those that no table of the compiler's has. */
const OTHER_OPERATORS = ["=", "&&", "||", "??", "&&=", "||=", "??=", ",", "**", "!", "-", "~", "++", "--"];

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

describe("every construct stands in an example", () => {
  const { constructs, types, isUsed, hasSyntax } = surfaceIn(examples.map(({ source }) => withImports(source)));

  test("names, members, options, arguments and words of what programs import", () => {
    expect(constructs.length).toBeGreaterThan(300);
    expect(constructs.filter((one) => !isUsed(one)).map(({ name }) => name)).toEqual([]);
  });

  test("statements and expressions that the compiler lowers", () => {
    const supported = ["statements/index.ts", "evaluate.ts"].flatMap((file) => {
      const [, members = ""] = /interface Supported \{(.*?)^\}/ms.exec(compilerText(file)) ?? [];
      return [...members.matchAll(/readonly (\w+): ts\./g)].map(([, name]) => name as string);
    });
    expect(supported.length).toBeGreaterThan(35);
    expect(supported.filter((name) => !hasSyntax(name))).toEqual([]);
  });

  test("operators", () => {
    const binary = ["operators.ts", "comparison.ts"].flatMap((file) =>
      [...compilerText(file).matchAll(/^ {2}"([^"\w]+)": "\w+",$/gm)].map(([, operator]) => operator as string),
    );
    expect(binary.length).toBeGreaterThan(15);
    const assigning = binary.filter((operator) => !/[=<>]$/.test(operator) || /<<|>>/.test(operator));
    const all = [...binary, ...assigning.map((operator) => `${operator}=`), ...OTHER_OPERATORS];
    expect(all.filter((operator) => !hasSyntax(operator))).toEqual([]);
  });

  test("types are named", () => {
    expect(types.length).toBeGreaterThan(40);
    expect(types.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});

describe("what stands in tables is all there is", () => {
  const offered = Object.entries({ ...systemLayer, ...middleboxLayer } as Readonly<Record<string, unknown>>);
  const rowOf = (name: string) => new RegExp(`^\\| \`${name}\` \\|(.*)\\|$`, "m").exec(text)?.[1] ?? "";

  const headers = offered.flatMap(([name, value]) => {
    const { layout } = Object(value) as Partial<Layout<unknown>>;
    return layout?.kind === "struct" ? [{ name, layout }] : [];
  });
  test.each(headers)("the fields of $name", ({ name, layout }) => {
    const fields = layout.fields.flatMap((field) => [
      field.name,
      ...(field.layout.kind === "bits" ? field.layout.fields.map((bits) => bits.name) : []),
    ]);
    expect(rowOf(name).match(/(?<=`)\w+(?=`)/g)).toEqual(fields);
    expect(Number(/\d+/.exec(rowOf(name))?.[0])).toBe(layout.size);
  });

  const numbers = offered.filter((one): one is [string, Readonly<Record<string, number>>] => {
    const values = Object.values(Object(one[1]));
    return values.length > 0 && values.every((value) => typeof value === "number");
  });
  test.each(numbers)("the numbers of %s", (name, values) => {
    const told = [...rowOf(name).matchAll(/`(\w+)` (\w+)/g)].map(([, key, value]) => [key, Number(value)]);
    expect(Object.fromEntries(told)).toEqual(values);
  });
});

test("every code of the language is named in its last section", () => {
  const listed = new Set(text.slice(text.indexOf("## What is refused")).match(/ZT\d{4}/g));
  expect([...listed].sort()).toEqual(
    Object.values(kinds)
      .map(({ code }) => code)
      .sort(),
  );
});
