/** Programs written in a test: compiled once by a compiler that the whole file shares, run on both targets. */
import { expect, test } from "vitest";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { createCompiler, ZetaError } from "../../compiler/index.ts";
import { decode, encode } from "../../sdk/layout/codec.ts";
import { array, header, i32, i64, ipv4, ipv6, type Layout, mac, u8, u16, u32, u64 } from "../../sdk/layout/layouts.ts";
import { type Compiled, interpreter, kernel, type Outcome, type Running, type TargetOptions } from "../kit/index.ts";
import "../kit/matchers.ts";

const compiler = createCompiler();
/** Where the texts pretend to lie; nothing is written there. */
const FOLDER = "/zeta-language";
const ENTRY = `${FOLDER}/test.ts`;

/** Everything the system layer exports that the texts use, so that each test shows only what it is about. */
const IMPORTS =
  'import { Action, address, array, atomic, barrier, bigEndian, bits, bool, checksumDifference, clock, constant, cpu, embedded, ethernetHeader, EtherType, fibLookup, fibParameters, FibResult, finish, fold, fromIpv4, fromIpv6, header, i32, i64, icmpHeader, ipv4, ipv4Header, ipv6, ipv6Header, isIpv4, local, log, loop, mac, map, openPacket, program, random, redirect, replaced16, replaced32, spinLock, struct, subprogram, swapBytes, tcpHeader, toIpv4, toIpv6, u8, u16, u32, u64, udpHeader, unembedded, variable, vlanTag, withLock, type Cursor, type Frame, type Layout, type Of, type SpinLock } from "zeta/bpf";';

/** The imports stand on the text's first line: a problem's line is the text's own. */
export const withImports = (text: string): string => (text.includes('from "zeta') ? text : `${IMPORTS}${text}`);

export interface Files {
  readonly [path: string]: string;
}

const overlay = (text: string, files: Files): Map<string, string> =>
  new Map([
    [ENTRY, withImports(text)],
    ...Object.entries(files).map(([name, content]) => [`${FOLDER}/${name}`, withImports(content)] as const),
  ]);

/** Problems of a text, as `zeta check` would tell them. */
export async function problemsOf(text: string, files: Files = {}): Promise<readonly Problem[]> {
  return (await compiler.lower(ENTRY, { files: overlay(text, files) })).problems;
}

/** "ZT2001 3:5", lines and columns as in the text itself. */
export const told = ({ code, at }: Problem): string =>
  `${code} ${at?.line}:${(at?.column ?? 0) - (at?.line === 1 ? IMPORTS.length : 0)}`;

/** A text and the place in it that § marks. */
export function withoutMark(text: string): { readonly text: string; readonly place: string } {
  const before = text.slice(0, text.indexOf("§")).split("\n");
  return { text: text.replace("§", ""), place: `${before.length}:${(before.at(-1) ?? "").length + 1}` };
}

const compiled = new Map<string, Promise<Compiled>>();

/** Compiles a text; both targets get the same module. @throws ZetaError with everything the compiler refuses. */
export function compile(text: string, files: Files = {}): Promise<Compiled> {
  const key = JSON.stringify([text, files]);
  const known =
    compiled.get(key) ??
    compiler.lower(ENTRY, { files: overlay(text, files) }).then((result) => {
      if (!result.ok) throw new ZetaError(result.problems.map(placed));
      return { module: result.module, manifest: result.manifest, object: null };
    });
  compiled.set(key, known);
  return known;
}

/** With its place in the message, so that a failing test says where. */
const placed = (problem: Problem): Problem => ({
  ...problem,
  message: `${problem.at?.file}:${problem.at?.line}:${problem.at?.column} ${problem.message}`,
});

export interface RunOptions extends TargetOptions {
  readonly files?: Files;
}

/** One promise, on the interpreter and in the kernel. */
export function onTargets(
  name: string,
  text: string,
  body: (running: Running) => Promise<void> | void,
  options: RunOptions = {},
): void {
  for (const target of [interpreter, kernel]) {
    test(`${name} (${target.name})`, async (context) => {
      const missing = await target.missing();
      if (missing !== null) return context.skip(`the ${target.name} target needs ${missing}`);
      await using running = await target.load(await compile(text, options.files), options);
      await body(running);
    });
  }
}

