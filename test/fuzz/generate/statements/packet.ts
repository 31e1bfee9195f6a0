/** The packet: cursors, headers, bytes copied in and out, and moving its ends. */
import { argument, expression } from "../expressions.ts";
import { HEADERS, headerCalled } from "../headers.ts";
import { type NamedLayout, randomHeader, randomStruct, scalarNamed } from "../layouts.ts";
import { kill } from "../lifetime.ts";
import { leavesOf } from "../paths.ts";
import { anyWord, type Scalar, typedLiteral } from "../scalars.ts";
import type { CursorName } from "../scope.ts";
import type { Writer } from "../writer.ts";
import { result } from "./control.ts";
import { statements } from "./index.ts";
import { declare } from "./scalars.ts";

export function declareCursor(to: Writer): CursorName {
  const { draw } = to;
  const name = to.local("c");
  const start = draw.weighted<() => string>([
    [5, () => ""],
    [3, () => String(draw.pick([0, 1, 2, 12, 14, 18, 34, 54, 62, 1000, 16384]))],
    [2, () => `${expression(to, "u32", 1)} & ${draw.pick([7, 15, 63, 127])}`],
    [1, () => expression(to, "u32", 1)],
  ])();
  to.line(`const ${name} = frame.cursor(${start});`);
  const cursor: CursorName = { kind: "cursor", text: name, token: to.packet.current };
  to.scope.add(cursor);
  return cursor;
}

const aCursor = (to: Writer): CursorName => {
  const known = to.cursors();
  const cursor = known.length > 0 && to.draw.chance(0.8) ? to.draw.pick(known) : declareCursor(to);
  to.use(cursor);
  return cursor;
};

function aHeader(to: Writer): NamedLayout {
  const { draw } = to;
  return draw.weighted<() => NamedLayout>([
    [6, () => draw.pick(HEADERS)],
    [2, () => randomHeader(draw, 4 + draw.below(28))],
    [1, () => randomStruct(draw, 4 + draw.below(16))],
  ])();
}

/** Takes a view and goes on where it is there. */
function bindView(to: Writer, name: string, header: NamedLayout): void {
  const { draw } = to;
  const bind = () => to.addView(name, header.layout, to.packet, "packet");
  if (to.rights.finish && draw.chance(0.6)) {
    to.line(`if (${name} === null) return done(${result(to)});`);
    return bind();
  }
  const [leaf] = draw.shuffle(leavesOf(header.layout)).filter(({ path }) => path.every((step) => "field" in step));
  if (leaf !== undefined && leaf.path.length > 0 && draw.chance(0.25)) {
    const value = to.local("v");
    const path = leaf.path.map((step) => ("field" in step ? step.field : "")).join(".");
    to.line(`const ${value} = ${name}?.${path} ?? ${typedLiteral(leaf.type, draw)};`);
    return to.addVariable(value, leaf.type, false);
  }
  const more = draw.chance(0.2) ? ` && ${expression(to, "bool", 1)}` : "";
  to.braces(`if (${name} !== null${more}) {`, () => {
    bind();
    statements(to, 1 + draw.below(4));
  });
}

export function takeHeader(to: Writer): void {
  if (!to.rights.packet) return declare(to);
  const cursor = aCursor(to);
  const header = aHeader(to);
  const name = to.local("h");
  to.line(`const ${name} = ${cursor.text}.${to.draw.chance(0.85) ? "take" : "peek"}(${header.text});`);
  bindView(to, name, header);
}

export function takeScalar(to: Writer): void {
  if (!to.rights.packet) return declare(to);
  const cursor = aCursor(to);
  const type: Scalar = to.draw.chance(0.1) ? "bool" : anyWord(to.draw);
  const name = to.local("v");
  const method = to.draw.chance(0.85) ? "take" : "peek";
  const otherwise = type === "bool" ? "false" : typedLiteral(type, to.draw);
  to.line(`const ${name} = ${cursor.text}.${method}(${scalarNamed(type).text}) ?? ${otherwise};`);
  to.addVariable(name, type, false);
}

