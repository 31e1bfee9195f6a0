/** The end of a history: failures stop, and what must work then. */
import type { Times } from "../../runtime/cluster/time.ts";
import type { Checker, Violation } from "./checker.ts";
import { LONGEST_CALM, mix, part } from "./fate.ts";
import { type Field, pick } from "./faults.ts";
import type { Machine } from "./machine.ts";
import type { Queue } from "./queue.ts";
import { Standing } from "./standing.ts";
import type { Tenants } from "./tenants.ts";
import type { Packet } from "./wire.ts";

/** How often agents have a turn, in milliseconds. */
export const TURN = 5;

/** Until nothing is left of a flow that nobody speaks of, in milliseconds. */
export const forgottenAfter = ({ entryLife, closingLife, tombstone, viewLease }: Times): number =>
  1.3 * (entryLife + closingLife + 2 * tombstone + 2 * viewLease);

/** What drives a history, and what looks at it. */
interface Course {
  readonly queue: Queue;
  readonly checker: Checker;
  readonly tenants: Tenants;
}

export class Calm<Body> {
  readonly #field: Field<Body>;
  readonly #course: Course;
  #standing: Standing | null = null;
  #unserved: Set<number> | null = null;
  /** Connections that stood when failures stopped, and went on. */
  stood = 0;

  constructor(field: Field<Body>, course: Course) {
    this.#field = field;
    this.#course = course;
  }

  /** A packet has left by a decision. */
  released(packet: Packet, forwarder: number): void {
    this.#standing?.released(packet, forwarder);
    this.#unserved?.delete(packet.flow.index);
  }

  #tried(): readonly number[] {
    return this.#field.plan.tried ?? this.#field.plan.flows.map(({ index }) => index);
  }

  /** Whether all nodes that are up have the newest view, and all that it lists are. */
  #isSettled(): boolean {
    const { view } = this.#field.store;
    const up = [...this.#field.machines.values()].filter(({ isUp }) => isUp);
    const listed = view.chains.flatMap(({ complete, joiners }) => [...complete, ...joiners]);
    return up.every(({ knows }) => knows === view.epoch) && listed.every((member) => this.#field.isIntact(member));
  }

  /**
   * All faults end, in half of the histories with the loss of all members of each chain but one. As soon as who is left knows, what stood before goes
   * on: each connection, by each forwarder, from both ends.
   */
  goesOn(): void {
    const { seed, first, times } = this.#field.plan;
    const queue = this.#course.queue;
    this.#field.clear();
    if (part(mix(seed, 5), 1) < 0.5) this.#lastOnes();
    const isOver = (): boolean => this.#course.checker.violation !== null;
    const until = (time: number): void => {
      queue.runUntil(time, isOver);
      if (!isOver()) queue.now = time;
    };
    for (let turn = 0; turn < 60 && !this.#isSettled(); turn++) until(queue.now + TURN);
    const way = 2 * (times.longestPath + 2) * LONGEST_CALM * times.hop;
    const standing = new Standing(this.#course.tenants, this.#tried(), queue.now, way);
    this.#standing = standing;
    const end = queue.now + times.cacheLease + times.viewLease + 100;
    while (queue.now < end && !isOver()) {
      const forwarders = first.forwarders.filter((number) => this.#field.machines.get(number)?.isUp);
      for (const { packet, forwarder } of standing.packets(forwarders, queue.now))
        this.#field.enter(packet, first.forwarders.indexOf(forwarder));
      until(queue.now + TURN);
      this.#course.checker.violation ??= standing.violation(queue.now);
    }
    this.stood = standing.served;
    this.#standing = null;
  }

  /** All that have everything of a chain's buckets are gone but for one. */
  #lastOnes(): void {
    for (const { id, complete } of this.#field.store.view.chains) {
      const intact = complete.filter((member) => this.#field.isIntact(member));
      const kept = pick(intact, part(mix(this.#field.plan.seed, 6), id));
      for (const member of intact)
        if (member !== kept) this.#field.stop(this.#field.machines.get(member.node) as Machine<Body>);
    }
  }

  /** All faults end, and when nothing is left of what was, each flow is tried: what is not served then. */
  stuck(): Violation | null {
    const { times, script, first } = this.#field.plan;
    const queue = this.#course.queue;
    const isOver = (): boolean => this.#course.checker.violation !== null;
    const calm = queue.now;
    if (!this.#field.isCalm) this.#field.clear();
    const settled = calm + (script === undefined ? forgottenAfter(times) + times.quiet : 0) + 400;
    queue.runUntil(settled, isOver);
    const unserved = new Set(this.#tried());
    this.#unserved = unserved;
    for (let turn = 0; turn < 12 && unserved.size > 0; turn++) {
      for (const index of unserved)
        this.#field.enter(
          this.#course.tenants.probe(index, queue.now, mix(turn, index), script?.tried),
          (index + turn) % first.forwarders.length,
        );
      queue.runUntil(settled + (turn + 1) * 100, isOver);
      queue.now = settled + (turn + 1) * 100;
    }
    const [flow] = unserved;
    if (this.#course.checker.violation !== null || flow === undefined) return this.#course.checker.violation;
    return { invariant: "Progress", text: `flow ${flow} is not served when all is well`, at: queue.now, flow };
  }
}
