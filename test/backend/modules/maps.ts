import type { LayoutData } from "../../../sdk/layout/data.ts";
import {
  type BlockBuilder,
  bytes,
  constant,
  ModuleBuilder,
  scalar,
  staticMap,
  structure,
  u32,
  u64,
} from "../../kit/ir.ts";
import { at } from "./parsing.ts";
import { PASS, packet, type TestModule, TX } from "./types.ts";

const prefix = structure({ prefixLength: scalar("u32"), address: scalar("ipv4") });
const rich: LayoutData = structure({
  bits: {
    kind: "bits",
    size: 2,
    align: 2,
    order: "little",
    fields: [
      { name: "a", shift: 8, width: 8 },
      { name: "b", shift: 0, width: 8 },
    ],
  },
  hardware: scalar("mac"),
  six: scalar("ipv6"),
  inner: structure({
    list: { kind: "array", of: scalar("u32"), length: 3, size: 12, align: 4 },
    signed: scalar("i64"),
  }),
  on: scalar("bool"),
});

const KEY = { key: scalar("u32"), value: scalar("u64"), maxEntries: 8 } as const;
const REFERENCE = { key: scalar("u32"), value: scalar("u32"), maxEntries: 8 } as const;

/** Every kind of map; the back end must describe each as the kernel wants it. */
function kinds(): TestModule {
  const module = new ModuleBuilder("kinds");
  const inner = (kind: "array" | "hash") => ({ name: "inner", kind, ...KEY, flags: 0, extra: 0, inner: null });
  module.map({ name: "a_hash", kind: "hash", ...KEY, value: rich });
  module.map({ name: "a_lru", kind: "lruHash", ...KEY, key: rich });
  module.map({ name: "an_array", kind: "array", ...KEY });
  module.map({ name: "cpu_hash", kind: "perCpuHash", ...KEY });
  module.map({ name: "cpu_lru", kind: "perCpuLruHash", ...KEY });
  module.map({ name: "cpu_array", kind: "perCpuArray", ...KEY });
  module.map({ name: "a_trie", kind: "lpm", key: prefix, value: scalar("u64"), maxEntries: 8, flags: 1 });
  module.map({ name: "arrays", kind: "arrayOfMaps", ...REFERENCE, inner: inner("array") });
  module.map({ name: "hashes", kind: "hashOfMaps", ...REFERENCE, inner: inner("hash") });
  const trie = {
    name: "one_trie",
    kind: "lpm",
    key: prefix,
    value: rich,
    maxEntries: 8,
    flags: 1,
    extra: 0,
    inner: null,
  } as const;
  module.map({ name: "tries", kind: "arrayOfMaps", ...REFERENCE, inner: trie });
  module.map({ name: "programs", kind: "progArray", ...REFERENCE });
  module.map({ name: "ports", kind: "devmap", ...REFERENCE });
  const forwarding = structure({ interface: scalar("u32"), program: scalar("u32") });
  module.map({ name: "port_hash", kind: "devmapHash", ...REFERENCE, value: forwarding });
  module.map({ name: "cpus", kind: "cpumap", ...REFERENCE });
  module.map({ name: "a_queue", kind: "queue", value: scalar("u64"), maxEntries: 8 });
  module.map({ name: "a_stack", kind: "stack", value: bytes(12), maxEntries: 8 });
  module.map({ name: "a_bloom", kind: "bloom", value: scalar("u32"), maxEntries: 64, extra: 3 });
  module.map({ name: "a_ring", kind: "ringBuffer", maxEntries: 4096 });
  module.map({ name: "user_ring", kind: "userRingBuffer", maxEntries: 4096 });
  module.program("kinds", (to) => to.return(u32(PASS)));
  return { module: module.build(), packets: [packet(14)] };
}

const keyOf = (to: BlockBuilder, value: Parameters<BlockBuilder["store"]>[0]) => {
  const key = to.slot(scalar("u32"), "key");
  to.store(value, 4, key, 0, "little", 8);
  return key;
};

/** Queue, stack and bloom filter; LPM; maps in maps; deletion. */
function operations(): TestModule {
  const module = new ModuleBuilder("operations");
  const queue = module.map({ name: "queue", kind: "queue", value: scalar("u64"), maxEntries: 2 });
  const stack = module.map({ name: "stack", kind: "stack", value: scalar("u64"), maxEntries: 2 });
  const bloom = module.map({ name: "bloom", kind: "bloom", value: scalar("u32"), maxEntries: 64 });
  const trie = module.map({ name: "trie", kind: "lpm", key: prefix, value: scalar("u64"), maxEntries: 8, flags: 1 });
  const hash = module.map({ name: "hash", kind: "hash", ...KEY });
  const inner = { name: "inner", kind: "hash", ...KEY, flags: 0, extra: 0, inner: null } as const;
  const outer = module.map({ name: "outer", kind: "arrayOfMaps", ...REFERENCE, inner });
  module.program("operations", (to) => {
    const start = at(to, 0, 100);
    let out = 0;
    const result = (value: Parameters<BlockBuilder["store"]>[0]) => {
      to.store(value, 8, start, out, "big");
      out += 8;
    };
    const value = to.slot(scalar("u64"), "value");
    const set = (number: number) => to.store(u64(number), 8, value, 0, "little", 8);
    for (const map of [queue, stack]) {
      for (const number of [1, 2, 3]) {
        set(number);
        to.effect({ op: "mapPush", map: staticMap(map), value, flags: u64(number === 3 ? 2 : 0) });
      }
      result(to.let("i64", { op: "mapPeek", map: staticMap(map), value }));
      result(to.load("u64", 8, value, 0, "little", 8));
      to.effect({ op: "mapPop", map: staticMap(map), value });
      result(to.let("i64", { op: "mapPop", map: staticMap(map), value }));
      to.effect({ op: "mapPop", map: staticMap(map), value });
    }
    const member = keyOf(to, u32(77));
    to.effect({ op: "mapPush", map: staticMap(bloom), value: member, flags: u64(0) });
    result(to.let("i64", { op: "mapPeek", map: staticMap(bloom), value: member }));
    const network = to.slot(prefix, "network");
    to.store(u32(8), 4, network, 0, "little", 8);
    to.store(u32(0x0a000000), 4, network, 4, "big", 4);
    set(42);
    to.effect({ op: "mapUpdate", map: staticMap(trie), key: network, value, flags: u64(0) });
    to.store(u32(32), 4, network, 0, "little", 8);
    to.store(u32(0x0a010203), 4, network, 4, "big", 4);
    const route = to.let("pointer", { op: "mapLookup", map: staticMap(trie), key: network });
    to.if(
      to.let("bool", { op: "isNull", a: route }),
      () => undefined,
      () => to.store(to.load("u64", 8, route, 0, "little", 8), 8, start, 80, "big"),
    );
    const key = keyOf(to, u32(1));
    to.effect({ op: "mapUpdate", map: staticMap(hash), key, value, flags: u64(1) });
    to.effect({ op: "mapDelete", map: staticMap(hash), key });
    result(to.let("i64", { op: "mapDelete", map: staticMap(hash), key }));
    const found = to.let("map", { op: "mapInner", map: staticMap(outer), key });
    to.if(
      to.let("bool", { op: "isNull", a: found }),
      () => to.store(constant("u8", 0xaa), 1, start, 99),
      () => {
        const dynamic = { kind: "dynamic", map: found, shape: outer } as const;
        to.effect({ op: "mapUpdate", map: dynamic, key, value, flags: u64(0) });
      },
    );
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(100)] };
}

export const maps = { kinds, operations };
