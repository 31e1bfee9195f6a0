/** What programs do with maps, kind by kind. */
import type { MapKind } from "../../../../sdk/maps/data.ts";
import { keyValue, wholeValue } from "../aggregates.ts";
import { argument, expression } from "../expressions.ts";
import type { NamedLayout } from "../layouts.ts";
import { kill } from "../lifetime.ts";
import { type DeclaredMap, recordLayout } from "../maps.ts";
import { leavesOf } from "../paths.ts";
import { typedLiteral } from "../scalars.ts";
import type { Writer } from "../writer.ts";
import { result } from "./control.ts";
import { statements } from "./index.ts";
import { declare, observe, writeField } from "./scalars.ts";

type Use = (to: Writer, map: DeclaredMap, name: string) => void;

/** Names what a call gives, or lets it go. */
function outcome(to: Writer, call: string): void {
  if (to.draw.chance(0.4)) return to.line(`${call};`);
  const name = to.local("v");
  to.line(`const ${name} = ${call};`);
  to.addVariable(name, "bool", false);
}

/** What was looked up: used where it is there. */
function found(to: Writer, map: DeclaredMap, call: string): void {
  const { draw } = to;
  const { layout } = map.value as NamedLayout;
  if (layout.kind === "scalar") {
    const name = to.local("v");
    to.line(`const ${name} = ${call} ?? ${layout.type === "bool" ? "false" : typedLiteral(layout.type, draw)};`);
    return to.addVariable(name, layout.type, false);
  }
  const name = to.local("e");
  const other = draw.chance(0.15) && to.rights.loops.length === 0;
  to.line(`${other ? "let" : "const"} ${name} = ${call};`);
  if (other) {
    // What a test has shown of a name that is assigned does not reach into loops: used here and now.
    to.line(`if (${expression(to, "bool", 1)}) ${name} = ${draw.chance(0.5) ? call : "null"};`);
    to.braces(`if (${name} !== null) {`, () => {
      to.addView(name, layout, map.values, "map");
      writeField(to);
      observe(to);
    });
    return;
  }
  const bind = () => to.addView(name, layout, map.values, "map");
  if (to.rights.finish && draw.chance(0.4)) {
    to.line(`if (${name} === null) return done(${result(to)});`);
    return bind();
  }
  const [leaf] = draw.shuffle(leavesOf(layout)).filter(({ path }) => path.every((step) => "field" in step));
  if (leaf !== undefined && draw.chance(0.25)) {
    const value = to.local("v");
    const path = leaf.path.map((step) => ("field" in step ? step.field : "")).join(".");
    to.line(`const ${value} = ${name}?.${path} ?? ${typedLiteral(leaf.type, draw)};`);
    return to.addVariable(value, leaf.type, false);
  }
  to.braces(`if (${name} !== null) {`, () => {
    bind();
    statements(to, 1 + draw.below(3));
  });
}

const key = (to: Writer, map: DeclaredMap): string => keyValue(to, (map.key as NamedLayout).layout);
const value = (to: Writer, map: DeclaredMap): string => wholeValue(to, (map.value as NamedLayout).layout);
const flag = (to: Writer): string => to.draw.pick(["", "", "", ', "any"', ', "new"', ', "exists"']);

/** Storing may replace the value that an alias points to; where that is not allowed, only look. */
const hash: Use = (to, map, name) => {
  const change = to.rights.kill && to.draw.chance(0.55);
  if (!change) return found(to, map, `${name}.get(${key(to, map)})`);
  const remove = to.draw.chance(0.3);
  outcome(
    to,
    remove ? `${name}.delete(${key(to, map)})` : `${name}.set(${key(to, map)}, ${value(to, map)}${flag(to)})`,
  );
  kill(map.values);
};

