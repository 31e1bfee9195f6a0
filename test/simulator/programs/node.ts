/**
 * A node of a simulated cluster that runs the product's own programs, interpreted: its maps, its clock and its frames are real, its
 * agent is the product's state machine.
 */
import { fillingOf } from "../../../runtime/cluster/filling.ts";
import { type Moment, type TableAgent, tableAgentOf } from "../../../runtime/cluster/table-agent.ts";
import { tablesOf } from "../../../runtime/cluster/table-memory.ts";
import type { Times } from "../../../runtime/cluster/time.ts";
import type { View } from "../../../runtime/cluster/view.ts";
import { slotsOf } from "../../../runtime/config/plan.ts";
import { word } from "../../../runtime/loader/word.ts";
import { tableConstants } from "../../../runtime/node/flow-tables.ts";
import { NODE_MAP } from "../../../runtime/node/shapes.ts";
import { tunnelBytes } from "../../../runtime/node/underlay.ts";
import { addressOf, CLUSTER_SIDE, KEYS, macOf, OUTSIDE as OUT } from "../../kit/cluster/cluster.ts";
import { type Member, makeMember } from "../../kit/cluster/member.ts";
import { AT, operationOf } from "../../kit/cluster/operation.ts";
import { interpretedRawMap } from "../../kit/targets/interpreter-map.ts";
import { type Ask, OUTSIDE, type Sent, type SimulatedNode, type Surroundings, type Turn } from "../wire.ts";
import type { Programs } from "./compiled.ts";
import { constantsFor } from "./constants.ts";
import { EXTERNAL, numberOf, VIP, VIP6 } from "./frames.ts";
import { NETWORK, TUNNEL } from "./overlay.ts";

/** A frame, and the packet that it is about. */
export interface Body {
  readonly frame: Uint8Array;
  readonly number: number;
  /** The interface that it comes by. */
  readonly by: number;
  /** Of what has left the cluster. */
  readonly how: "sent" | "host" | "by a flow-table node" | null;
}

type Frames = readonly Sent<Body>[];
const nothing: Frames = [];
const REDIRECT = 4;
const TX = 3;
const PASS = 2;
/** In the place of a packet's number, for what is no packet's. */
const NOBODYS = -1;
/** Entries that are brought at a time. */
const BATCH = 8;
const FIB = { mtu: 6, interface: 8, sourceMac: 52, destinationMac: 58 } as const;

/** Every address is one hop away, outside. */
function route(parameters: Uint8Array): number {
  const view = new DataView(parameters.buffer, parameters.byteOffset);
  view.setUint16(FIB.mtu, 1500, true);
  view.setUint32(FIB.interface, OUT, true);
  parameters.set([2, 1, 0, 0, 0, 1], FIB.sourceMac);
  parameters.set([2, 1, 0, 0, 0, 2], FIB.destinationMac);
  return 0;
}

/** Of 64 ports of a bucket, some six: few, so that flows meet. */
const configOf = (external: string) => ({
  "service.listen": [`${VIP}:80/tcp`, `${VIP}:81/tcp`, `[${VIP6}]:80/tcp`, `[${VIP6}]:81/tcp`],
  "simulated.external": [{ address: external, ports: "20000-26143" }],
  "simulated.next": 0,
});
/** Each tenant's own. */
const SERVICES = EXTERNAL.map((external, tenant) => ({ config: configOf(external), vni: tenant === 0 ? 0 : NETWORK }));

/** Where the config's scalar `next` stands in the service's data: once in each of its two slots. */
function placesOfNext({ service }: Programs): readonly number[] {
  const { layout, offset, size } = slotsOf(service.manifest as never);
  const box = layout?.fields.find(({ name }) => name === "simulated");
  const field = box?.layout.kind === "struct" ? box.layout.fields.find(({ name }) => name === "next") : undefined;
  if (box === undefined || field === undefined) throw new Error("The service has no config field 'next'.");
  return [0, 1].map((slot) => offset + slot * size + box.offset + field.offset);
}

/** Room for some hundred flows of either family: agents look their tables through. */
const WAYS = 1024;
/** 250 ticks a second, sixteen to a span (bpf-lib/flow/time.ts), and a second is a millisecond here. */
const spansAt = (milliseconds: number): number => Math.floor((milliseconds * 250) / 16) >>> 0;
const momentAt = (at: number): Moment => ({ at, spansWithin: (milliseconds) => spansAt(at + milliseconds) });

export class ProgramNode implements SimulatedNode<Body> {
  readonly #number: number;
  readonly #role: "forwarder" | "table";
  readonly #times: Times;
  readonly #agent: TableAgent;
  readonly #member: Omit<Member, "advance" | "clock">;
  readonly #decide: () => number;
  /** What packet has this number, in words. */
  readonly #told: (number: number) => string;
  /** The config of each service. */
  readonly #next: readonly DataView[];
  readonly #places: readonly number[];
  /** What the node sends of itself. */
  readonly #own: Sent<Body>[] = [];
  #now = 0;
  #clock = { monotonic: 0n, coarse: 0n, boot: 0n, jiffies: 0n };
  #started = Number.NaN;
  #heard = 0;
  #asked = Number.NEGATIVE_INFINITY;
  #brought = Number.NEGATIVE_INFINITY;
  #proposed = Number.NEGATIVE_INFINITY;

