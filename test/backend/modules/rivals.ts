import type { Operand, Temp } from "../../../compiler/ir/ir.ts";
import { type BlockBuilder, constant, ModuleBuilder, scalar, staticMap, structure, u32, u64 } from "../../kit/ir.ts";
import { at, fitting } from "./parsing.ts";
import { DROP, PASS, packet, type TestModule, TX } from "./types.ts";

const test = (
  to: BlockBuilder,
  operator: "eq" | "ne" | "lt" | "ge" | "le",
  a: Operand,
  b: number,
  type: "u32" | "u16" = "u32",
) => to.let("bool", { op: "compare", operator, type, a, b: constant(type, b) });

/** Leaves with PASS where `condition` holds. */
const passIf = (to: BlockBuilder, condition: Temp) => to.if(condition, () => to.return(u32(PASS)));

/** The rival of fixtures/acl.c. */
function acl(): TestModule {
  const module = new ModuleBuilder("acl");
  const prefix = structure({ prefixLength: scalar("u32"), address: scalar("ipv4") });
  const rule = structure({ from: scalar("u16"), to: scalar("u16") });
  const totals = structure({ passed: scalar("u64"), dropped: scalar("u64") });
  module.map({ name: "rules", kind: "lpm", key: prefix, value: rule, maxEntries: 1024, flags: 1 });
  module.map({ name: "totals", kind: "perCpuArray", key: scalar("u32"), value: totals, maxEntries: 1 });
  module.program("acl", (to) => {
    const headers = at(to, 0, 34);
    passIf(to, test(to, "ne", to.load("u16", 2, headers, 12, "big"), 0x800, "u16"));
    const words = to.binary("and", "u32", to.load("u32", 1, headers, 14), u32(15));
    passIf(to, test(to, "lt", words, 5));
    passIf(to, test(to, "ne", to.load("u32", 1, headers, 23), 6));
    const length = to.binary("mul", "u32", words, u32(4));
    const tcp = fitting(to, to.binary("add", "u32", length, u32(14)), 74, 20);
    const key = to.slot(prefix, "key");
    to.store(u32(32), 4, key, 0, "little", 8);
    to.store(to.load("u32", 4, headers, 26, "big"), 4, key, 4, "big", 4);
    const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
    const passed = to.variable("bool", "passed");
    to.if(
      to.let("bool", { op: "isNull", a: found }),
      () => undefined,
      () => {
        const port = to.load("u32", 2, tcp, 2, "big");
        const from = to.load("u32", 2, found, 0, "little", 2);
        to.if(to.let("bool", { op: "compare", operator: "ge", type: "u32", a: port, b: from }), () => {
          const last = to.load("u32", 2, found, 2, "little", 2);
          to.set(passed, to.let("bool", { op: "compare", operator: "le", type: "u32", a: port, b: last }));
        });
      },
    );
    const zero = to.slot(scalar("u32"), "zero");
    to.store(u32(0), 4, zero, 0, "little", 8);
    const counted = to.let("pointer", { op: "mapLookup", map: staticMap(1), key: zero });
    to.if(
      to.let("bool", { op: "isNull", a: counted }),
      () => undefined,
      () => {
        const more = (offset: number) => {
          const sum = to.binary("add", "u64", to.load("u64", 8, counted, offset, "little", 8), u64(1));
          to.store(sum, 8, counted, offset, "little", 8);
        };
        to.if(
          to.get(passed),
          () => more(0),
          () => more(8),
        );
      },
    );
    to.if(to.get(passed), () => to.return(u32(PASS)));
    to.return(u32(DROP));
  });
  const tcp = packet(54, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 6]);
  return { module: module.build(), packets: [tcp, tcp.subarray(0, 53), packet(60)] };
}

/** RFC 1624: the checksum after a 32-bit field changed. All in the byte order of the packet, as the sum is. */
function replaced(to: BlockBuilder, checksum: Temp, before: Temp, after: Temp): Temp {
  const inverted = to.binary("xor", "u32", before, u32(0xffff_ffff));
  const low = (value: Operand) => to.binary("and", "u32", value, u32(0xffff));
  const high = (value: Operand) => to.binary("shr", "u32", value, u32(16));
  const add = (a: Operand, b: Operand) => to.binary("add", "u32", a, b);
  let sum: Temp = to.binary("xor", "u32", checksum, u32(0xffff));
  for (const part of [low(inverted), high(inverted), low(after), high(after)]) sum = add(sum, part);
  for (const _ of [1, 2]) sum = add(low(sum), high(sum));
  return to.binary("xor", "u32", sum, u32(0xffff));
}

/** The rival of fixtures/rewrite.c. */
function rewrite(): TestModule {
  const module = new ModuleBuilder("rewrite");
  module.map({ name: "targets", kind: "hash", key: scalar("ipv4"), value: scalar("ipv4"), maxEntries: 1024 });
  module.program("rewrite", (to) => {
    const headers = at(to, 0, 42);
    passIf(to, test(to, "ne", to.load("u16", 2, headers, 12, "big"), 0x800, "u16"));
    passIf(to, test(to, "ne", to.load("u32", 1, headers, 14), 0x45));
    passIf(to, test(to, "ne", to.load("u32", 1, headers, 23), 17));
    const key = to.slot(scalar("ipv4"), "key");
    const before = to.load("u32", 4, headers, 30, "little");
    to.store(before, 4, key, 0, "little", 8);
    const target = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
    passIf(to, to.let("bool", { op: "isNull", a: target }));
    const after = to.load("u32", 4, target, 0, "little", 4);
    to.store(after, 4, headers, 30, "little");
    to.store(replaced(to, to.load("u32", 2, headers, 24, "little"), before, after), 2, headers, 24, "little");
    const udp = to.load("u32", 2, headers, 40, "little");
    to.if(test(to, "ne", udp, 0), () => to.store(replaced(to, udp, before, after), 2, headers, 40, "little"));
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(60)] };
}

export const rivals = { acl, rewrite };