const TYPES = { u8, u16, u32, u64, i32, i64, ipv4, ipv6, mac } as const;
export type TypeName = keyof typeof TYPES;
export type Shape = Readonly<Record<string, TypeName | `${TypeName}[${number}]`>>;

const layoutOf = (name: Shape[string]): Layout<unknown> => {
  const [, type, length] = /^(\w+?)(?:\[(\d+)\])?$/.exec(name) as unknown as [string, TypeName, string | undefined];
  return length === undefined ? TYPES[type] : array(TYPES[type] as Layout<unknown>, Number(length));
};
const headerOf = (shape: Shape) =>
  header(Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, layoutOf(type)]))).layout;
const headerText = (shape: Shape): string =>
  `header({ ${Object.entries(shape)
    .map(([name, type]) => `${name}: ${type.replace(/^(\w+)\[(\d+)\]$/, "array($1, $2)")}`)
    .join(", ")} })`;

/** Bytes before the operands: packets under 14 bytes cannot be run in the kernel. */
const LEAD = 14;

/** A program that reads operands from the packet as `input`, and writes what `body` works out back into it as `output`. */
export interface Calculation {
  readonly input: Shape;
  readonly output: Shape;
  /** Declarations of the module. */
  readonly module?: string;
  /** Statements that see `input`, `output` and `frame`. */
  readonly body: string;
}

export const textOf = ({ input, output, module = "", body }: Calculation): string => `
const operands = ${headerText(input)};
const results = ${headerText(output)};
${module}
export default program("calculation", (frame) => {
  const packet = frame.cursor(${LEAD});
  const input = packet.take(operands);
  const output = packet.take(results);
  if (input === null || output === null) return Action.Drop;
${body}
  return Action.Pass;
});
`;

export type Values = Readonly<Record<string, number | bigint | readonly (number | bigint)[]>>;

/** The packet of a calculation: operands, then room for the results, filled with ones so that an unwritten one shows. */
export function operandPacket({ input, output }: Calculation, values: Values): Uint8Array {
  const operands = encode(headerOf(input), values);
  const packet = new Uint8Array(LEAD + operands.length + headerOf(output).size).fill(0xff);
  packet.set(operands, LEAD);
  return packet;
}

export const resultsIn = ({ input, output }: Calculation, packet: Uint8Array): Record<string, unknown> =>
  decode(headerOf(output), packet.subarray(LEAD + headerOf(input).size)) as Record<string, unknown>;

export interface Case {
  readonly input: Values;
  readonly output: Values;
}

/** Holds that a calculation gives these results, on both targets. Numbers and bigints are compared by value. */
export function calculates(name: string, calculation: Calculation, cases: readonly Case[]): void {
  onTargets(name, textOf(calculation), async (running) => {
    const outcomes = await running.run(...cases.map(({ input }) => operandPacket(calculation, input)));
    for (const [index, outcome] of outcomes.entries()) {
      const { input, output } = cases[index] as Case;
      expect(outcome, show(input)).toHaveVerdict("pass");
      const results = resultsIn(calculation, outcome.packet.bytes);
      expect({ of: show(input), ...inBigints(results) }).toEqual({ of: show(input), ...inBigints(output) });
    }
  });
}

const inBigint = (value: unknown): unknown =>
  typeof value === "number" || typeof value === "boolean"
    ? BigInt(value)
    : Array.isArray(value)
      ? value.map(inBigint)
      : value;
const inBigints = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, inBigint(value)]));
const show = (values: Values): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");

/** Verdict of one packet after another, for programs that decide. */
export const verdicts = (outcomes: readonly Outcome[]): string[] => outcomes.map((outcome) => outcome.verdict);

/** A packet of these bytes after the lead. */
export function packetOf(...bytes: readonly number[]): Uint8Array {
  const packet = new Uint8Array(LEAD + bytes.length);
  packet.set(bytes, LEAD);
  return packet;
}
