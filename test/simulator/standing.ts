/**
 * Connections that stand when failures stop: each goes on, by every forwarder and from both ends. A flow table that drops their packets without a
 * word answers nothing wrong, so that nothing else would show it.
 */
import type { Violation } from "./checker.ts";
import { mix } from "./fate.ts";
import type { Tenants } from "./tenants.ts";
import type { Packet } from "./wire.ts";

/** A packet, and the forwarder that it comes to. */
export interface Tried {
  readonly packet: Packet;
  readonly forwarder: number;
}

/** Of a flow, or of a flow by one forwarder and from one end: packets in a row that came to nothing, and when the first of them was sent. */
interface Row {
  missed: number;
  since: number;
}

/** So many in a row are no accident where nothing is lost: one may meet a view that is just changing. */
const TOO_MANY = 5;
const ENDS = ["client", "server"] as const;

export class Standing {
  readonly #tenants: Tenants;
  /** How long a packet may be under way. */
  readonly #way: number;
  readonly #flows: ReadonlySet<number>;
  readonly #rows = new Map<string, Row>();
  readonly #served = new Set<number>();
  #round = 0;

  /** @param way how long a packet may be under way through the whole cluster, in milliseconds. */
  constructor(tenants: Tenants, flows: readonly number[], now: number, way: number) {
    this.#tenants = tenants;
    this.#way = way;
    this.#flows = new Set(flows.filter((index) => tenants.stands(index, now)));
  }

  /** How many of them have been served at all since. */
  get served(): number {
    return this.#served.size;
  }

  /** The next packet of every flow that still stands: each time by another forwarder, or from the other end. */
  packets(forwarders: readonly number[], now: number): readonly Tried[] {
    const round = this.#round++;
    const forwarder = forwarders[round % forwarders.length];
    const from = ENDS[Math.floor(round / forwarders.length) % ENDS.length] as Packet["from"];
    if (forwarder === undefined) return [];
    const tried: Tried[] = [];
    for (const index of this.#flows) {
      if (!this.#tenants.stands(index, now)) continue;
      const packet = this.#tenants.goesOn(index, from, now, mix(round, index));
      for (const name of this.#names(packet, forwarder)) {
        const row = this.#rows.get(name);
        if (row === undefined) this.#rows.set(name, { missed: 1, since: now });
        else row.missed += 1;
      }
      tried.push({ packet, forwarder });
    }
    return tried;
  }

  #names({ flow, from }: Packet, forwarder: number): readonly string[] {
    return [`flow ${flow.index}`, `flow ${flow.index}, by forwarder ${forwarder}, from its ${from}`];
  }

  released(packet: Packet, forwarder: number): void {
    if (!this.#flows.has(packet.flow.index)) return;
    this.#served.add(packet.flow.index);
    for (const name of this.#names(packet, forwarder)) this.#rows.delete(name);
  }

  /** Of a flow whose packets come to nothing while it stands. */
  violation(now: number): Violation | null {
    for (const [name, { missed, since }] of this.#rows) {
      if (missed < TOO_MANY || now - since < this.#way) continue;
      const flow = Number(/\d+/.exec(name)?.[0]);
      if (!this.#tenants.stands(flow, now)) this.#rows.delete(name);
      else {
        const text = `${name}: it stands, and ${missed} packets in a row come to nothing`;
        return { invariant: "Progress", text, at: now, flow };
      }
    }
    return null;
  }
}
