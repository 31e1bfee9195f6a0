/**
 * A cluster in one process: nodes of some implementation, a network, a store and a controller, tenants, and faults; one virtual
 * clock drives all. A plan gives the same history every time.
 */
import type { Member, View } from "../../runtime/cluster/view.ts";
import { Calm, forgottenAfter, TURN } from "./calm.ts";
import { Checker, type Violation } from "./checker.ts";
import { mix, part } from "./fate.ts";
import { Faults, type Field } from "./faults.ts";
import { localTime, type Machine, NEVER } from "./machine.ts";
import { type Carried, Network, STORE } from "./network.ts";
import type { Plan } from "./plan.ts";
import { Queue } from "./queue.ts";
import { type Deed, mishapOf } from "./script.ts";
import { repairOf, Store } from "./store.ts";
import { Tenants } from "./tenants.ts";
import { type Ask, type Implementation, OUTSIDE, type Packet, type Sent, type SimulatedNode } from "./wire.ts";

export interface Outcome {
  readonly violation: Violation | null;
  readonly events: number;
  readonly packets: number;
  readonly releases: number;
  readonly flows: number;
  readonly epochs: number;
  /** Connections that stood when failures stopped, and went on. */
  readonly stood: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly network: Carried;
  /** In words, when it was asked for. */
  readonly lines: readonly string[];
}

const CONTROL = 5;

class Simulation<Body> {
  readonly #plan: Plan;
  readonly #implementation: Implementation<Body>;
  readonly #queue = new Queue();
  readonly #machines = new Map<number, Machine<Body>>();
  readonly #store: Store;
  readonly #checker: Checker;
  readonly #tenants: Tenants;
  readonly #lines: string[] | null;
  readonly #network: Network;
  readonly #faults: Faults<Body>;
  readonly #calm: Calm<Body>;
  #isCalm = false;
  #decisions = 0;
  #joined = 0;