/** An array's values stay where they are: storing changes what aliases see. */
const array: Use = (to, map, name) => {
  const { draw } = to;
  const index = draw.chance(0.6) ? String(draw.below(map.max)) : argument(to, "u32", 1);
  if (draw.chance(0.7)) return found(to, map, `${name}.at(${index})`);
  outcome(to, `${name}.set(${index}, ${value(to, map)})`);
};

const prefix: Use = (to, map, name) => {
  const { draw } = to;
  if (!to.rights.kill || draw.chance(0.55)) return found(to, map, `${name}.lookup(${key(to, map)})`);
  const length = draw.chance(0.6)
    ? String(draw.pick([0, 1, 8, 30, 31, 32, 33, 64, 126, 127, 128, 129]))
    : argument(to, "u32", 1);
  outcome(
    to,
    draw.chance(0.3)
      ? `${name}.delete(${length}, ${key(to, map)})`
      : `${name}.set(${length}, ${key(to, map)}, ${value(to, map)})`,
  );
  kill(map.values);
};

const nested: Use = (to, map, name) => {
  const { inner } = map;
  if (inner === null) return;
  const found = to.local("m");
  to.line(`const ${found} = ${name}.get(${key(to, map)});`);
  to.braces(`if (${found} !== null) {`, () => {
    const shape = { ...inner, values: map.values };
    for (let i = 1 + to.draw.below(2); i > 0; i--) uses[inner.kind](to, shape, found);
  });
};

const queue: Use = (to, map, name) => {
  const { draw } = to;
  const { layout } = map.value as NamedLayout;
  if (draw.chance(0.5)) {
    const overwrite = draw.pick(["", "", ", true", `, ${expression(to, "bool", 1)}`]);
    return outcome(to, `${name}.push(${value(to, map)}${overwrite})`);
  }
  // What is taken is copied to the stack.
  if (to.localBytes < 16 || !to.rights.nest) return observe(to);
  to.localBytes -= Math.ceil(layout.size / 8) * 8;
  const call = `${name}.${draw.pick(["pop", "peek"])}()`;
  const taken = to.local("e");
  if (layout.kind === "scalar") {
    to.line(`const ${taken} = ${call} ?? ${layout.type === "bool" ? "false" : typedLiteral(layout.type, draw)};`);
    return to.addVariable(taken, layout.type, false);
  }
  to.line(`const ${taken} = ${call};`);
  to.braces(`if (${taken} !== null) {`, () => {
    to.addView(taken, layout, to.taken, "memory");
    statements(to, 1 + draw.below(2));
  });
};

/** Only what was just added is certain to be told: everything else may be there by accident. */
const bloom: Use = (to, map, name) => {
  const { layout } = map.value as NamedLayout;
  if (layout.kind !== "scalar") return observe(to);
  const [item, there] = [to.local("v"), to.local("v")];
  to.line(`const ${item} = ${expression(to, layout.type, 2)};`);
  to.line(`const ${there} = ${name}.add(${item}) && ${name}.has(${item});`);
  to.addVariable(there, "bool", false);
};

const ring: Use = (to, _map, name) => {
  const { draw } = to;
  if (to.runs > 4) return observe(to);
  const layout = recordLayout(to);
  if (draw.chance(0.5)) return outcome(to, `${name}.output(${layout.text}, ${wholeValue(to, layout.layout)})`);
  const record = to.local("e");
  to.line(`const ${record} = ${name}.reserve(${layout.text});`);
  to.braces(`if (${record} !== null) {`, () => {
    // Every field is written: the kernel does not clear what it gives.
    if (layout.layout.kind === "struct")
      for (const field of draw.shuffle(layout.layout.fields))
        to.line(`${record}.${field.name} = ${wholeValue(to, field.layout)};`);
    to.braces("{", () => {
      to.addView(record, layout.layout, to.taken, "record");
      to.withRights({ finish: false, loops: [], kill: false }, () => statements(to, draw.below(2)));
    });
    to.line(`${name}.${draw.chance(0.8) ? "submit" : "discard"}(${record});`);
  });
};

