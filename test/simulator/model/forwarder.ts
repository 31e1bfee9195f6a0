/** A forwarder of the model: its cache of leases, and what it sends where. */
import { isTombstone } from "../../../runtime/cluster/expiry.ts";
import type { Times } from "../../../runtime/cluster/time.ts";
import type { View } from "../../../runtime/cluster/view.ts";
import { OUTSIDE, type Packet, type Sent, type SimulatedNode, type Surroundings, type Turn } from "../wire.ts";
import { ModelAgent, pathIn } from "./agent.ts";
import { describe, type Entry, keyOf, type Operation, type OperationKind } from "./operation.ts";
import type { Rules } from "./rules.ts";

type Frames = readonly Sent<Operation>[];
const HOPS = 6;
const nothing: Frames = [];

interface Lease {
  readonly entry: Entry;
  readonly asked: number;
  readonly end: number;
}

export class Forwarder implements SimulatedNode<Operation> {
  readonly #number: number;
  readonly #times: Times;
  readonly #rules: Rules;
  readonly #agent: ModelAgent;
  readonly #cache = new Map<number, Lease>();
  #started = Number.NaN;
  #swept = 0;

  constructor(number: number, { times }: Surroundings, rules: Rules) {
    this.#number = number;
    this.#times = times;
    this.#rules = rules;
    this.#agent = new ModelAgent(number, times, rules);
  }

  receive(operation: Operation, now: number): Frames {
    this.#agent.heard(operation.epoch);
    if (!this.#agent.mayAct(now)) return nothing;
    switch (operation.kind) {
      case "enter":
        return this.#enter(operation.packet as Packet, now);
      case "reply":
        return this.#reply(operation, now);
      case "refuse":
        return this.#release(operation.packet as Packet, null, "is refused by what the chain says");
      case "stale":
        return this.#bounced(operation, now);
      default:
        return nothing;
    }
  }

  #enter(packet: Packet, now: number): Frames {
    const lease = this.#cache.get(keyOf(packet));
    const isCurrent = lease !== undefined && now < lease.end;
    if (packet.kind === "DATA" || !this.#rules.toHead) {
      if (isCurrent && now - lease.asked < this.#times.renewAfter)
        return this.#release(packet, lease.entry, "leaves by the cache");
      return this.#ask(packet, isCurrent ? "touch" : "lookup", now, HOPS);
    }
    return this.#ask(packet, packet.kind === "SYN" ? "decide" : "close", now, HOPS);
  }

  #ask(packet: Packet, kind: OperationKind, sent: number, hops: number): Frames {
    const view = this.#agent.view as View;
    const { bucket } = packet.flow;
    const { members, complete } = pathIn(view, bucket);
    const reading = this.#rules.readAtTail ? complete - 1 : packet.id % complete;
    const place = kind === "lookup" ? reading : 0;
    const to = members[place];
    if (to === undefined) return nothing;
    const body: Operation = {
      kind,
      epoch: view.epoch,
      bucket,
      key: keyOf(packet),
      place,
      packet,
      forwarder: this.#number,
      sent,
      hops,
      entry: null,
      source: 0,
      age: 0,
    };
    return [{ to: to.node, body }];
  }

  #reply({ packet, entry, sent }: Operation, now: number): Frames {
    if (entry === null || packet === null) return nothing;
    this.#keep(entry, sent, now);
    return this.#release(packet, entry, "leaves by what the chain says");
  }

  #keep(entry: Entry, sent: number, now: number): void {
    const { tombstoneNoLease, leaseFromSend, settled, newestLease } = this.#rules;
    const keys = [entry.key, entry.reverse];
    if (isTombstone(entry.state) && tombstoneNoLease) {
      for (const key of keys) if (this.#cache.get(key)?.entry.decision === entry.decision) this.#cache.delete(key);
      return;
    }
    // What was sent in the future was sent by an earlier life, whose clock began elsewhere.
    if (settled && (sent > now || now < this.#started + this.#times.settle)) return;
    const asked = leaseFromSend ? sent : now;
    const end = asked + this.#times.cacheLease;
    if (end <= now) return;
    for (const key of keys) {
      const standing = this.#cache.get(key);
      if (newestLease && standing !== undefined && now < standing.end && standing.entry.version > entry.version)
        continue;
      this.#cache.set(key, { entry, asked, end });
    }
  }

  #bounced({ packet, sent, hops, entry }: Operation, now: number): Frames {
    if (packet === null || hops <= 0) return nothing;
    if (this.#rules.resendAge && now - sent > this.#times.resendAge) return nothing;
    if (entry !== null) return this.#reply({ packet, entry, sent } as Operation, now);
    const kind = packet.kind === "SYN" ? "decide" : packet.kind === "DATA" ? "lookup" : "close";
    return this.#ask(packet, kind, sent, hops - 1);
  }

  #release(packet: Packet, entry: Entry | null, how: string): Frames {
    const body = { kind: "released", packet, entry, forwarder: this.#number, how };
    return [{ to: OUTSIDE, body: body as unknown as Operation }];
  }

  turn(now: number): Turn<Operation> {
    if (Number.isNaN(this.#started)) this.#started = now;
    if (now - this.#swept > this.#times.cacheLease) {
      this.#swept = now;
      for (const [key, lease] of this.#cache) if (now >= lease.end) this.#cache.delete(key);
    }
    return { frames: nothing, asks: this.#agent.asks(now) };
  }

  answer(view: View | null, asked: number, now: number): void {
    this.#agent.answer(view, asked, now);
  }

  describe(operation: Operation): string {
    return describe(operation);
  }
}
