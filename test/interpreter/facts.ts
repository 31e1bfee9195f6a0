/**
 * What the helpers answer, as asked of Linux 6.18 by fixtures/kernel-facts.c: `answers` lists each program's in its
 * order. Here the same questions are put to the interpreter, as a module of the IR.
 */
import type { BinaryOperator, Module, Op, Operand, Scalar } from "../../compiler/ir/ir.ts";
import type { MapKind } from "../../sdk/maps/data.ts";
import {
  type BlockBuilder,
  bytes,
  i32,
  ModuleBuilder,
  nothing,
  scalar,
  staticMap,
  structure,
  u32,
  u64,
} from "../kit/ir.ts";

export const ANSWERS: Readonly<Record<string, readonly number[]>> = {
  adjust: [1, 0, -22, 0, 3520, 0, -22, 0, 276, -22, 0, 14, 0, -22, 0, 0, -22, -22, -14, -14, -22, 0],
  arrays: [-7, -17, -7, 0, -22, -22, -22, -22, -22, -7, -17, -22, -22, -22],
  hashes: [-2, -2, 0, -17, 0, -7, -2, 0, -22, -22, -22, 0, 0, -2, 0, -17, 0, -7, -22, -22, -2, 0],
  prefixes: [-22, -22, -1, -2, -2, 0, -17, 0, -28, -2, -22, -22, 0, 2, 3, -1, 3, -1, 0, -1, 2],
  queues: [
    ...[-2, 0, -22, 0, 0, -7, 0, -22, 0, 8, 0, 8, 0, 9, -2, 0],
    ...[-2, 0, -22, 0, 0, -7, 0, -22, 0, 9, 0, 9, 0, 8, -2, 0],
    ...[-22, -22, -2, 0, 0],
  ],
  rings: [-22, 255, -11, 1],
  redirects: [4, 0, 0, 2, 0, 4, 4, 3, 0, 0, 3, 2, 4, 3, 1, 0],
  checksums: [0, 65535, 0, 0, 65535, 0, 65535, 11764, 36877, 28665, 65535, 0, 28658, 1030, 0, 0],
  /** The first run and 33 tail calls (MAX_TAIL_CALL_CNT). */
  jumping: [34],
};

const entries: Partial<Record<MapKind, number>> = {
  bloom: 100,
  ringBuffer: 4096,
  devmap: 4,
  devmapHash: 4,
  cpumap: 4,
  progArray: 1,
};
const WITHOUT_KEY: ReadonlySet<MapKind> = new Set(["queue", "stack", "bloom", "ringBuffer"]);
const NARROW: ReadonlySet<MapKind> = new Set(["devmap", "devmapHash", "cpumap", "progArray"]);
const KINDS = [
  "array",
  "perCpuArray",
  "hash",
  "perCpuHash",
  "lpm",
  "devmap",
  "devmapHash",
  "cpumap",
  "progArray",
  "queue",
  "stack",
  "bloom",
  "ringBuffer",
] as const satisfies readonly MapKind[];
type Kind = (typeof KINDS)[number];

const UNKNOWN_FLAG = 2 ** 32;
const NO_PREALLOC = 1;
const BROADCAST = 8;
const EXCLUDE_INGRESS = 16;

const SIZES = { index: 4, answer: 8, key: 8, value: 8, from: 16, to: 16 } as const;
type Role = keyof typeof SIZES;

/** The questions of one program: results go to the array map 0, in order. */
class Questions {
  readonly #to: BlockBuilder;
  readonly #maps: ReadonlyMap<Kind, number>;
  #next = 0;
  readonly #slots = new Map<Role, number>();

  constructor(to: BlockBuilder, maps: ReadonlyMap<Kind, number>) {
    this.#to = to;
    this.#maps = maps;
  }

  map(kind: Kind) {
    return staticMap(this.#maps.get(kind) as number);
  }

  /** One slot per role, so that a program's questions fit the stack. */
  #slot(role: Role): Operand {
    const slot = this.#slots.get(role) ?? this.#to.reserve(bytes(SIZES[role]), role);
    this.#slots.set(role, slot);
    return this.#to.slotAt(slot);
  }