/** Records from user space: the kernel calls the body, as bpf_loop does. */
const userRing: Use = (to, _map, name) => {
  const { draw } = to;
  if (!to.rights.nest || to.runs > 1 || to.localBytes < 24) return observe(to);
  const layout = recordLayout(to);
  if (layout.layout.size > 24) return observe(to);
  to.localBytes -= 24;
  const [record, count] = [to.local("e"), to.local("v")];
  const body = () =>
    to.braces(
      `const ${count} = ${name}.drain(${layout.text}, (${record}) => {`,
      () => {
        to.addView(record, layout.layout, null, "memory", false);
        to.withRights({ finish: false, nest: false, loops: [], kill: false, packet: false }, () =>
          to.repeated(5, () => statements(to, 1 + draw.below(2))),
        );
        if (draw.chance(0.4)) to.line(`return ${expression(to, "bool", 2)};`);
      },
      "});",
    );
  to.hidingPacket(body);
  to.addVariable(count, "u32", false);
};

const jump: Use = (to, _map, name) => {
  if (!to.rights.finish || !to.rights.kill || to.runs > 1) return observe(to);
  const index = to.draw.chance(0.7) ? String(to.draw.below(5)) : argument(to, "u32", 1);
  to.line(`if (${expression(to, "bool", 2)}) ${name}.call(${index});`);
  // One that comes back counts as a move of the packet.
  kill(to.packet);
};

const redirect: Use = (to, _map, name) => {
  if (!to.rights.finish) return observe(to);
  const index = to.draw.chance(0.7) ? String(to.draw.below(5)) : argument(to, "u32", 1);
  const fallback = to.draw.pick(["", `, Action.${to.draw.pick(["Drop", "Pass", "Transmit"])}`]);
  to.line(`if (${expression(to, "bool", 2)}) return done(${name}.redirect(${index}${fallback}));`);
};

const uses: Readonly<Record<MapKind, Use>> = {
  hash,
  lruHash: hash,
  perCpuHash: hash,
  perCpuLruHash: hash,
  array,
  perCpuArray: array,
  lpm: prefix,
  arrayOfMaps: nested,
  hashOfMaps: nested,
  progArray: jump,
  devmap: redirect,
  devmapHash: redirect,
  cpumap: redirect,
  queue,
  stack: queue,
  bloom,
  ringBuffer: ring,
  userRingBuffer: userRing,
};

export function useMap(to: Writer): void {
  if (to.maps.length === 0) return declare(to);
  const map = to.draw.pick(to.maps);
  uses[map.kind](to, map, map.name);
}

/** Read-modify-write of a word in a map's value. */
export function atomics(to: Writer): void {
  const { draw } = to;
  const words = to
    .views(({ place }) => place === "map")
    .flatMap((view) => {
      const { layout } = view;
      if (layout.kind !== "struct") return [];
      return layout.fields.flatMap(({ name, layout: of }) =>
        of.kind === "scalar" && of.order === "little" && (of.type === "u32" || of.type === "u64")
          ? [{ view, name, type: of.type }]
          : [],
      );
    });
  if (words.length === 0) return useMap(to);
  const { view, name, type } = draw.pick(words);
  to.use(view);
  const operand = argument(to, type, 2);
  if (!to.allowsV3 || draw.chance(0.3)) return to.line(`atomic.add(${view.text}, "${name}", ${operand});`);
  to.needsV3 = true;
  const operation = draw.pick(["add", "and", "or", "xor", "exchange", "compareExchange"]);
  const expected = operation === "compareExchange" ? `${argument(to, type, 1)}, ` : "";
  const call = `atomic.${operation}(${view.text}, "${name}", ${expected}${operand})`;
  if (draw.chance(0.3)) return to.line(`${call};`);
  const old = to.local("v");
  to.line(`const ${old} = ${call};`);
  to.addVariable(old, type, false);
}
