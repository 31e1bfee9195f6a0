/** Measures one case: both sides and the wrapper alone, interleaved. */
import { type BenchCase, isOurs } from "../cases/case.ts";
import { frameOf } from "../cases/tables.ts";
import { clocksNow } from "../executed/clocks.ts";
import { wayOf } from "../executed/count.ts";
import type { Row, Way } from "../report/row.ts";
import { measure, type RoundOptions } from "./rounds.ts";
import { net } from "./statistics.ts";
import { type Ingress, loadPair, type Subject } from "./subject.ts";
import { type Frames, openFrames, openVariedFrames } from "./wrapper.ts";

/** Fills a side and makes its flows known. */
function prepare(one: BenchCase, subject: Subject): readonly Uint8Array[] {
  one.fill(subject);
  return one.frames(subject).map(({ bytes }) => bytes);
}

async function variedFrames({ flows }: BenchCase, [frame]: readonly Uint8Array[]): Promise<Frames> {
  if (frame === undefined) throw new RangeError("New flows are made from one frame.");
  return openVariedFrames(frame, flows, frameOf(4).vary);
}

/** Of the network namespace that test runs are made in. */
const LOOPBACK = 1;

async function wayThrough(
  { room }: BenchCase,
  { code, program, run }: Subject,
  packet: Uint8Array,
  at: Ingress | null,
): Promise<Way | null> {
  if (room !== undefined) return null;
  const clocks = clocksNow();
  const after = run({ packet });
  return wayOf({ code, program: program.id, packet, interface: at?.interface ?? LOOPBACK, clocks, after });
}

export async function compare(one: BenchCase, options: RoundOptions, ingress: Ingress | null): Promise<Row> {
  const at = one.routed ? ingress : null;
  using pair = await loadPair(one, at);
  const frames = prepare(one, pair.ours);
  prepare(one, pair.rival);
  const opened = await (one.room === undefined ? openFrames(frames) : variedFrames(one, frames));
  try {
    const [way, rivalWay] = [
      await wayThrough(one, pair.ours, opened.first, at),
      await wayThrough(one, pair.rival, opened.first, at),
    ];
    const programs = { bare: null, ours: pair.ours.program, rival: pair.rival.program };
    const times = await measure(programs, opened, options, at);
    const ns = net(times.ours, times.bare);
    const rivalNs = net(times.rival, times.bare);
    return {
      name: one.name,
      ns,
      rival: isOurs(one.rival)
        ? [one.rival, one.rivalFilters ?? []].flat().join(", ")
        : `C, bench/rivals/${one.rival}.c`,
      rivalNs,
      ratio: Math.round((ns.min / rivalNs.min) * 100) / 100,
      instructions: pair.ours.program.information.instructions,
      rivalInstructions: pair.rival.program.information.instructions,
      instructionsOf: "xlated",
      way,
      rivalWay,
      flows: one.flows,
      pattern: one.pattern,
      frameBytes: opened.first.length,
      wrapperNs: { min: times.bare.min, median: times.bare.median },
    };
  } finally {
    opened.map.close();
  }
}