  place(role: Role, words: readonly number[]): Operand {
    const place = this.#slot(role);
    for (const [i, word] of words.entries()) this.#to.store(u32(word), 4, place, 4 * i);
    return place;
  }

  answer(value: Operand): void {
    const key = this.place("index", [this.#next++]);
    const slot = this.#slot("answer");
    const { type } = value;
    const wide =
      type === "i64" ? value : this.#to.let("i64", { op: "convert", from: type as Scalar, to: "i64", a: value });
    this.#to.store(wide, 8, slot);
    this.#to.effect({ op: "mapUpdate", map: staticMap(0), key, value: slot, flags: u64(0) });
  }

  ask(op: Op): void {
    this.answer(this.#to.let("i64", op));
  }

  update(kind: Kind, key: readonly number[], flags: number, value = 1): void {
    const places = { key: this.place("key", key), value: this.place("value", [value, 0]) };
    this.ask({ op: "mapUpdate", map: this.map(kind), ...places, flags: u64(flags) });
  }

  remove(kind: Kind, key: readonly number[]): void {
    this.ask({ op: "mapDelete", map: this.map(kind), key: this.place("key", key) });
  }

  find(key: readonly number[]): void {
    const [to, variable] = [this.#to, this.#to.variable("i64")];
    const found = to.let("pointer", { op: "mapLookup", map: this.map("lpm"), key: this.place("key", key) });
    const missing = to.let("bool", { op: "isNull", a: found });
    const absent = { kind: "constant", type: "i64", value: -1n } as const;
    to.if(
      missing,
      () => to.set(variable, absent),
      () => to.set(variable, to.load("i64", 8, found)),
    );
    this.answer(to.get(variable));
  }

  difference(from: readonly number[] | null, target: readonly number[] | null, seed: number): void {
    const place = (role: Role, words: readonly number[] | null) =>
      words === null ? nothing("pointer") : this.place(role, words);
    const sizes = { fromBytes: 4 * (from?.length ?? 0), toBytes: 4 * (target?.length ?? 0) };
    this.ask({ op: "checksumDiff", from: place("from", from), to: place("to", target), ...sizes, seed: u32(seed) });
  }
}

type Asking = (ask: Questions, to: BlockBuilder) => void;

const adjust: Asking = (ask, to) => {
  const head = (delta: number) => ask.ask({ op: "adjustHead", delta: i32(delta) });
  const tail = (delta: number) => ask.ask({ op: "adjustTail", delta: i32(delta) });
  const length = () => ask.answer(to.let("u32", { op: "packetLength" }));
  const slot = to.slot(bytes(8));
  to.store(u64(0x5555555555555555n), 8, slot);
  const read = (offset: number) => ask.ask({ op: "packetRead", offset: u32(offset), to: slot, bytes: 8 });
  const write = (offset: number) => ask.ask({ op: "packetWrite", offset: u32(offset), from: slot, bytes: 8 });
  ask.answer(to.let("u32", { op: "context", field: "ingressInterface" }));
  ask.answer(to.let("u32", { op: "context", field: "queue" }));
  tail(3461);
  tail(3460);
  length();
  tail(-3460);
  head(-217);
  head(-216);
  length();
  head(216 + 47);
  head(216 + 46);
  length();
  head(-46);
  tail(-47);
  tail(-46);
  for (const offset of [6, 7, 0xffff, 0x10000, 0xffffffff]) read(offset);
  write(7);
  write(6);
};

const arrays: Asking = (ask) => {
  const updates = [
    [2, 0],
    [0, 1],
    [2, 1],
    [0, 2],
    [0, 3],
    [0, 4],
    [0, 8],
    [0, UNKNOWN_FLAG],
  ] as const;
  for (const [key, flags] of updates) ask.update("array", [key], flags);
  ask.remove("array", [0]);
  for (const [key, flags] of [
    [2, 0],
    [0, 1],
    [0, 3],
    [0, 4],
  ] as const)
    ask.update("perCpuArray", [key], flags);
  ask.remove("perCpuArray", [0]);
};

const hashes: Asking = (ask) => {
  ask.update("hash", [0], 2);
  ask.remove("hash", [0]);
  const updates = [
    [0, 1],
    [0, 1],
    [1, 0],
    [2, 0],
    [2, 2],
    [1, 2],
    [1, 3],
    [1, 4],
    [1, UNKNOWN_FLAG],
  ] as const;
  for (const [key, flags] of updates) ask.update("hash", [key], flags);
  ask.remove("hash", [1]);
  ask.update("hash", [2], 0);
  const perCpu = [
    [0, 2],
    [0, 0],
    [0, 1],
    [1, 0],
    [2, 0],
    [1, 3],
    [1, 4],
  ] as const;
  for (const [key, flags] of perCpu) ask.update("perCpuHash", [key], flags);
  ask.remove("perCpuHash", [2]);
  ask.remove("perCpuHash", [1]);
};

const prefixes: Asking = (ask) => {
  const [ten, tenOne, tenTwo] = [10, 10 | (1 << 8), 10 | (2 << 8)];
  ask.update("lpm", [33, 0], 0);
  ask.remove("lpm", [33, 0]);
  ask.find([33, 0]);
  ask.remove("lpm", [8, ten]);
  for (const flags of [2, 1, 1]) ask.update("lpm", [8, ten], flags);
  ask.update("lpm", [16, tenOne], 0, 2);
  for (const flags of [0, 2, 3, 4]) ask.update("lpm", [24, tenOne], flags, 2);
  ask.update("lpm", [8, 10 | (99 << 8)], 2, 3);
  for (const key of [
    [32, tenOne],
    [32, tenTwo],
    [32, 11],
    [12, tenOne],
    [7, ten],
  ])
    ask.find(key);
  ask.remove("lpm", [8, ten]);
  ask.find([32, tenTwo]);
  ask.find([16, tenOne]);
};

const queues: Asking = (ask, to) => {
  for (const kind of ["queue", "stack"] as const) {
    const value = to.slot(bytes(8));
    const take = (op: "mapPop" | "mapPeek") => {
      ask.ask({ op, map: ask.map(kind), value });
      ask.answer(to.load("i64", 8, value));
    };
    const push = (flags: number) => ask.ask({ op: "mapPush", map: ask.map(kind), value, flags: u64(flags) });
    to.store(u64(7), 8, value);
    take("mapPop");
    push(1);
    push(0);
    to.store(u64(8), 8, value);
    push(0);
    push(0);
    to.store(u64(9), 8, value);
    push(2);
    push(3);
    for (const op of ["mapPeek", "mapPop", "mapPop", "mapPeek"] as const) take(op);
  }
  const value = ask.place("value", [5, 0]);
  const push = (flags: number) => ask.ask({ op: "mapPush", map: ask.map("bloom"), value, flags: u64(flags) });
  const peek = () => ask.ask({ op: "mapPeek", map: ask.map("bloom"), value });
  push(1);
  push(2);
  peek();
  push(0);
  peek();
};

const rings: Asking = (ask, to) => {
  const [data, map, accepted] = [ask.place("value", [1, 0]), ask.map("ringBuffer"), to.variable("u32")];
  const output = (flags: number): Op => ({ op: "ringOutput", map, data, bytes: 8, flags: u64(flags) });
  ask.ask(output(4));
  to.repeat(u32(300), () => {
    const result = to.let("i64", output(0));
    const done = to.let("bool", {
      op: "compare",
      operator: "eq",
      type: "i64",
      a: result,
      b: { kind: "constant", type: "i64", value: 0n },
    });
    to.if(done, () => to.set(accepted, to.binary("add" satisfies BinaryOperator, "u32", to.get(accepted), u32(1))));
  });
  ask.answer(to.get(accepted));
  ask.ask(output(0));
  const record = to.let("pointer", { op: "ringReserve", map, bytes: 8 });
  const full = to.let("bool", { op: "isNull", a: record });
  ask.answer(full);
  to.if(
    full,
    () => undefined,
    () => to.effect({ op: "ringDiscard", record, flags: u64(0) }),
  );
};

const redirects: Asking = (ask, to) => {
  const plain = (flags: number) => ask.answer(to.let("u32", { op: "redirect", interface: u32(77), flags: u64(flags) }));
  const by = (kind: Kind, key: number, flags: number) =>
    ask.answer(to.let("u32", { op: "redirectMap", map: ask.map(kind), key: u32(key), flags: u64(flags) }));
  plain(0);
  plain(1);
  const flags = [0, 2, 4, BROADCAST, BROADCAST | EXCLUDE_INGRESS | 1, EXCLUDE_INGRESS | 3, 32, UNKNOWN_FLAG + 2];
  for (const flag of flags) by("devmap", 0, flag);
  by("devmap", 99, 3);
  by("devmapHash", 99, 2);
  by("devmapHash", 99, BROADCAST);
  by("cpumap", 1, 3);
  by("cpumap", 99, 1);
  by("cpumap", 1, BROADCAST | 1);
};

const checksums: Asking = (ask) => {
  const [zeros, ones, one] = [[0, 0, 0, 0], [0xffffffff, 0, 0, 0], [0xffffffff]];
  const mixed = [0x12345678, 0xdeadbeef, 0xcafebabe, 0x01020304];
  const questions: readonly (readonly [readonly number[] | null, readonly number[] | null, number])[] = [
    [null, null, 0],
    [null, null, 0xffffffff],
    [null, zeros, 0],
    [zeros, null, 0],
    [zeros, zeros, 0],
    [ones, zeros, 0],
    [zeros, ones, 0],
    [mixed, ones, 0x1234abcd],
    [null, mixed, 0xffffffff],
    [mixed, null, 7],
    [mixed, mixed, 0],
    [one, zeros, 0],
    [mixed, null, 0],
    [mixed.slice(0, 3), mixed, 0],
    [ones, null, 0],
    [ones, null, 0xffffffff],
  ];
  for (const [from, target, seed] of questions) ask.difference(from, target, seed);
};

const jumping: Asking = (ask, to) => {
  const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key: ask.place("index", [0]) });
  to.effect({
    op: "atomic",
    operator: "add",
    type: "u64",
    place: found,
    offset: 0,
    value: u64(1),
    expected: null,
    resultUsed: false,
  });
  to.effect({ op: "tailCall", map: ask.map("progArray"), index: u32(0) });
};

const PROGRAMS: Readonly<Record<string, Asking>> = {
  adjust,
  arrays,
  hashes,
  prefixes,
  queues,
  rings,
  redirects,
  checksums,
  jumping,
};

/** The questions as a module: one program each, named as in the C file. */
export function factsModule(): Module {
  const module = new ModuleBuilder("facts");
  module.map({ name: "results", kind: "array", key: scalar("u32"), value: scalar("i64"), maxEntries: 64 });
  const maps = new Map<Kind, number>();
  for (const kind of KINDS) {
    const key = kind === "lpm" ? structure({ prefixLength: scalar("u32"), bits: bytes(4) }) : scalar("u32");
    const value = kind === "ringBuffer" ? null : scalar(NARROW.has(kind) ? "u32" : "u64");
    const shape = { key: WITHOUT_KEY.has(kind) ? null : key, value, maxEntries: entries[kind] ?? 2 };
    maps.set(kind, module.map({ name: kind, kind, ...shape, flags: kind === "lpm" ? NO_PREALLOC : 0 }));
  }
  for (const [name, asking] of Object.entries(PROGRAMS)) {
    module.program(name, (to) => {
      asking(new Questions(to, maps), to);
      to.return(u32(2));
    });
  }
  return module.build();
}
