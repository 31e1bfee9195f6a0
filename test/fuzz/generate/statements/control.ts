/** Branches and loops. */
import { expression } from "../expressions.ts";
import { hiding } from "../lifetime.ts";
import { anyInteger, computedAs, isBig, isSigned, type Scalar } from "../scalars.ts";
import type { Writer } from "../writer.ts";
import { statements } from "./index.ts";
import { typeText } from "./scalars.ts";

export function ifElse(to: Writer): void {
  const { draw } = to;
  const branches = draw.weighted([
    [5, 1],
    [4, 2],
    [1, 3],
  ]);
  for (let i = 0; i < branches; i++) {
    const last = i === branches - 1 && branches > 1;
    const open = i === 0 ? "if" : last ? "else" : "else if";
    to.braces(open === "else" ? "else {" : `${open} (${expression(to, "bool", 3)}) {`, () =>
      statements(to, 1 + draw.below(3)),
    );
  }
}

/** Distinct labels that a value of `type` can have. */
function labels(to: Writer, type: Scalar, count: number): string[] {
  const values = new Set<bigint>();
  const top = type === "u8" ? 255n : type === "u16" ? 65_535n : 0xffff_ffffn;
  while (values.size < count) {
    const small = BigInt(to.draw.below(8));
    values.add(to.draw.chance(0.75) ? small : isSigned(type) ? -small - 1n : BigInt.asUintN(32, to.draw.u64()) & top);
  }
  return [...values].map((value) => `${value}${isBig(type) ? "n" : ""}`);
}

export function switchCase(to: Writer): void {
  const { draw } = to;
  const type = anyInteger(draw);
  const count = 2 + draw.below(4);
  const known = labels(to, type, count);
  const value = draw.chance(0.6) && type === "u32" ? `(${expression(to, type, 2)} & 7)` : expression(to, type, 2);
  to.braces(`switch (${value}) {`, () => {
    while (known.length > 0) {
      const group = known.splice(0, draw.chance(0.25) ? 2 : 1);
      const head = group.map((label) => `case ${label}:`).join(" ");
      const inDefault = known.length === 0 && draw.chance(0.3) ? " default:" : "";
      to.braces(`${head}${inDefault} {`, () => {
        statements(to, 1 + draw.below(2));
        to.line("break;");
      });
      if (inDefault !== "") return;
    }
    if (draw.chance(0.6)) {
      to.braces("default: {", () => {
        statements(to, 1 + draw.below(2));
        if (draw.chance(0.5)) to.line("break;");
      });
    }
  });
}

/** Writes a loop's body: either it kills nothing, or it sees nothing that could be killed. */
export function loopBody(to: Writer, trips: number, label: string | null, body: () => void): void {
  const kill = to.rights.kill && to.draw.chance(0.3);
  const write = () => {
    to.withRights({ kill, loops: [...to.rights.loops, { label }] }, () => to.repeated(Math.max(trips, 1), body));
  };
  if (kill) hiding(to.resources, write);
  else write();
}

const MOST_RUNS = 16;
const tripsLeft = (to: Writer): number => Math.max(1, Math.floor(MOST_RUNS / to.runs));

interface Counting {
  readonly start: string;
  readonly test: (name: string) => string;
  readonly step: (name: string) => string;
  readonly type: Scalar;
  readonly trips: number;
  /** The counter's highest value inside the body; null when it says nothing about an index. */
  readonly high: bigint | null;
}

/** Ways of counting that the compiler can see the end of. */
function counting(to: Writer): Counting {
  const { draw } = to;
  const trips = 1 + draw.below(Math.min(8, tripsLeft(to)));
  const type = draw.weighted<Scalar>([
    [6, "u32"],
    [1, "i32"],
    [1, "u64"],
    [1, "u8"],
  ]);
  const suffix = isBig(type) ? "n" : "";
  const by = draw.pick([1, 1, 1, 2, 3]);
  const from = draw.pick([0, 0, 0, 1, 5]);
  const end = from + trips * by;
  const high = type === "u32" ? BigInt(end - 1) : null;
  const up: Counting = {
    start: `${from}${suffix}`,
    test: draw.pick([
      (name: string) => `${name} < ${end}${suffix}`,
      (name: string) => `${name} <= ${end - 1}${suffix}`,
      (name: string) => `${end}${suffix} > ${name}`,
    ]),
    step:
      by === 1
        ? draw.pick([(name: string) => `${name}++`, (name: string) => `++${name}`])
        : (name) => `${name} += ${by}${suffix}`,
    type,
    trips,
    high,
  };
  // `u8 += 2` may leave u8.
  const bound = to.variables((variable) => variable.type === "u32" && variable.high !== null && variable.high <= 8n);
  if (type === "u8") return { ...up, step: (name) => `${name}++`, trips: end - from };
  return draw.weighted<() => Counting>([
    [6, () => up],
    [
      2,
      () => ({
        ...up,
        start: `${end}${suffix}`,
        test: (name) => `${name} > ${from}${suffix}`,
        step: by === 1 ? (name) => `${name}--` : (name) => `${name} -= ${by}${suffix}`,
        high: type === "u32" ? BigInt(end) : null,
      }),
    ],
    [1, () => ({ ...up, test: (name) => `${name} !== ${from + trips}${suffix}`, step: (name) => `${name}++` })],
    [
      bound.length > 0 && type === "u32" ? 2 : 0,
      () => {
        const variable = draw.pick(bound);
        const most = Number(variable.high);
        return {
          ...up,
          start: "0",
          test: (name) => `${name} < ${variable.text}`,
          step: (name) => `${name}++`,
          trips: most,
          high: BigInt(Math.max(0, most - 1)),
        };
      },
    ],
  ])();
}