  constructor(
    number: number,
    role: "forwarder" | "table",
    { times, decide }: Surroundings,
    programs: Programs,
    nodes: readonly number[],
    told: (number: number) => string,
  ) {
    this.#told = told;
    this.#number = number;
    this.#role = role;
    this.#times = times;
    this.#decide = decide;
    const parts = {
      role,
      node: programs[role],
      services: SERVICES.map((of) => ({ program: programs.service, ...of })),
      constants: { ...constantsFor(role, times), ...tableConstants(WAYS) },
      configParts: programs.configParts,
    };
    this.#member = makeMember(parts, { now: () => this.#clock, random: number, fib: route });
    this.#next = this.#member.services.map((service) => {
      const { buffer, byteOffset, byteLength } = service.machine.globals.get("zeta_config");
      return new DataView(buffer, byteOffset, byteLength);
    });
    this.#places = placesOfNext(programs);
    const { dataPlane, machine, manifest } = this.#member;
    const others = nodes.filter((one) => one !== number);
    dataPlane.members(
      others.map((id) => ({
        id,
        address: addressOf(id),
        interface: CLUSTER_SIDE,
        destination: macOf(id),
        source: macOf(number),
      })),
    );
    dataPlane.keys(KEYS);
    const mapOf = (name: string) => interpretedRawMap(machine.maps[name] as never, machine);
    mapOf(NODE_MAP.tunnels).update(word(0), tunnelBytes([addressOf(number), TUNNEL]));
    for (const { map, key, value } of programs.clients) mapOf(map).update(key, value);
    const memory = this.#member.memory(({ action, packet, redirect }) => {
      if (action === REDIRECT && redirect?.kind === "interface") this.#own.push(this.#along(packet, NOBODYS));
    });
    const tables = memory === null ? null : tablesOf(manifest, memory);
    const of = {
      plane: dataPlane,
      keeps: memory === null || tables === null ? null : { tables, filling: fillingOf(tables, memory, BATCH) },
      now: () => this.#now,
      moment: () => momentAt(this.#now),
      spansAfter: (milliseconds: number) => spansAt(this.#now + milliseconds),
      // One program runs at a time.
      wait: () => undefined,
    };
    this.#agent = tableAgentOf(number, of, times.quiet);
  }

  #along(frame: Uint8Array, number: number): Sent<Body> {
    return { to: nodeOf(frame), body: { frame, number, by: CLUSTER_SIDE, how: null } };
  }

  receive({ frame, number, by }: Body, now: number): Frames {
    if (by === CLUSTER_SIDE) this.#heard = Math.max(this.#heard, epochOf(frame));
    // Answers to an earlier life of a forwarder, whose clock began elsewhere, are not taken for its own.
    if (this.#role === "forwarder" && now < this.#started + this.#times.settle) return nothing;
    this.#tick(now);
    if (this.#role === "table") {
      const decision = this.#decide();
      for (const place of this.#places) for (const next of this.#next) next.setUint32(place, decision, true);
    }
    const { action, packet, redirect } = this.#member.run(frame, by);
    const to = action === REDIRECT && redirect?.kind === "interface" ? redirect.interface : null;
    if (to === CLUSTER_SIDE) return [this.#along(packet, number)];
    const isSent = to !== null || action === TX;
    if (!isSent && action !== PASS) return nothing;
    const how = this.#role === "table" ? "by a flow-table node" : isSent ? "sent" : "host";
    return [{ to: OUTSIDE, body: { frame: packet, number, by: OUT, how } }];
  }

  #tick(now: number): void {
    this.#now = now;
    const nanoseconds = BigInt(Math.floor(now * 1e6)) * 1000n;
    const jiffies = BigInt(Math.floor(now * 250));
    this.#clock = { monotonic: nanoseconds, coarse: nanoseconds, boot: nanoseconds, jiffies };
  }

  turn(now: number): Turn<Body> {
    if (Number.isNaN(this.#started)) this.#started = now;
    this.#tick(now);
    const { hop, actFor } = this.#times;
    const { state } = this.#agent;
    const asks: Ask[] = [];
    if (now - this.#asked >= (this.#heard > (state.view?.epoch ?? 0) ? hop / 2 : actFor / 8)) {
      this.#asked = now;
      asks.push({ kind: "view" });
    }
    if (now - this.#brought > hop) {
      this.#brought = now;
      this.#agent.turn();
    }
    if (now - this.#proposed > hop && now < state.until) {
      const changes = this.#agent.proposals();
      if (changes.length > 0) this.#proposed = now;
      for (const change of changes) asks.push({ kind: "propose", change });
    }
    return { frames: this.#own.splice(0), asks };
  }

  answer(view: View | null, asked: number, now: number): void {
    this.#tick(now);
    if (view === null) return this.#agent.storeIsEmpty();
    const self = { id: this.#number, address: addressOf(this.#number), interfaces: [CLUSTER_SIDE] };
    this.#agent.told(self, view, this.#times.actFor, momentAt(asked));
  }

  describe({ frame, by }: Body): string {
    if (by !== CLUSTER_SIDE) return "a packet";
    const view = new DataView(frame.buffer, frame.byteOffset);
    const place = frame[AT.place] as number;
    return `${operationOf(frame).toUpperCase()} to place ${place}, bucket ${view.getUint16(AT.bucket)}, epoch ${epochOf(frame)}, ${this.#told(numberOf(frame))}`;
  }
}

const epochOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(AT.epoch);
const nodeOf = (frame: Uint8Array): number => ((frame[32] as number) << 8) | (frame[33] as number);
