/** A whole unit: maps, helpers, one or two programs. The same draw gives the same unit. */
import type { Random } from "../../kit/random.ts";
import type { Unit } from "../unit.ts";
import { argument, observed } from "./expressions.ts";
import { resource } from "./lifetime.ts";
import { declareMap } from "./maps.ts";
import { anyInteger, anyScalar, literal, type Scalar } from "./scalars.ts";
import { Scope } from "./scope.ts";
import { result } from "./statements/control.ts";
import { statements } from "./statements/index.ts";
import { typeText } from "./statements/scalars.ts";
import { Writer } from "./writer.ts";

/** Constants of the module, and data that programs share with user space. */
function declareGlobals(to: Writer): void {
  const { draw } = to;
  if (draw.chance(0.3)) {
    const name = to.global("LIMIT");
    const value = draw.below(9);
    to.line(`const ${name}: u32 = ${value};`);
    to.addVariable(name, "u32", false, BigInt(value));
  }
  if (draw.chance(0.3)) {
    const name = to.global("Kind");
    to.line(`const ${name} = { First: ${draw.below(300)}, Second: ${draw.below(70_000)} } as const;`);
    to.addVariable(`u32(${name}.First)`, "u32", false);
    to.addVariable(`u64(${name}.Second)`, "u64", false);
  }
  for (const kind of ["constant", "variable"] as const) {
    if (!draw.chance(0.3)) continue;
    const type = anyInteger(draw);
    const name = to.global("g");
    to.line(`const ${name} = ${kind}(${type}, ${literal(type, draw)});`);
    to.addVariable(`${name}.value`, type, kind === "variable");
  }
}

/** A function compiled once and called: scalars in, a scalar out. */
function declareSubprogram(to: Writer): void {
  const { draw } = to;
  const name = to.global("s");
  const scalars = (): Scalar => (draw.chance(0.9) ? anyScalar(draw) : "u32");
  const parameters = Array.from({ length: draw.below(5) }, () => ({ name: to.local("a"), type: scalars() }));
  const returned = scalars();
  const list = parameters.map(({ name: parameter, type }) => `${parameter}: ${typeText(type)}`).join(", ");
  const { scope } = to;
  to.braces(
    `const ${name} = subprogram("${name}", (${list}): ${typeText(returned)} => {`,
    () => {
      to.line("let acc: u64 = 0n;");
      to.addVariable("acc", "u64", true);
      for (const { name: parameter, type } of parameters) to.addVariable(parameter, type, false);
      to.withRights({ finish: false, nest: false, packet: false, loops: [] }, () => {
        statements(to, 1 + draw.below(4));
        to.line(`return ${argument(to, returned, 3)};`);
      });
    },
    "});",
  );
  to.scope = scope;
  const types = parameters.map(({ type }) => type);
  to.scope.add({ kind: "function", text: name, parameters: types, result: returned, holds: [] });
}

function declareProgram(to: Writer, name: string, sink: string, budget: number): void {
  const { draw } = to;
  to.budget = budget;
  to.localBytes = 96;
  to.packet.current = resource("packet").current;
  to.braces(
    `export const ${name} = program("${name}", (frame) => {`,
    () => {
      // Nothing is known of it: a verifier that follows an exact value tells the turns of a loop apart for its sake.
      to.line(`let acc: u64 = ${sink}.value;`);
      to.addVariable("acc", "u64", true);
      to.line(`const done = (action: u32): u32 => { ${sink}.value = (${sink}.value ^ acc) + 1n; return action; };`);
      statements(to, 4 + draw.below(8));
      to.line(`acc = (acc * 31n) ^ ${observed(to, 3)};`);
      to.line(`return done(${result(to)});`);
    },
    "});",
  );
}

/** Unit number `index` of a run; v3 only where the unit may use atomics that v2 lacks. */
export function generateUnit(draw: Random, index: number, allowsV3: boolean): Unit {
  const to = new Writer(draw, index, allowsV3);
  const sink = to.global("sink");
  to.line(`const ${sink} = variable(u64, 0n);`);
  to.scope = new Scope(null);
  to.opaque = `u32(${sink}.value)`;
  declareGlobals(to);
  to.maps = Array.from(
    {
      length: draw.weighted([
        [1, 0],
        [3, 1],
        [5, 2],
        [4, 3],
        [2, 4],
      ]),
    },
    () => declareMap(to),
  );
  to.budget = 6;
  if (draw.chance(0.35)) declareSubprogram(to);
  const jumps = to.maps.some(({ kind }) => kind === "progArray");
  const name = `p_${index}`;
  declareProgram(
    to,
    name,
    sink,
    draw.weighted([
      [3, 12],
      [3, 24],
      [1, 40],
    ]),
  );
  if (jumps) declareProgram(to, `q_${index}`, sink, 8);
  return { name, text: to.text, needsV3: to.needsV3 };
}