const labelFor = (to: Writer): string | null => (to.draw.chance(0.25) ? to.local("loop") : null);
const labelled = (label: string | null, text: string): string => (label === null ? text : `${label}: ${text}`);

/** A further condition that only ends the loop sooner. */
const sooner = (to: Writer): string => (to.draw.chance(0.15) ? ` && ${expression(to, "bool", 1)}` : "");

export function forLoop(to: Writer): void {
  const way = counting(to);
  if (to.runs * way.trips > MOST_RUNS) return ifElse(to);
  const name = to.local("i");
  const label = labelFor(to);
  const typed = way.type === "u32" || way.type === "u64" ? "" : `: ${typeText(way.type)}`;
  const head = `for (let ${name}${typed} = ${way.start}; ${way.test(name)}${sooner(to)}; ${way.step(name)})`;
  to.braces(labelled(label, `${head} {`), () => {
    to.addVariable(name, way.type, false, way.high);
    loopBody(to, way.trips, label, () => statements(to, 1 + to.draw.below(3)));
  });
}

/** `while` and `do`: the counter moves in the body, before anything can skip it. */
export function whileLoop(to: Writer): void {
  const { draw } = to;
  const way = counting(to);
  if (to.runs * (way.trips + 1) > MOST_RUNS) return ifElse(to);
  const name = to.local("n");
  const label = labelFor(to);
  const test = `${way.test(name)}${sooner(to)}`;
  const after = draw.chance(0.4) && !way.test(name).includes("!==");
  to.line(`let ${name}: ${typeText(way.type)} = ${way.start};`);
  to.braces(
    labelled(label, after ? "do {" : `while (${test}) {`),
    () => {
      to.line(`${way.step(name)};`);
      to.addVariable(name, way.type, false);
      loopBody(to, way.trips + 1, label, () => statements(to, 1 + draw.below(3)));
    },
    after ? `} while (${test});` : "}",
  );
  to.addVariable(name, way.type, false);
}

/** `for (const x of [a, b, c])`: written once per item when compiling. */
export function forOfList(to: Writer): void {
  const { draw } = to;
  const type = anyInteger(draw);
  const items = Array.from({ length: 1 + draw.below(3) }, () => expression(to, type, 2));
  if (to.runs * items.length > MOST_RUNS) return ifElse(to);
  const name = to.local("x");
  const label = labelFor(to);
  to.braces(labelled(label, `for (const ${name} of [${items.join(", ")}]) {`), () => {
    to.addVariable(name, type, false);
    loopBody(to, items.length, label, () => statements(to, 1 + draw.below(2)));
  });
}

/** `for (const x of view.items)`: a loop over memory. */
export function forOfArray(to: Writer): void {
  const { draw } = to;
  const arrays = to.views().flatMap((view) => {
    const { layout } = view;
    if (layout.kind !== "struct") return [];
    return layout.fields.flatMap((field) => (field.layout.kind === "array" ? [{ view, field, of: field.layout }] : []));
  });
  if (arrays.length === 0) return forOfList(to);
  const { view, field, of } = draw.pick(arrays);
  if (to.runs * of.length > MOST_RUNS) return ifElse(to);
  to.use(view);
  const name = to.local("x");
  const label = labelFor(to);
  to.braces(labelled(label, `for (const ${name} of ${view.text}.${field.name}) {`), () => {
    if (of.of.kind === "scalar") to.addVariable(name, of.of.type, false);
    else to.scope.add({ ...view, text: name, layout: of.of });
    to.withRights({ kill: false, loops: [...to.rights.loops, { label }] }, () =>
      to.repeated(of.length, () => statements(to, 1 + draw.below(2))),
    );
  });
}

/** Leaves a loop, or this turn of it; always behind a condition. */
export function leaveLoop(to: Writer): void {
  const { draw } = to;
  const { loops } = to.rights;
  if (loops.length === 0) return ifElse(to);
  const named = loops.filter(({ label }) => label !== null);
  const label = named.length > 0 && draw.chance(0.5) ? ` ${draw.pick(named).label}` : "";
  to.line(`if (${expression(to, "bool", 2)}) ${draw.pick(["break", "continue"])}${label};`);
}

/** Ends the program early. */
export function finishEarly(to: Writer): void {
  if (!to.rights.finish) return ifElse(to);
  to.line(`if (${expression(to, "bool", 2)}) return done(${result(to)});`);
}

/** What a program returns: an action more often than not. */
export function result(to: Writer): string {
  const { draw } = to;
  return draw.weighted<() => string>([
    [6, () => `Action.${draw.pick(["Drop", "Pass", "Transmit", "Aborted"])}`],
    [2, () => `${expression(to, "u32", 2)} % 5`],
    [1, () => expression(to, computedAs("u32"), 2)],
  ])();
}
