/**
 * Flows that ended without a packet, found by sweeps of the flow tables: their time ran out, they were flushed, or others have
 * taken their places. A flow that stood in one sweep is told of when it is gone in another; one that came and went between
 * two is, where nobody has taken its place yet. Each is told once.
 */

import type { Node } from "./api.ts";
import { lives, offsets, REPLY, wayLayout } from "./flow-ways.ts";
import { type Flow, type Partners, partnerEnds, wayReader } from "./flows.ts";
import type { Slice, SweepUser } from "./sweeper.ts";

export interface EndedFlow extends Flow {
  /** "gone": another has its place, so that nobody knows why; its totals are those of the last sweep that saw it. */
  readonly reason: "idle" | "finished" | "flushed" | "gone";
  /** Of the direction back. */
  readonly replies: { readonly packets: bigint; readonly bytes: bigint };
}

export interface Endings extends SweepUser {
  /** Tells of what ends from now on, until it is disposed of. Costs memory of the tables' size meanwhile. */
  watch(tell: (ended: EndedFlow) => void): Disposable;
}

type Totals = EndedFlow["replies"];
interface Half {
  readonly flow: Flow;
  readonly reason: EndedFlow["reason"];
  /** How many sweeps have ended since it was found. */
  sweeps: number;
}

const NOTHING: Totals = { packets: 0n, bytes: 0n };
/** Of an entry's `change` and `state` (bpf-lib/flow/entry.ts, state.ts). */
const DIRECT = 8;
const CLOSING = 3;

/** What both directions of a flow have in common; networks differ where it goes from one to another. */
function nameOf({ service, protocol, client, sent }: Flow): string {
  const ends = [client, sent].map((one) =>
    [one.source, one.destination, one.sourcePort, one.destinationPort].join(" "),
  );
  return `${service} ${protocol} ${ends.join(" ")}`;
}

/** A table as it was seen last: a copy of each way; `until` is 0 where nothing is left to be told of. */
interface Memory {
  readonly seen: Uint32Array;
  readonly scratch: Uint32Array;
  /** What is in the scratch memory. */
  readonly read: () => { readonly flow: Flow | null; readonly state: number; readonly change: number };
  /** Of IPv6: the word that names the partner in the other family. */
  readonly partner: number;
}

