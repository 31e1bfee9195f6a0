/** What goes wrong in a history: each kind of fault, and whom it meets. */
import { type Member, memberOf, type View } from "../../runtime/cluster/view.ts";
import type { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import type { Fault, FaultKind, Plan } from "./plan.ts";
import type { Store } from "./store.ts";
import type { Packet } from "./wire.ts";

/** What faults meet, and what is there when they are over. */
export interface Field<Body> {
  readonly now: number;
  readonly isCalm: boolean;
  readonly plan: Plan;
  readonly store: Store;
  readonly network: Network;
  readonly machines: ReadonlyMap<number, Machine<Body>>;
  after(milliseconds: number, run: () => void): void;
  stop(machine: Machine<Body>): void;
  restart(machine: Machine<Body>): void;
  /** Whether this member is up, with the table that it was taken in with. */
  isIntact(member: Member): boolean;
  /** Nobody has anything of these buckets any more. */
  lose(buckets: readonly number[]): void;
  /** Nor of those that the view says so of since this one. */
  lostBy(before: View): void;
  /** A packet comes to a forwarder: the first, the second and so on. */
  enter(packet: Packet, forwarder: number): void;
  /** All faults end. */
  clear(): void;
  tell(text: () => string): void;
  /** What `happens` tells comes behind this line; there is none when it does nothing. */
  tellOf(text: string, happens: () => boolean): boolean;
}

/** One of them, by a roll of 0 to 1. */
export const pick = <T>(items: readonly T[], roll: number): T | undefined => items[Math.floor(roll * items.length)];

export class Faults<Body> {
  readonly #field: Field<Body>;
  /** How many there were of each kind. */
  readonly counts: Record<string, number> = {};

  constructor(field: Field<Body>) {
    this.#field = field;
  }

  /** Where there is nothing to do for its kind, another takes its turn. */
  happen(fault: Fault): void {
    if (this.#field.isCalm) return;
    const { only } = this.#field.plan;
    const first = only.indexOf(fault.kind);
    for (let turn = 0; turn < only.length; turn++) {
      const kind = only[(first + turn) % only.length] as FaultKind;
      const text = `FAULT: ${kind}, for ${fault.lasts.toFixed(0)} ms`;
      if (!this.#field.tellOf(text, () => this.#happens({ ...fault, kind }))) continue;
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      return;
    }
  }

  #happens({ kind, lasts, roll }: Fault): boolean {
    const { now, store, plan } = this.#field;
    const machines = [...this.#field.machines.values()];
    const { view } = store;
    const listed = view.chains.flatMap(({ complete, joiners }) => [...complete, ...joiners]);
    const member = pick(listed, roll);
    const machine = member === undefined ? undefined : this.#field.machines.get(member.node);
    const any = pick(
      machines.filter((one) => one.isUp),
      roll,
    );
    if (member === undefined || machine === undefined || any === undefined) return false;
    switch (kind) {
      case "crash":
        if (!machine.isUp || !this.#mayLose(machine.number)) return false;
        this.#field.stop(machine);
        this.#field.after(lasts, () => this.#field.restart(machine));
        return true;
      case "expulsion":
        return !store.isOut(now) && this.#isExpelled(member);
      case "split":
        // The classical one: a member that is alive, hears nothing, and is expelled meanwhile.
        if (store.isOut(now) || !this.#mayLose(member.node)) return false;
        this.#cut(machine, lasts, roll * 10 > 3, true, true);
        this.#field.after((roll * 1000) % 30, () => this.#isExpelled(member));
        return true;
      case "partition":
        this.#cut(any, lasts, true, true, roll > 0.5);
        return true;
      case "one-way partition":
        this.#cut(any, lasts, (roll * 10) % 1 < 0.5, (roll * 10) % 1 >= 0.5, roll > 0.5);
        return true;
      case "slow node":
        any.slowUntil = now + lasts;
        return true;
      case "paused node":
        any.pausedUntil = now + lasts / 4;
        return true;
      case "stale view":
        any.staleUntil = now + lasts;
        return true;
      case "left behind": {
        // A member is expelled, and neither it nor a forwarder hears of it: they go on with each other.
        const forwarder = this.#field.machines.get(pick(plan.first.forwarders, (roll * 100) % 1) ?? 0);
        if (forwarder === undefined || store.isOut(now) || !this.#mayLose(member.node)) return false;
        machine.staleUntil = now + lasts;
        forwarder.staleUntil = now + lasts;
        this.#field.after((roll * 1000) % 30, () => this.#isExpelled(member));
        return true;
      }
      case "store outage":
        store.outage(now + lasts);
        return true;
      case "forwarder restart": {
        const forwarder = this.#field.machines.get(pick(plan.first.forwarders, roll) ?? 0);
        if (forwarder === undefined || !forwarder.isUp) return false;
        this.#field.stop(forwarder);
        this.#field.after(lasts / 10, () => this.#field.restart(forwarder));
        return true;
      }
      case "loss burst":
        this.#field.network.burst(now + lasts, 0.3 + 0.5 * roll);
        return true;
      default:
        return !store.isOut(now) && this.#changes({ kind, lasts, roll }, member);
    }
  }

  /** The controller changes its mind. */
  #changes({ kind, lasts, roll }: Pick<Fault, "kind" | "lasts" | "roll">, member: Member): boolean {
    const { now, store, plan } = this.#field;
    const { view } = store;
    switch (kind) {
      case "scale-out": {
        const nodes = this.#spares().slice(0, Math.max(1, plan.times.chain - 1));
        return nodes.length > 0 && store.change({ kind, nodes }, now);
      }
      case "scale-in": {
        const chain = pick(view.chains, roll);
        return chain !== undefined && store.change({ kind, chain: chain.id }, now);
      }
      case "there and back":
        return this.#thereAndBack(member, lasts, roll);
      case "roll-back":
        return store.change({ kind, buckets: Object.keys(view.moves).map(Number) }, now);
      default:
        return false;
    }
  }

  #spares(): readonly number[] {
    const { plan, store, machines } = this.#field;
    return plan.tables.filter((node) => machines.get(node)?.isUp && memberOf(store.view, node) === null);
  }

  #cut(machine: Machine<Body>, lasts: number, into: boolean, out: boolean, store: boolean): void {
    const { network } = this.#field;
    const cut = { node: machine.number, into, out, store };
    const who = `${machine.role} ${machine.number}`;
    network.cut(cut);
    this.#field.tell(
      () =>
        `${who} is cut off${into && out ? "" : into ? ", as to what it hears" : ", as to what it says"}${store ? ", from the store too" : ""}`,
    );
    this.#field.after(lasts, () => {
      network.heal(cut);
      this.#field.tell(() => `${who} is no longer cut off`);
    });
  }

  /** Buckets begin to move to this member's chain, stay after all, and move again; it hears of the last time only. */
  #thereAndBack(member: Member, lasts: number, roll: number): boolean {
    const { view } = this.#field.store;
    const own = memberOf(view, member.node)?.chain.id;
    const other = view.chains.find(({ id }) => id !== own && view.keepers.includes(id));
    const machine = this.#field.machines.get(member.node);
    if (other === undefined || machine === undefined) return false;
    const move = (): boolean => this.#field.store.change({ kind: "scale-in", chain: other.id }, this.#field.now);
    if (!move()) return false;
    const begins = 40 + 100 * roll;
    const gap = 2 * lasts;
    this.#field.after(begins, () => {
      if (this.#field.isCalm) return;
      machine.staleUntil = this.#field.now + gap;
      const buckets = Object.keys(this.#field.store.view.moves).map(Number);
      this.#field.store.change({ kind: "roll-back", buckets }, this.#field.now);
    });
    this.#field.after(begins + gap - 10, () => {
      if (!this.#field.isCalm) move();
    });
    return true;
  }

  #isExpelled(member: Member): boolean {
    const found = memberOf(this.#field.store.view, member.node);
    if (found?.member.joined !== member.joined || !this.#mayLose(member.node)) return false;
    const before = this.#field.store.view;
    const isLast = found.chain.complete.length === 1 && found.chain.complete[0] === found.member;
    const { now } = this.#field;
    if (!isLast) return this.#field.store.change({ kind: "expel", ...member }, now);
    const [spare] = this.#spares();
    const { id: chain, complete: instead } = found.chain;
    const changed = this.#field.store.change({ kind: "replace", chain, nodes: [spare ?? member.node], instead }, now);
    if (changed) this.#field.lostBy(before);
    return changed;
  }

  /** Whether a chain keeps a member that has everything without this node; marks it lost where that is in the plan. */
  #mayLose(node: number): boolean {
    const { view } = this.#field.store;
    const found = memberOf(view, node);
    if (found === null) return true;
    const rest = found.chain.complete.filter((member) => member.node !== node && this.#field.isIntact(member));
    if (rest.length > 0) return true;
    if (!this.#field.plan.losses) return false;
    this.#field.lose([...view.keepers.keys()].filter((bucket) => view.keepers[bucket] === found.chain.id));
    return true;
  }
}
