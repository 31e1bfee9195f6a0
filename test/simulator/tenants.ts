/** Both ends of the flows: what they send depends on what has reached them. */
import type { Checker } from "./checker.ts";
import { mix, part } from "./fate.ts";
import type { Action } from "./plan.ts";
import type { Says } from "./script.ts";
import type { Flow, Packet, Release } from "./wire.ts";

interface Client {
  life: number;
  state: "idle" | "opening" | "open" | "closing" | "half";
  /** Half closed until then. */
  half: number;
  /** It is silent until then. */
  rests: number;
  closedAt: number;
}

interface Patience {
  /** How long a flow may be silent. */
  readonly idle: number;
  /** And one that is half closed. */
  readonly closing: number;
  /** How long nobody speaks of a flow that was given up. */
  readonly gone: number;
  /** For how long late packets of a closed connection are still sent. */
  readonly strays: number;
  /** Whether a connection that its client has closed still takes packets. */
  readonly lingers: boolean;
}

const CLOSES = 0.1;
const ANSWERS = 0.4;
const RESTS = 0.03;

export class Tenants {
  readonly #checker: Checker;
  readonly #patience: Patience;
  readonly #clients: Client[];
  readonly #flows: readonly Flow[];
  packets = 0;

  constructor(flows: readonly Flow[], checker: Checker, patience: Patience) {
    this.#flows = flows;
    this.#checker = checker;
    this.#patience = patience;
    this.#clients = flows.map(() => ({
      life: 0,
      state: "idle",
      rests: Number.NEGATIVE_INFINITY,
      half: 0,
      closedAt: Number.NEGATIVE_INFINITY,
    }));
  }

  /**
   * What a story has an end of a flow send, if it would: no other life while one stands, nothing but SYNs before one is answered, and nothing of a
   * server's that has heard of no client.
   */
  says({ packet: kind, flow: index, life, from = "client" }: Says, now: number, id: number): readonly Packet[] {
    const flow = this.#flows[index] as Flow;
    const client = this.#clients[index] as Client;
    const isFirst = life > client.life;
    const isOver =
      client.state === "idle" || now - this.#checker.lifetime(flow, client.life).lastRelease > this.#patience.gone;
    if (isFirst && (!isOver || (flow.kind === "connection" && kind !== "SYN"))) return [];
    if (isFirst) {
      client.life = life;
      client.state = "opening";
    }
    const waits = !isFirst && life === client.life && client.state === "opening" && kind !== "SYN";
    if (waits || (from === "server" && this.#checker.lifetime(flow, life).port === null)) return [];
    if (life === client.life && (kind === "FIN" || kind === "RST")) client.state = "closing";
    return [this.#packet(flow, kind, from, now, id, client.life - life)];
  }

  #packet(flow: Flow, kind: Packet["kind"], from: Packet["from"], now: number, id: number, before = 0): Packet {
    const life = (this.#clients[flow.index] as Client).life - before;
    const seen = this.#checker.lifetime(flow, life);
    const port = from === "server" ? seen.port : null;
    const peer = from === "server" ? (seen.decisions.at(-1) ?? null) : null;
    const packet: Packet = { flow, life, kind, from, port, peer, id, at: now };
    this.packets += 1;
    this.#checker.sent(packet, now);
    return packet;
  }

  /** What the ends of a flow send now; nothing while they rest. */
  act({ flow: index, roll }: Action, now: number, id: number): readonly Packet[] {
    const flow = this.#flows[index] as Flow;
    const client = this.#clients[index] as Client;
    if (now < client.rests) return [];
    return flow.kind === "symmetric"
      ? this.#datagrams(flow, client, roll, now, id)
      : this.#stream(flow, client, roll, now, id);
  }

  /** Neither end opens or closes; now and then both begin at once, or are silent for so long that the flow may end. */
  #datagrams(flow: Flow, client: Client, roll: number, now: number, id: number): readonly Packet[] {
    const choice = part(mix(id, 7), 1);
    if (choice < RESTS) {
      client.rests = now + roll * this.#patience.gone;
      return [];
    }
    const one = this.#packet(flow, "DATA", roll < 0.5 ? "client" : "server", now, id);
    if (choice > 0.15) return [one];
    return [one, this.#packet(flow, "DATA", roll < 0.5 ? "server" : "client", now, id + 0.5)];
  }

  #stream(flow: Flow, client: Client, roll: number, now: number, id: number): readonly Packet[] {
    const life = this.#checker.lifetime(flow, client.life);
    const choice = part(mix(id, 7), 1);
    if (client.state === "idle") {
      client.life += 1;
      client.state = "opening";
      const isPlain = flow.kind === "lenient" && client.life === 1 && choice < 0.5;
      return [this.#packet(flow, isPlain ? "DATA" : "SYN", "client", now, id)];
    }
    if (client.state === "opening") {
      const isStray = choice < 0.3 && now - client.closedAt < this.#patience.strays;
      if (!isStray) return [this.#packet(flow, "SYN", "client", now, id)];
      return [this.#packet(flow, "DATA", choice < 0.15 ? "client" : "server", now, id, 1)];
    }
    if (client.state === "half" && (now > client.half || now - life.lastRelease > this.#patience.closing)) {
      // What the other end closes with is not waited for.
      life.isHalf = false;
      life.isClosed = true;
      client.state = "idle";
      client.closedAt = life.lastRelease;
      return [];
    }
    if (client.state === "half") return [this.#packet(flow, "DATA", choice < 0.8 ? "server" : "client", now, id)];
    if (now - life.lastRelease > this.#patience.idle) {
      // Too long for the promise: the connection is given up, and a long time later there is another, or it is tried again.
      client.rests = now + this.#patience.gone;
      if (flow.kind === "connection" || choice < 0.5) client.state = "idle";
      else return [this.#packet(flow, "DATA", "client", now, id)];
      return [];
    }
    if (choice > 1 - RESTS) {
      client.rests = now + roll * 0.9 * this.#patience.idle;
      return [];
    }
    if (choice < ANSWERS && life.port !== null) return [this.#packet(flow, "DATA", "server", now, id)];
    if (client.state === "closing" ? roll < 0.7 || !this.#patience.lingers : roll < CLOSES) {
      // Its end may commit from now on, whether the client is told or not.
      if (client.state !== "closing") client.closedAt = now;
      client.state = "closing";
      return [this.#packet(flow, roll < CLOSES / 4 ? "RST" : "FIN", "client", now, id)];
    }
    return [this.#packet(flow, "DATA", "client", now, id)];
  }

  /** A connection that lingers may be closed at one end only: then the other goes on for a while. */
  #closed(client: Client, packet: Packet, stands: boolean, now: number): void {
    if (client.state !== "closing") return;
    const isPlain = packet.flow.kind === "connection";
    const goesOn =
      stands && isPlain && this.#patience.lingers && packet.kind === "FIN" && part(mix(packet.id, 13), 1) < 0.3;
    client.state = goesOn ? "half" : "idle";
    if (!stands) client.closedAt = Number.NEGATIVE_INFINITY;
    client.half = now + 2 * this.#patience.gone * part(mix(packet.id, 13), 2);
    this.#checker.lifetime(packet.flow, packet.life).isHalf = goesOn;
  }

  released({ packet, decision }: Release, now: number): void {
    const client = this.#clients[packet.flow.index] as Client;
    if (packet.life !== client.life || packet.from === "server") return;
    if (packet.kind === "FIN" || packet.kind === "RST") this.#closed(client, packet, decision !== null, now);
    else if (decision !== null && client.state === "opening") client.state = "open";
  }

  /** Whether a connection of this flow is open, so that it must go on. */
  stands(index: number, now: number): boolean {
    const { state, life } = this.#clients[index] as Client;
    const flow = this.#flows[index] as Flow;
    return (
      (state === "open" || flow.kind === "symmetric") && this.#checker.stands(this.#checker.lifetime(flow, life), now)
    );
  }

  /** A packet of such a connection. */
  goesOn(index: number, from: Packet["from"], now: number, id: number): Packet {
    return this.#packet(this.#flows[index] as Flow, "DATA", from, now, id);
  }

  /** A packet by which a flow is tried when all is well again. `tried` is of those that need no SYN. */
  probe(index: number, now: number, id: number, tried: "SYN" | "DATA" = "SYN"): Packet {
    const flow = this.#flows[index] as Flow;
    const client = this.#clients[index] as Client;
    if (flow.kind === "symmetric") return this.#packet(flow, "DATA", "client", now, id);
    if (client.state !== "opening" && client.state !== "idle") client.state = "idle";
    if (client.state === "idle") client.life += 1;
    client.state = "opening";
    return this.#packet(flow, flow.kind === "lenient" ? tried : "SYN", "client", now, id);
  }
}
