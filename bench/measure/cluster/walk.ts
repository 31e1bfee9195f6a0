/** A packet goes from program to program, as from node to node: each takes it as the one before has left it (rivals/walk.c). */
import { createMap, type LoadedProgram, load, type MapHandle } from "../../../runtime/index.ts";
import { lookup, update } from "../../../runtime/loader/map-operations.ts";
import { word } from "../../../runtime/loader/word.ts";
import { array, u32, u64 } from "../../../sdk/layout/layouts.ts";
import type { MapData } from "../../../sdk/maps/data.ts";
import { compileRival } from "../rival.ts";
import { timeOf } from "../rounds.ts";
import type { Ingress } from "../subject.ts";
import type { Frames } from "../wrapper.ts";

const FRAME_BYTES = 256;
const KEPT_BYTES = 512;
const MOST_TURNS = 8;
/** What the kernel interrupts is begun anew by whoever runs it, in the middle of a walk. */
const MOST_TRIES = 20;
const MADE_AT_ONCE = 2 ** 14;

/** Packets of so many flows, a power of two, made from the first. */
export interface Packets {
  readonly first: Uint8Array;
  readonly flows: number;
  /** Bytes before the tenant's packet, whose address and port are varied. */
  readonly before: number;
}

/** In a packet: its client's address and port. */
export const [ADDRESS_AT, PORT_AT] = [26, 34] as const;

/** Packets are kept as they come to the node of this place; behind the last node too. */
export interface Keep {
  readonly at: number;
  /** How many: a power of two. */
  readonly count: number;
  /** Their length. */
  readonly bytes: number;
}

/** A node's program; or, for what the walk itself costs, by how many bytes it makes packets longer at the head. */
export type Turn = LoadedProgram | number;

export interface WalkOptions {
  readonly packets: Packets;
  /** How many packets each node has before the next node has them: 1 unless told, 64 at most. */
  readonly batch?: number;
  readonly keep?: Keep;
}

export interface Walk extends Disposable {
  /**
   * So many packets, one after the other, each all the way, after what has to be done before. Gives the thread's CPU time of a whole
   * walk, in nanoseconds.
   */
  run(walks: number, prepare?: () => void): number;
  /** The same for what they leave behind, with no matter if some of them are made twice. */
  make(walks: number): void;
  /** The packets that it keeps. */
  kept(): Frames;
}

const keptMap = (count: number): MapData => ({
  name: "kept",
  kind: "array",
  key: u32.layout,
  value: array(u64, KEPT_BYTES / 8).layout,
  maxEntries: count,
  flags: 0,
  extra: 0,
  inner: null,
});

const wordsOf = (numbers: readonly number[]): Uint8Array => {
  const words = new Int32Array(MOST_TURNS);
  words.set(numbers);
  return new Uint8Array(words.buffer);
};

const firstOf = (map: MapHandle, bytes: number): Uint8Array => (lookup(map, word(0)) as Uint8Array).slice(0, bytes);

export async function openWalk(
  nodes: readonly Turn[],
  { packets: { first, flows, before }, batch = 1, keep }: WalkOptions,
  ingress: Ingress,
): Promise<Walk> {
  using opening = new DisposableStack();
  const count = keep?.count ?? 1;
  const map = await createMap(keptMap(count));
  opening.defer(() => map.close());
  const turns = Math.max(nodes.length, keep === undefined ? 0 : keep.at + 1);
  const loaded = opening.use(
    await load(compileRival("walk"), {
      name: "walk",
      maps: { kept: map },
      maxEntries: { kept: count },
      constants: {
        length: first.length,
        last: flows - 1,
        vary_address: before + ADDRESS_AT,
        vary_port: before + PORT_AT,
        turns,
        batch,
        keep_before: keep?.at ?? 0xffff_ffff,
        kept_length: keep?.bytes ?? first.length,
        last_kept: count - 1,
        heads: wordsOf(nodes.map((node) => (typeof node === "number" ? node : 0))),
      },
    }),
  );
  const frame = new Uint8Array(FRAME_BYTES);
  frame.set(first);
  update(loaded.map("frames"), word(0), frame);
  for (let turn = 0; turn < turns; turn++) {
    const node = nodes[turn] ?? 0;
    update(loaded.map("nodes"), word(turn), word((typeof node === "number" ? loaded.program("bare") : node).fd));
  }
  const numberOf = (name: string): number => {
    const bytes = loaded.globals.readBytes(name);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  };
  const walk = loaded.program("walk");
  const timed = (walks: number, prepare?: () => void, from = 0): number => {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      prepare?.();
      for (const name of ["turn", "place", "left", "wrong"]) loaded.globals.write(name, 0);
      loaded.globals.write("walks", from);
      const ns = timeOf(walk, walks * turns, first, ingress) * turns;
      if (numberOf("turn") !== 0 || numberOf("walks") !== from + walks) continue;
      if (numberOf("wrong") !== 0) throw new Error(`${numberOf("wrong")} packets did not come as far as they should.`);
      return ns;
    }
    throw new Error(`Walks were cut short ${MOST_TRIES} times.`);
  };
  const all = opening.move();
  return {
    run: timed,
    make(walks) {
      for (let from = 0; from < walks; from += MADE_AT_ONCE)
        timed(Math.min(MADE_AT_ONCE, walks - from), undefined, from);
    },
    kept: () => ({ map, first: firstOf(map, keep?.bytes ?? 0), count: keep?.count ?? 0, vary: null }),
    [Symbol.dispose]: () => all.dispose(),
  };
}
