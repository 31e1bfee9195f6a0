/** Functions inside functions: closures that change what they capture, generics, functions passed on, callbacks of the kernel's. */
import { argument, expression } from "../expressions.ts";
import { hiding } from "../lifetime.ts";
import { anyScalar, type Scalar } from "../scalars.ts";
import type { Writer } from "../writer.ts";
import { statements } from "./index.ts";
import { declare, typeText } from "./scalars.ts";

const signature = (parameters: readonly { name: string; type: Scalar }[]): string =>
  parameters.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ");

/** The inside of a function: it ends nothing but itself, and kills nothing. */
const NESTED = { kill: false, finish: false, nest: false, loops: [] } as const;

/** A function that may change what it captures. */
export function declareFunction(to: Writer): void {
  const { draw } = to;
  if (!to.rights.nest || to.runs > 1) return declare(to);
  const parameters = Array.from({ length: draw.below(4) }, () => ({ name: to.local("a"), type: anyScalar(draw) }));
  const result = draw.chance(0.8) ? anyScalar(draw) : null;
  const name = to.local("f");
  const typed = result === null ? "void" : typeText(result);
  const arrow = draw.chance(0.5);
  const [open, close] = arrow
    ? [`const ${name} = (${signature(parameters)}): ${typed} => {`, "};"]
    : [`function ${name}(${signature(parameters)}): ${typed} {`, "}"];
  const write = () =>
    to.braces(
      open,
      () => {
        for (const { name: parameter, type } of parameters)
          to.addVariable(parameter, type, type !== "bool" && draw.chance(0.3));
        to.withRights(NESTED, () => {
          statements(to, 1 + draw.below(3));
          if (result !== null && draw.chance(0.3)) {
            to.line(`if (${expression(to, "bool", 2)}) return ${argument(to, result, 2)};`);
            statements(to, 1);
          }
        });
        if (result !== null) to.line(`return ${argument(to, result, 2)};`);
      },
      close,
    );
  // A declaration is hoisted: in it TypeScript forgets which views have been tested.
  const holds = to.holding(arrow ? write : () => hiding(to.resources, write));
  const types = parameters.map(({ type }) => type);
  to.scope.add({ kind: "function", text: name, parameters: types, result, holds });
}

/** `(f) => f(x)`: a function given to a function. */
export function higherOrder(to: Writer): void {
  const { draw } = to;
  if (!to.rights.nest || to.runs > 1) return declare(to);
  const type = anyScalar(draw);
  if (type === "bool") return declare(to);
  const [outer, name] = [to.local("h"), to.local("v")];
  const of = typeText(type);
  to.line(`const ${outer} = (f: (x: ${of}) => ${of}, x: ${of}): ${of} => f(f(x));`);
  to.braces(
    `const ${name} = ${outer}((y: ${of}): ${of} => {`,
    () => {
      to.addVariable("y", type, false);
      to.withRights(NESTED, () => statements(to, 1));
      to.line(`return ${argument(to, type, 2)};`);
    },
    `}, ${expression(to, type, 1)});`,
  );
  to.addVariable(name, type, false);
}

/** A generic function, used at one type. */
export function generic(to: Writer): void {
  const { draw } = to;
  if (!to.rights.nest) return declare(to);
  const [fn, name] = [to.local("g"), to.local("v")];
  const type = anyScalar(draw);
  to.line(`function ${fn}<T>(choose: boolean, a: T, b: T): T { return choose ? a : b; }`);
  to.line(
    `const ${name} = ${fn}(${expression(to, "bool", 2)}, ${expression(to, type, 2)}, ${expression(to, type, 2)});`,
  );
  to.addVariable(name, type, false);
}

/** Sums its arguments, however many. */
export function variadic(to: Writer): void {
  const { draw } = to;
  if (!to.rights.nest) return declare(to);
  const type = draw.pick(["u32", "u64"] as const);
  const [fn, name] = [to.local("s"), to.local("v")];
  const zero = type === "u32" ? "0" : "0n";
  to.line(
    `const ${fn} = (...xs: ${type}[]): ${type} => { let t: ${type} = ${zero}; for (const x of xs) t = (t ^ x) + x; return t; };`,
  );
  const values = Array.from({ length: draw.below(4) }, () => expression(to, type, 1));
  to.line(`const ${name} = ${fn}(${values.join(", ")});`);
  to.addVariable(name, type, false);
}

/** bpf_loop: the kernel calls the body, which shares the function's variables and sees no view from outside. */
export function kernelLoop(to: Writer): void {
  const { draw } = to;
  if (!to.rights.nest || !to.rights.kill) return declare(to);
  const trips = draw.chance(0.7) ? String(draw.below(20)) : `${expression(to, "u32", 1)} & 15`;
  const [index, name] = [to.local("i"), to.local("v")];
  const stops = draw.chance(0.4);
  const kill = draw.chance(0.4);
  const body = () =>
    to.braces(
      `const ${name} = loop(${trips}, (${index}) => {`,
      () => {
        to.addVariable(index, "u32", false);
        to.withRights({ finish: false, nest: false, loops: [], kill }, () => statements(to, 1 + draw.below(3)));
        if (stops) to.line(`return ${expression(to, "bool", 2)};`);
      },
      "});",
    );
  hiding(kill ? to.resources : [to.packet], body);
  to.addVariable(name, "u32", false);
}
