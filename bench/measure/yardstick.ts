/** The yardstick in C (bench/rivals/yardstick.c), loaded and filled: one virtual address of each family, four servers. */

import { createMap, type LoadedObject, load, testRun } from "../../runtime/index.ts";
import { update } from "../../runtime/loader/map-operations.ts";
import { word } from "../../runtime/loader/word.ts";
import { Action } from "../../sdk/bpf/program.ts";
import { parseAddress } from "../../sdk/layout/address.ts";
import { array, u64 } from "../../sdk/layout/layouts.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { ENDLESS, frameOf, type TableCase, yardstickCases } from "../cases/tables.ts";
import type { AnyRow } from "../report/row.ts";
import { openGateway } from "./gateway.ts";
import { compileRival } from "./rival.ts";
import { measure, type RoundOptions } from "./rounds.ts";
import { net, type Spread } from "./statistics.ts";
import { type Ingress, runAt } from "./subject.ts";
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

/** The yardstick by itself, and examples/balancer on a node beside it, all interleaved. */
async function measureOne(one: TableCase, options: RoundOptions, ingress: Ingress): Promise<readonly AnyRow[]> {
  const { bytes, vary } = frameOf(4);
  const frame = one.foreign ? Uint8Array.from(bytes, (byte, at) => (at === 33 ? 99 : byte)) : bytes;
  const frames = { ...(await openVariedFrames(frame, one.flows, vary)), scattered: one.scattered === true };
  try {
    using yardstick = await openYardstick(one.entries);
    await using gateway = await openGateway(
      one.entries,
      one.flows === ENDLESS,
      one.told === true ? ingress.interface : null,
    );
    const program = yardstick.loaded.program("yardstick");
    expectAction(one, "yardstick", testRun(program, { packet: frame }).action, Action.Transmit);
    expectAction(one, "gateway", runAt(gateway.program, { packet: frame }, ingress).action, Action.Redirect);
    const head = one.foreign ? 0 : HEAD;
    const programs = { bare: null, grown: "grown", yardstick: program, ours: gateway.program } as const;
    const times = await measure(programs, frames, options, ingress, { grown: head, yardstick: head });
    const own = one.foreign ? times.bare : between(times.bare, times.grown);
    const yardstickNs = net(times.yardstick, own);
    const ns = net(times.ours, times.bare);
    const common = { flows: one.flows, pattern: one.pattern, frameBytes: frame.length };
    return [
      {
        name: one.name,
        table: "C, bench/rivals/yardstick.c",
        tableNs: yardstickNs,
        entries: one.entries,
        ...common,
        wrapperNs: { min: own.min, median: own.median },
      },
      {
        name: one.name.replace("yardstick", "gateway"),
        ns,
        rival: "C, bench/rivals/yardstick.c",
        rivalNs: yardstickNs,
        ratio: Math.round((ns.min / yardstickNs.min) * 100) / 100,
        instructions: gateway.program.information.instructions,
        rivalInstructions: program.information.instructions,
        instructionsOf: "xlated",
        // Its flows are made on the way; examples/balancer has rows of its own, where they stand still.
        way: null,
        rivalWay: null,
        ...common,
        wrapperNs: { min: times.bare.min, median: times.bare.median },
      },
    ];
  } finally {
    frames.map.close();
  }
}

function expectAction({ name, foreign }: TableCase, side: string, got: number, sent: number): void {
  if (got !== (foreign ? Action.Pass : sent)) throw new Error(`'${name}', ${side}: action ${got}`);
}

/** What a row must be called to be measured: both of a case's rows come of one measurement. */
const isWanted = ({ name }: TableCase, wanted: (name: string) => boolean): boolean =>
  wanted(name) || wanted(name.replace("yardstick", "gateway"));

export const yardstickIsWanted = (wanted: (name: string) => boolean): boolean =>
  yardstickCases.some((one) => isWanted(one, wanted));

export async function measureYardstick(
  wanted: (name: string) => boolean,
  options: RoundOptions,
  ingress: Ingress,
): Promise<AnyRow[]> {
  const rows: AnyRow[] = [];
  for (const one of yardstickCases) if (isWanted(one, wanted)) rows.push(...(await measureOne(one, options, ingress)));
  return rows;
}