export function endingsOf({ manifest }: Pick<Node, "manifest">, start: () => void): Endings {
  const watchers = new Set<(ended: EndedFlow) => void>();
  const memories = new Map<4 | 6, Memory>();
  /** The first sweep only learns what stands. */
  let learning = true;
  let clients: Half[] = [];
  let replies = new Map<string, { totals: Totals; sweeps: number }[]>();
  /** Whether the sweep that is under way began after somebody came to watch. */
  let watched = false;
  /** The way that is looked at. */
  let current = 0;

  /** The IPv6 entry of a flow across the families, as it was seen last: it must name this one. */
  const partners: Pick<Partners, "endsOf"> = {
    endsOf(index) {
      const six = memories.get(6);
      if (six === undefined || index < 0 || (index + 1) * six.scratch.length > six.seen.length) return null;
      const at = index * six.scratch.length;
      if (six.seen[at + six.partner] !== current + 1) return null;
      return partnerEnds(new DataView(six.seen.buffer, at * 4, six.scratch.length * 4));
    },
  };

  function memoryOf({ table, words }: Slice): Memory {
    const known = memories.get(table.family);
    if (known !== undefined) return known;
    const way = wayLayout(manifest.maps.find((map) => map.name === table.map.name));
    if (way === null) throw new TypeError("The node has no flow tables.");
    const at = offsets(way);
    const read = wayReader(table.family, way);
    const scratch = new Uint32Array(table.words);
    const view = new DataView(scratch.buffer);
    const made: Memory = {
      seen: new Uint32Array(words.length),
      scratch,
      partner: table.family === 6 ? at("partner") / 4 : 0,
      read: () => ({
        flow: read(view, 0, partners),
        state: view.getUint8(at("state")),
        change: view.getUint16(at("change"), true),
      }),
    };
    memories.set(table.family, made);
    return made;
  }

  /** What is in the scratch memory has ended. */
  function ended({ scratch, read }: Memory, until: number, reason: EndedFlow["reason"] | null): void {
    const was = scratch[until] as number;
    // Readers pass over what has no time.
    scratch[until] = 1;
    const { flow, state, change } = read();
    if (flow === null || learning) return;
    if ((change & REPLY) !== 0) {
      const name = nameOf(flow);
      const { packets, bytes } = flow;
      replies.set(name, [...(replies.get(name) ?? []), { totals: { packets, bytes }, sweeps: 0 }]);
      return;
    }
    const why = reason ?? (was === 0 ? "flushed" : state === CLOSING ? "finished" : "idle");
    // Nobody answers the node of such a flow: there is nothing to wait for.
    clients.push({ flow, reason: why, sweeps: (change & DIRECT) !== 0 ? 1 : 0 });
  }

  function lookAt(slice: Slice, memory: Memory, way: number): void {
    const { table, words, now } = slice;
    const { seen, scratch } = memory;
    const at = way * table.words;
    current = way;
    const until = words[at + table.until] as number;
    // The word after `until` has the serial number in its low half.
    const serial = (words[at + table.until + 1] as number) & 0xffff;
    if ((serial & 1) !== 0) return;
    const held = (seen[at + table.until] as number) !== 0;
    const same = ((seen[at + table.until + 1] as number) & 0xffff) === serial;
    const alive = lives(until, now);
    const copy = (from: Uint32Array): void => {
      for (let i = 0; i < table.words; i++) scratch[i] = from[at + i] as number;
    };
    if (held && !same) {
      copy(seen);
      ended(memory, table.until, "gone");
      seen[at + table.until] = 0;
    }
    // Nothing was ever there, it was taken away, or it has been told of.
    const empty = until === 0 && words[at + table.ports + 1] === 0;
    if (!alive && (same ? !held : empty)) {
      if (!same) seen[at + table.until + 1] = words[at + table.until + 1] as number;
      return;
    }
    copy(words);
    // A way that was begun anew meanwhile is looked at next time.
    if (((words[at + table.until + 1] as number) & 0xffff) !== serial) return;
    for (let i = 0; i < table.words; i++) seen[at + i] = scratch[i] as number;
    if (alive) return;
    ended(memory, table.until, null);
    seen[at + table.until] = 0;
  }

  function tell(half: Half, totals: Totals): void {
    for (const one of watchers) one({ ...half.flow, reason: half.reason, replies: totals });
  }

  return {
    wants: () => watchers.size > 0,
    begin() {
      watched = watchers.size > 0;
    },
    look(slice) {
      if (!watched) return;
      const memory = memoryOf(slice);
      for (let way = slice.from; way < slice.to; way++) lookAt(slice, memory, way);
    },
    end() {
      if (!watched) return;
      learning = false;
      const waiting: Half[] = [];
      for (const half of clients) {
        const back = replies.get(nameOf(half.flow))?.shift();
        if (back !== undefined || half.sweeps > 0) tell(half, back?.totals ?? NOTHING);
        else waiting.push({ ...half, sweeps: half.sweeps + 1 });
      }
      clients = waiting;
      const kept = new Map<string, { totals: Totals; sweeps: number }[]>();
      for (const [name, all] of replies) {
        const young = all.filter(({ sweeps }) => sweeps === 0).map((one) => ({ ...one, sweeps: 1 }));
        if (young.length > 0) kept.set(name, young);
      }
      replies = kept;
    },
    watch(one) {
      watchers.add(one);
      start();
      return {
        [Symbol.dispose]: () => {
          watchers.delete(one);
          if (watchers.size > 0) return;
          memories.clear();
          clients = [];
          replies = new Map();
          learning = true;
          watched = false;
        },
      };
    },
  };
}