  constructor(plan: Plan, implementation: Implementation<Body>, inWords: boolean) {
    this.#plan = plan;
    this.#implementation = implementation;
    this.#lines = inWords ? [] : null;
    const { times } = plan;
    this.#checker = new Checker(times.idle, times.closing);
    this.#tenants = new Tenants(plan.flows, this.#checker, {
      idle: times.idle,
      closing: times.closing,
      gone: forgottenAfter(times),
      lingers: times.closingLife > 0 && plan.script === undefined,
      strays:
        times.tombstone / (1 + times.drift) - times.resendAge / (1 - times.drift) - (times.longestPath + 2) * times.hop,
    });
    this.#store = new Store(plan.first, this.#teller());
    this.#network = new Network(plan);
    const field = this.#field();
    this.#faults = new Faults(field);
    this.#calm = new Calm(field, { queue: this.#queue, checker: this.#checker, tenants: this.#tenants });
    for (const number of plan.tables) this.#machine(number, "table");
    for (const number of plan.first.forwarders) this.#machine(number, "forwarder");
  }

  #teller(): ((text: string) => void) | null {
    const lines = this.#lines;
    return lines === null ? null : (text) => void lines.push(`${this.#queue.now.toFixed(1)} ms: ${text}`);
  }

  #tell(text: () => string): void {
    if (this.#lines !== null) this.#lines.push(`${this.#queue.now.toFixed(1)} ms: ${text()}`);
  }

  #field(): Field<Body> {
    const queue = this.#queue;
    const isCalm = (): boolean => this.#isCalm;
    return {
      get now() {
        return queue.now;
      },
      get isCalm() {
        return isCalm();
      },
      plan: this.#plan,
      store: this.#store,
      network: this.#network,
      machines: this.#machines,
      after: (milliseconds, run) => queue.in(milliseconds, run),
      stop: (machine) => this.#stop(machine),
      restart: (machine) => this.#restart(machine),
      isIntact: (member) => this.#isIntact(member),
      lose: (buckets) => this.#lose(buckets),
      lostBy: (before) => this.#lostBy(before),
      enter: (packet, forwarder) => this.#enter(packet, forwarder),
      clear: () => this.#clear(),
      tell: (text) => this.#tell(text),
      tellOf: (text, happens) => this.#tellOf(text, happens),
    };
  }

  #tellOf(text: string, happens: () => boolean): boolean {
    const line = this.#lines?.length ?? 0;
    const said = `${this.#queue.now.toFixed(1)} ms: ${text}`;
    if (!happens()) return false;
    this.#lines?.splice(line, 0, said);
    return true;
  }

  #node(number: number, role: Machine<Body>["role"]): SimulatedNode<Body> {
    const decide = () => ++this.#decisions;
    return this.#implementation.node(number, role, { times: this.#plan.times, decide, tell: this.#teller() });
  }

  #machine(number: number, role: Machine<Body>["role"]): void {
    const { rate, offset } = this.#plan.clocks.get(number) ?? { rate: 1, offset: 0 };
    const machine: Machine<Body> = {
      number,
      role,
      node: this.#node(number, role),
      isUp: true,
      started: NEVER,
      stopped: NEVER,
      lives: 1,
      rate,
      offset,
      pausedUntil: NEVER,
      slowUntil: NEVER,
      staleUntil: NEVER,
      knows: this.#plan.first.epoch,
    };
    this.#machines.set(number, machine);
    machine.node.answer(null, offset, offset);
    machine.node.answer(this.#plan.first, offset, offset);
    this.#queue.at(part(mix(this.#plan.seed, number), 1) * TURN, () => this.#turn(machine));
  }

  #local(machine: Machine<Body>): number {
    return localTime(machine, this.#queue.now);
  }

  run(): Outcome {
    const { actions, faults, packets, decisions, times, script } = this.#plan;
    const queue = this.#queue;
    // Each of these plans the next one, so that the heap stays small.
    const act = (index: number): void => {
      const action = actions[index];
      if (action === undefined || this.#isCalm) return;
      queue.at(action.at, () => {
        const id = mix(this.#plan.seed, Math.floor(action.at * 1e6) % 2 ** 31);
        for (const packet of this.#tenants.act(action, queue.now, id)) this.#enter(packet, action.forwarder);
        act(index + 1);
      });
    };
    act(0);
    for (const fault of faults) queue.at(fault.at, () => this.#faults.happen(fault));
    for (const deed of script?.deeds ?? []) queue.at(deed.at, () => this.#deed(deed));
    queue.at(0, () => this.#control());
    const isOver = (): boolean => this.#checker.violation !== null;
    const isEnough = (): boolean => this.#tenants.packets >= packets && this.#checker.flows >= decisions;
    const last = script?.deeds.at(-1);
    const end = last === undefined ? (actions.at(-1)?.at ?? 0) : last.at + 2 * times.longestPath * times.hop;
    queue.runUntil(end, () => isOver() || isEnough());
    const isTried = script === undefined || script.tried !== undefined;
    if (!isOver() && script === undefined) this.#calm.goesOn();
    const violation = this.#checker.violation ?? (isTried ? this.#calm.stuck() : null);
    if (violation !== null) this.#tell(() => `${violation.invariant.toUpperCase()} VIOLATED: ${violation.text}`);
    return {
      violation,
      events: queue.count,
      packets: this.#tenants.packets,
      releases: this.#checker.releases,
      flows: this.#checker.flows,
      epochs: this.#store.view.epoch,
      stood: this.#calm.stood,
      faults: this.#faults.counts,
      network: this.#network.carried,
      lines: this.#lines ?? [],
    };
  }

  #deed(deed: Deed): void {
    const { now } = this.#queue;
    if ("packet" in deed) {
      const id = mix(this.#plan.seed, Math.floor(now * 1000));
      for (const packet of this.#tenants.says(deed, now, id)) this.#enter(packet, deed.by);
    } else if ("change" in deed) this.#store.change(deed.change(this.#store.view), now);
    else (this.#machines.get(deed.deaf) as Machine<Body>).staleUntil = now + deed.lasts;
  }

  #enter(packet: Packet, forwarder: number): void {
    const number = this.#plan.first.forwarders[forwarder] as number;
    this.#tell(
      () =>
        `${packet.kind} of flow ${packet.flow.index}, life ${packet.life}, from its ${packet.from}, comes to forwarder ${number}`,
    );
    const machine = this.#machines.get(number) as Machine<Body>;
    this.#deliver(machine, this.#implementation.enter(packet), mix(packet.id, 11), this.#queue.now, false);
  }

  /** Frames that one event has caused; each gets a name of its own, from which follows what becomes of it. */
  #send(from: Machine<Body>, frames: readonly Sent<Body>[], cause: number): void {
    for (const [index, { to, body }] of frames.entries()) {
      if (to === OUTSIDE) this.#release(body, from.number);
      else this.#carry(from.number, to, body, mix(cause, index + 17));
    }
  }

  #release(body: Body, forwarder: number): void {
    const release = this.#implementation.release(body);
    const { packet, decision, port, how } = release;
    this.#tell(() => {
      const by = decision === null ? "" : `, decision ${decision}, port ${port}`;
      return `forwarder ${forwarder}: ${packet.kind} of flow ${packet.flow.index}, life ${packet.life} ${how}${by}`;
    });
    this.#tenants.released(release, this.#queue.now);
    this.#checker.released(release, this.#queue.now);
    if (decision !== null) this.#calm.released(packet, forwarder);
  }

  #carry(from: number, to: number, body: Body, trace: number): void {
    const machine = this.#machines.get(to);
    if (machine === undefined) return;
    const sent = this.#queue.now;
    const told = from === to ? null : this.#mishap(from, machine, body);
    const delays = this.#network.carry(from, to, mix(trace, this.#plan.seed), sent, machine.slowUntil > sent, told);
    if (delays.length === 0) this.#tell(() => `lost on the way from ${from} to ${to}: ${machine.node.describe(body)}`);
    for (const [copy, delay] of delays.entries())
      this.#queue.in(delay, () => this.#deliver(machine, body, mix(trace, 31 + copy), sent, true));
  }

  #mishap(from: number, { number, node }: Machine<Body>, body: Body): readonly number[] | null {
    const { script } = this.#plan;
    if (script === undefined || this.#isCalm) return null;
    return mishapOf(script, from, number, this.#queue.now, () => node.describe(body))?.delays ?? null;
  }

  /** What waits at a node that stands still is older than a frame may be, sooner or later, and then it is gone. */
  #deliver(machine: Machine<Body>, body: Body, trace: number, sent: number, isTold: boolean): void {
    const { now } = this.#queue;
    if (!machine.isUp) return;
    if (now < machine.pausedUntil) {
      if (machine.pausedUntil <= sent + this.#plan.times.hop)
        this.#queue.at(machine.pausedUntil, () => this.#deliver(machine, body, trace, sent, isTold));
      return;
    }
    if (isTold) this.#tell(() => `to ${machine.role} ${machine.number}: ${machine.node.describe(body)}`);
    this.#send(machine, machine.node.receive(body, this.#local(machine)), trace);
  }

  #turn(machine: Machine<Body>): void {
    const { lives } = machine;
    const slow = machine.slowUntil > this.#queue.now ? 4 : 1;
    this.#queue.in(TURN * slow, () => {
      if (machine.lives === lives) this.#turn(machine);
    });
    if (!machine.isUp || this.#queue.now < machine.pausedUntil) return;
    const local = this.#local(machine);
    const cause = mix(mix(machine.number, machine.lives), Math.floor(this.#queue.now * 1000));
    const { frames, asks } = machine.node.turn(local);
    this.#send(machine, frames, cause);
    for (const [index, ask] of asks.entries()) this.#ask(machine, ask, local, mix(cause, index + 51));
  }

  /** To the store and back: either way may be lost or late. */
  #ask(machine: Machine<Body>, ask: Ask, asked: number, trace: number): void {
    const { lives, number } = machine;
    const way = (from: number, to: number, salt: number, then: () => void): void => {
      if (this.#network.isCut(from, to) || machine.staleUntil > this.#queue.now) return;
      const [delay] = this.#network.fate(mix(mix(trace, salt), this.#plan.seed), this.#queue.now);
      if (delay !== undefined) this.#queue.in(delay, then);
    };
    way(number, STORE, 1, () => {
      const { now } = this.#queue;
      if (this.#store.isOut(now)) return;
      if (ask.kind === "propose") {
        const before = this.#store.view;
        if (this.#store.change(ask.change, now)) this.#lostBy(before);
        return;
      }
      const { view } = this.#store;
      way(STORE, number, 2, () => {
        if (!machine.isUp || machine.lives !== lives || this.#queue.now < machine.pausedUntil) return;
        machine.knows = view.epoch;
        machine.node.answer(view, asked, this.#local(machine));
      });
    });
  }

  // What the controller sees and does.

  #isIntact({ node, joined }: Member): boolean {
    const machine = this.#machines.get(node);
    return machine?.isUp === true && machine.started <= (this.#store.written[joined] ?? 0);
  }

  #control(): void {
    const { now } = this.#queue;
    this.#queue.in(CONTROL, () => this.#control());
    if (this.#store.isOut(now)) return;
    const { view } = this.#store;
    const sight = {
      isIntact: (member: Member) => this.#isIntact(member),
      isUp: (node: number) => this.#machines.get(node)?.isUp === true,
      gapSince: ({ node }: Member) => now - (this.#machines.get(node)?.stopped ?? now),
    };
    const { tables, times, repair } = this.#plan;
    const change = repairOf(view, tables, times.chain, sight, this.#isCalm ? 0 : repair);
    if (change === null || (change.kind === "join" && !this.#plan.fills)) return;
    if (change.kind === "join") {
      if (now - this.#joined < repair) return;
      this.#joined = now;
    }
    if (this.#store.change(change, now)) this.#lostBy(view);
  }

  /** Flows of buckets that nobody has any more since this view. */
  #lostBy(before: View): void {
    const { lost } = this.#store.view;
    this.#lose([...lost.keys()].filter((bucket) => lost[bucket] !== before.lost[bucket]));
  }

  #lose(buckets: readonly number[]): void {
    if (buckets.length === 0) return;
    this.#tell(() => `all that had everything of ${buckets.length} buckets are gone`);
    const { viewLease, longestPath, hop } = this.#plan.times;
    this.#checker.lost(new Set(buckets), this.#queue.now + viewLease + (longestPath + 2) * hop);
  }

  #restart(machine: Machine<Body>): void {
    machine.lives += 1;
    machine.isUp = true;
    machine.started = this.#queue.now;
    machine.offset = 0;
    machine.knows = 0;
    machine.pausedUntil = NEVER;
    machine.node = this.#node(machine.number, machine.role);
    this.#tell(() => `${machine.role} ${machine.number} starts, with nothing`);
    this.#turn(machine);
  }

  #stop(machine: Machine<Body>): void {
    machine.isUp = false;
    machine.stopped = this.#queue.now;
    this.#tell(() => `${machine.role} ${machine.number} CRASHES`);
  }

  /** All is well from now on. */
  #clear(): void {
    this.#isCalm = true;
    this.#network.calm();
    this.#store.outage(NEVER);
    for (const machine of this.#machines.values()) {
      machine.pausedUntil = NEVER;
      machine.slowUntil = NEVER;
      machine.staleUntil = NEVER;
    }
    this.#tell(() => "all faults end");
  }
}

/** One history. `inWords` keeps what happens, line by line. */
export const simulate = <Body>(plan: Plan, implementation: Implementation<Body>, inWords = false): Outcome =>
  new Simulation(plan, implementation, inWords).run();
