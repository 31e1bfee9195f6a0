/** The yardstick in C (bench/rivals/yardstick.c), loaded and filled: one virtual address of each family, four servers. */
import { createMap, type LoadedObject, load, testRun } from "../../runtime/index.ts";
import { update } from "../../runtime/loader/map-operations.ts";
import { Action } from "../../sdk/bpf/program.ts";
import { parseAddress } from "../../sdk/layout/address.ts";
import { array, u64 } from "../../sdk/layout/layouts.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { frameOf, type TableCase, yardstickCases } from "../cases/tables.ts";
import type { TableRow } from "../report/row.ts";
import { compileRival } from "./rival.ts";
import { measure, type RoundOptions } from "./rounds.ts";
import { net, type Spread } from "./statistics.ts";
import { openVariedFrames } from "./wrapper.ts";

export const VIP = "10.1.0.1";
export const VIP_6 = "2001:db8:1::1";
export const REALS = ["10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4"];
export const REALS_6 = ["2001:db8:2::1", "2001:db8:2::2", "2001:db8:2::3", "2001:db8:2::4"];
export const GATEWAY = "02:00:00:00:00:77";
const RING = 65_537;
const CPUS = 64;
const REAL_IPV6 = 1;
/** What it puts before an IPv4 packet. */
const HEAD = 20;

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** As the program has it: an IPv4 address in the first four of sixteen bytes. */
function addressBytes(text: string): Uint8Array {
  const value = parseAddress(text) ?? 0n;
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) bytes[i] = Number((value >> BigInt((15 - i) * 8)) & 0xffn);
  return text.includes(":") ? bytes : new Uint8Array([...bytes.subarray(12), ...new Uint8Array(12)]);
}

const inner = (entries: number): MapData => ({
  name: "flows_of_cpu",
  kind: "lruHash",
  key: array(u64, 5).layout,
  value: array(u64, 2).layout,
  maxEntries: entries,
  flags: 0,
  extra: 0,
  inner: null,
});

export interface Yardstick extends Disposable {
  readonly loaded: LoadedObject;
}

/** With room for so many flows on whichever CPU runs it: all use one table here, so that a test may be moved. */
export async function openYardstick(entries: number): Promise<Yardstick> {
  using opening = new DisposableStack();
  const loaded = opening.use(await load(compileRival("yardstick"), { name: "yardstick" }));
  const table = await createMap(inner(entries));
  opening.defer(() => table.close());
  for (let cpu = 0; cpu < CPUS; cpu++) update(loaded.map("flows"), word(cpu), word(table.fd));
  const [vips, reals, rings] = ["vips", "reals", "rings"].map((name) => loaded.map(name)) as [never, never, never];
  [VIP, VIP_6].forEach((vip, number) => {
    for (const protocol of [6, 17]) {
      const key = new Uint8Array([...addressBytes(vip), 0, 80, protocol, 0, 0, 0, 0, 0]);
      update(vips, key, new Uint8Array(Uint32Array.of(0, number).buffer));
    }
  });
  [...REALS, ...REALS_6].forEach((real, number) => {
    update(
      reals,
      word(number),
      new Uint8Array([...addressBytes(real), real.includes(":") ? REAL_IPV6 : 0, 0, 0, 0, 0, 0, 0, 0]),
    );
  });
  for (let place = 0; place < RING * 2; place++)
    update(rings, word(place), word((place % REALS.length) + (place < RING ? 0 : REALS.length)));
  update(
    loaded.map("control"),
    word(0),
    new Uint8Array([...GATEWAY.split(":").map((byte) => Number.parseInt(byte, 16)), 0, 0]),
  );
  const all = opening.move();
  return { loaded, [Symbol.dispose]: () => all.dispose() };
}

/** The wrapper's own cost where it takes back what a program has put before the packet. */
const between = (bare: Spread, grown: Spread): Spread => ({
  min: (bare.min + grown.min) / 2,
  median: (bare.median + grown.median) / 2,
});

async function measureOne(one: TableCase, options: RoundOptions): Promise<TableRow> {
  const { bytes, vary } = frameOf(4);
  const frame = one.foreign ? Uint8Array.from(bytes, (byte, at) => (at === 33 ? 99 : byte)) : bytes;
  const frames = await openVariedFrames(frame, one.flows, vary);
  try {
    using yardstick = await openYardstick(one.entries);
    const program = yardstick.loaded.program("yardstick");
    const { action } = testRun(program, { packet: frame });
    if (action !== (one.foreign ? Action.Pass : Action.Transmit)) throw new Error(`'${one.name}': action ${action}`);
    const head = one.foreign ? 0 : HEAD;
    const times = await measure({ bare: null, grown: "grown", yardstick: program }, frames, options, null, head);
    const own = one.foreign ? times.bare : between(times.bare, times.grown);
    return {
      name: one.name,
      table: "C, bench/rivals/yardstick.c",
      tableNs: net(times.yardstick, own),
      flows: one.flows,
      entries: one.entries,
      pattern: one.pattern,
      frameBytes: frame.length,
      wrapperNs: { min: own.min, median: own.median },
    };
  } finally {
    frames.map.close();
  }
}

export async function measureYardstick(wanted: (name: string) => boolean, options: RoundOptions): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const one of yardstickCases) if (wanted(one.name)) rows.push(await measureOne(one, options));
  return rows;
}
