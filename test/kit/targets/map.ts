/** Typed access to a program's maps under test, the same on every target. */
import { decode, encode } from "../../../sdk/layout/codec.ts";
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { MapData, MapKind } from "../../../sdk/maps/data.ts";
import { toHex } from "../bytes.ts";

/** What a target offers for each map: bytes in, bytes out. What the map's kind does not have is refused by throwing. */
export interface RawMap {
  /** Values per key: 1 for every kind that is not per CPU. */
  readonly cpus: number;
  /** Per-CPU: the values of all CPUs one after the other, each rounded up to 8 bytes. */
  lookup(key: Uint8Array): Uint8Array | null;
  update(key: Uint8Array, value: Uint8Array): void;
  /** False when the key is not there. */
  delete(key: Uint8Array): boolean;
  entries(): Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
  /** Queue, stack and bloom filter. False when it is full. */
  push(value: Uint8Array): boolean;
  pop(): Uint8Array | null;
  peek(): Uint8Array | null;
  /** Ring buffer: takes what is ready. */
  records(): readonly Uint8Array[];
  /** User ring buffer. False when it is full. */
  produce(record: Uint8Array): boolean;
  /** Jump table: puts a program of the same module into a slot. */
  insertProgram(key: Uint8Array, program: string): void;
  /** Map of maps: makes an inner map, puts it under the key and gives it. */
  insertMap(key: Uint8Array): RawMap;
}

/**
 * Keys and values in the form of their layouts; addresses may be given as text. Values of per-CPU maps are read as one
 * value per CPU and written to all of them.
 */
export interface TestMap {
  readonly name: string;
  readonly kind: MapKind;
  get(key: unknown): unknown;
  has(key: unknown): boolean;
  set(key: unknown, value: unknown): void;
  /** False when there was nothing to delete. */
  delete(key: unknown): boolean;
  /** Sorted by the bytes of the keys, so that two targets' maps can be compared. */
  entries(): [key: unknown, value: unknown][];
  /** Queue, stack and bloom filter; false when it is full. */
  push(value: unknown): boolean;
  /** Queue and stack; null when empty. */
  pop(): unknown;
  peek(): unknown;
  /** Ring buffer: takes the records that are ready, oldest first, decoded if the map declares their layout. */
  records(): unknown[];
  /** User ring buffer: hands a record to the program; false when it is full. */
  produce(record: Uint8Array): boolean;
  /** Jump table: puts a program of the module into a slot. */
  jump(index: number, program: string): void;
  /** Map of maps: makes an inner map, puts it under the key and gives access to it. */
  inner(key: unknown): TestMap;
}

const ARRAYS: ReadonlySet<MapKind> = new Set(["array", "perCpuArray", "arrayOfMaps", "progArray", "devmap", "cpumap"]);
const PER_CPU: ReadonlySet<MapKind> = new Set(["perCpuHash", "perCpuLruHash", "perCpuArray"]);
const U32: LayoutData = { kind: "scalar", type: "u32", size: 4, align: 4, order: "little" };

/** Without a layout, values are bytes. */
const decoded = (layout: LayoutData | null, bytes: Uint8Array): unknown =>
  layout === null ? bytes : decode(layout, bytes);

export function testMap(data: MapData, raw: RawMap): TestMap {
  const keyLayout = ARRAYS.has(data.kind) ? U32 : data.key;
  const slot = Math.ceil((data.value?.size ?? 0) / 8) * 8;
  const perCpu = PER_CPU.has(data.kind);

  const keyBytes = (key: unknown): Uint8Array => (keyLayout === null ? new Uint8Array(0) : encode(keyLayout, key));
  const valueBytes = (value: unknown): Uint8Array =>
    data.value === null ? (value as Uint8Array) : encode(data.value, value);
  const readValue = (bytes: Uint8Array): unknown =>
    perCpu
      ? Array.from({ length: Math.floor(bytes.length / slot) }, (_, cpu) =>
          decoded(data.value, bytes.subarray(cpu * slot)),
        )
      : decoded(data.value, bytes);
  const spread = (value: Uint8Array, cpus: number): Uint8Array => {
    const out = new Uint8Array(slot * cpus);
    for (let cpu = 0; cpu < cpus; cpu++) out.set(value, cpu * slot);
    return out;
  };

  return {
    name: data.name,
    kind: data.kind,
    get(key) {
      const value = raw.lookup(keyBytes(key));
      return value === null ? null : readValue(value);
    },
    has: (key) => raw.lookup(keyBytes(key)) !== null,
    set(key, value) {
      const bytes = valueBytes(value);
      raw.update(keyBytes(key), perCpu ? spread(bytes, raw.cpus) : bytes);
    },
    delete: (key) => raw.delete(keyBytes(key)),
    entries() {
      const all = [...raw.entries()].map(([key, value]) => ({ order: toHex(key), key, value }));
      all.sort((a, b) => (a.order < b.order ? -1 : 1));
      return all.map(({ key, value }) => [decoded(keyLayout, key), readValue(value)]);
    },
    push: (value) => raw.push(valueBytes(value)),
    pop() {
      const value = raw.pop();
      return value === null ? null : readValue(value);
    },
    peek() {
      const value = raw.peek();
      return value === null ? null : readValue(value);
    },
    records: () => raw.records().map((record) => decoded(data.value, record)),
    produce: (record) => raw.produce(record),
    jump: (index, program) => raw.insertProgram(keyBytes(index), program),
    inner: (key) => testMap(data.inner ?? data, raw.insertMap(keyBytes(key))),
  };
}
