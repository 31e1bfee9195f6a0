/** The invariants of the flow table, checked at every packet that leaves the cluster. */
import type { Flow, Packet, Release } from "./wire.ts";

export type Invariant =
  | "Agreement"
  | "Durability"
  | "Uniqueness"
  | "Isolation"
  | "Progress"
  | "No resurrection"
  | "Form";

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
  readonly at: number;
  readonly flow: number;
}

/** A lifetime as its ends see it. */
export interface Lifetime {
  readonly flow: Flow;
  readonly number: number;
  /** In the order in which packets left by them: one, unless the flow idled or its chain was lost. */
  readonly decisions: number[];
  port: number | null;
  lastRelease: number;
  /** A packet that closes it has left. */
  isClosed: boolean;
  /** It was silent for longer than was promised, or its chain was lost: another decision is right, once. */
  mayChange: boolean;
  /** A packet that closes it was sent: it may end by and by. */
  isClosing: boolean;
  /** One end has closed it, and the other one goes on for now. */
  isHalf: boolean;
}

export class Checker {
  readonly #idle: number;
  readonly #closing: number;
  readonly #lifetimes = new Map<number, Lifetime>();
  /** By decision: whose it is. */
  readonly #owners = new Map<number, Lifetime>();
  readonly #ports = new Map<number, Lifetime>();
  /** By bucket. */
  readonly #lostUntil = new Map<number, number>();
  violation: Violation | null = null;
  releases = 0;

  /** How long flows may be silent, and connections that an end has closed, or tries to. */
  constructor(idle: number, closing: number) {
    this.#idle = idle;
    this.#closing = closing;
  }

  lifetime(flow: Flow, number: number): Lifetime {
    const key = flow.index * 65_536 + number;
    let life = this.#lifetimes.get(key);
    if (life === undefined) {
      const lastRelease = Number.NaN;
      life = {
        flow,
        number,
        decisions: [],
        port: null,
        lastRelease,
        isClosed: false,
        mayChange: false,
        isClosing: false,
        isHalf: false,
      };
      this.#lifetimes.set(key, life);
    }
    return life;
  }

  get flows(): number {
    return this.#owners.size;
  }

  #isSilent(life: Lifetime, now: number): boolean {
    return now - life.lastRelease > (life.isClosing ? this.#closing : this.#idle);
  }

  /** Whether packets have left by a decision of it that must not change, and that nobody has closed. */
  stands(life: Lifetime, now: number): boolean {
    const isOver = life.isClosing || life.isClosed || life.isHalf || life.mayChange;
    return life.decisions.length > 0 && !isOver && !this.#isSilent(life, now);
  }

  sent({ flow, life: number, kind }: Packet, now: number): void {
    const life = this.lifetime(flow, number);
    if (kind === "FIN" || kind === "RST") life.isClosing = true;
    if (this.#isSilent(life, now)) life.mayChange = true;
  }

  /** All nodes are gone that had everything of these buckets; who has not heard may go on with one of them until then. */
  lost(buckets: ReadonlySet<number>, until: number): void {
    for (const bucket of buckets) this.#lostUntil.set(bucket, until);
    for (const life of this.#lifetimes.values()) if (buckets.has(life.flow.bucket)) life.mayChange = true;
  }

  released({ packet, decision, flow, port, wrong }: Release, now: number): void {
    this.releases += 1;
    const life = this.lifetime(packet.flow, packet.life);
    const who = `${packet.kind} of flow ${packet.flow.index}, life ${packet.life}`;
    const violate = (invariant: Invariant, text: string): void => {
      this.violation ??= { invariant, text: `${who}, ${text}`, at: now, flow: packet.flow.index };
    };
    if (wrong !== null) violate("Form", wrong);
    const [first] = life.decisions;
    const current = life.decisions.at(-1);
    // After a loss, or a silence that was too long, an end may still speak to what is no more, or is another's by now.
    const isToOld = packet.from === "server" && packet.port !== life.port;
    if (decision === null) {
      const isOpen = current !== undefined && (!life.isClosing || life.isHalf) && !life.mayChange;
      const stands = isOpen && packet.kind !== "SYN" && !isToOld;
      if (stands) violate("Durability", `is refused, although decision ${current} stands`);
      return;
    }
    if (flow !== packet.flow.index) {
      if (!life.mayChange && !isToOld) violate("Isolation", `leaves by decision ${decision}, which is flow ${flow}'s`);
      return;
    }
    const owner = this.#owners.get(decision);
    if (owner !== undefined && owner !== life) {
      const isAnothers = owner.flow !== life.flow;
      const whose = isAnothers ? `flow ${owner.flow.index}'s` : `life ${owner.number}'s`;
      violate(isAnothers ? "Isolation" : "No resurrection", `leaves by decision ${decision}, which is ${whose}`);
      return;
    }
    this.#owners.set(decision, life);
    if (first !== undefined && decision !== current) {
      if (life.decisions.includes(decision))
        violate("No resurrection", `leaves by ${decision}, which ended before ${current}`);
      else if (!life.mayChange) violate("Agreement", `leaves by decision ${decision}, others left by ${current}`);
      life.mayChange = false;
    }
    if (decision !== current) life.decisions.push(decision);
    if (now < (this.#lostUntil.get(packet.flow.bucket) ?? 0)) life.mayChange = true;
    this.#checkPort(life, port, now, violate);
    life.port = port;
    life.lastRelease = Number.isNaN(life.lastRelease) ? now : Math.max(life.lastRelease, now);
    if ((packet.kind === "FIN" || packet.kind === "RST") && !life.isHalf) life.isClosed = true;
  }

  #checkPort(life: Lifetime, port: number, now: number, violate: (invariant: Invariant, text: string) => void): void {
    if (port === 0) return;
    const holder = this.#ports.get(port);
    const isLive =
      holder?.port === port &&
      holder !== life &&
      (!holder.isClosing || holder.isHalf) &&
      !holder.isClosed &&
      !holder.mayChange &&
      !this.#isSilent(holder, now);
    if (isLive)
      violate("Uniqueness", `leaves by port ${port}, which is flow ${holder.flow.index}'s, life ${holder.number}`);
    this.#ports.set(port, life);
  }
}