/** Down the packet as a parser goes: Ethernet, IP by its type, transport by its protocol. */
export function parse(to: Writer): void {
  if (!to.rights.packet) return declare(to);
  const { draw } = to;
  const cursor = declareCursor(to);
  const [eth, ip, transport] = [to.local("h"), to.local("h"), to.local("h")];
  const six = draw.chance(0.35);
  const header = headerCalled(six ? "ipv6Header" : "ipv4Header");
  to.line(`const ${eth} = ${cursor.text}.take(ethernetHeader);`);
  to.braces(`if (${eth} !== null && ${eth}.type === EtherType.${six ? "Ipv6" : "Ipv4"}) {`, () => {
    to.addView(eth, headerCalled("ethernetHeader").layout, to.packet, "packet");
    to.line(`const ${ip} = ${cursor.text}.take(${header.text});`);
    to.braces(`if (${ip} !== null) {`, () => {
      to.addView(ip, header.layout, to.packet, "packet");
      const skips = !six && draw.chance(0.5);
      if (skips) to.line(`${cursor.text}.skip(${ip}.start.words * 4 - 20);`);
      const layer = draw.pick(["tcpHeader", "udpHeader", "icmpHeader"]);
      to.line(`const ${transport} = ${cursor.text}.take(${layer});`);
      if (draw.chance(0.3)) statements(to, 1);
      to.braces(`if (${transport} !== null) {`, () => {
        // What stands between may have moved the packet.
        if (to.cursors().includes(cursor)) to.addView(transport, headerCalled(layer).layout, to.packet, "packet");
        statements(to, 2 + draw.below(4));
      });
      statements(to, draw.below(2));
    });
  });
}

export function skipBytes(to: Writer): void {
  if (!to.rights.packet) return declare(to);
  const { draw } = to;
  const cursor = aCursor(to);
  const bytes = draw.weighted<() => string>([
    [3, () => String(draw.below(40))],
    [3, () => `${expression(to, "u32", 1)} & ${draw.pick([3, 15, 63])}`],
    [1, () => argument(to, "u32", 1)],
  ])();
  if (draw.chance(0.5)) return to.line(`${cursor.text}.skip(${bytes});`);
  const name = to.local("v");
  to.line(`const ${name} = ${cursor.text}.skip(${bytes});`);
  to.addVariable(name, "bool", false);
}

export function slice(to: Writer): void {
  if (!to.rights.packet) return declare(to);
  const { draw } = to;
  const cursor = aCursor(to);
  const name = to.local("c");
  const bytes = draw.chance(0.5) ? String(draw.below(60)) : `${expression(to, "u32", 1)} & 63`;
  to.line(`const ${name} = ${cursor.text}.slice(${bytes});`);
  to.braces(`if (${name} !== null) {`, () => {
    to.scope.add({ kind: "cursor", text: name, token: to.packet.current });
    statements(to, 1 + draw.below(3));
  });
}

/** bpf_xdp_load_bytes and bpf_xdp_store_bytes. */
export function copyBytes(to: Writer): void {
  const { draw } = to;
  if (!to.rights.packet) return declare(to);
  const memory = to.views(({ place, writable }) => writable && place !== "packet");
  if (memory.length === 0) return declareLocal(to);
  const view = draw.pick(memory);
  to.use(view);
  const offset = draw.chance(0.6) ? String(draw.below(80)) : `${expression(to, "u32", 1)} & 127`;
  const name = to.local("v");
  to.line(`const ${name} = frame.${draw.chance(0.7) ? "read" : "write"}(${offset}, ${view.text});`);
  to.addVariable(name, "bool", false);
}

/** A struct on the stack. */
export function declareLocal(to: Writer): void {
  const { draw } = to;
  const made = randomStruct(draw, 4 + draw.below(28));
  if (made.layout.size > to.localBytes || to.runs > 1 || !to.rights.nest) return declare(to);
  to.localBytes -= Math.ceil(made.layout.size / 8) * 8;
  const name = to.local("l");
  to.line(`const ${name} = local(${made.text});`);
  to.addView(name, made.layout, null, "memory");
}

/** Moves an end of the packet; everything in it has to be taken anew. */
export function adjust(to: Writer): void {
  const { draw } = to;
  if (!to.rights.packet || !to.rights.kill) return declare(to);
  const delta = draw.weighted<() => string>([
    [5, () => String(draw.between(-40, 40))],
    [1, () => String(draw.pick([-216, -217, -256, -300, 1000, 4000, 0]))],
    [2, () => `i32(${expression(to, "u32", 1)} & 31)`],
    [1, () => `(-i32(${expression(to, "u32", 1)} & 63))`],
  ])();
  const call = `frame.adjust${draw.pick(["Head", "Tail"])}(${delta})`;
  kill(to.packet);
  if (to.rights.finish && draw.chance(0.5)) to.line(`if (!${call}) return done(${result(to)});`);
  else if (draw.chance(0.5)) to.line(`${call};`);
  else {
    const name = to.local("v");
    to.line(`const ${name} = ${call};`);
    to.addVariable(name, "bool", false);
  }
  if (draw.chance(0.7)) takeHeader(to);
}
