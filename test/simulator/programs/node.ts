/**
 * A node of a simulated cluster that runs the product's own programs, interpreted: its maps, its clock and its frames are real, its
 * agent is the product's state machine.
 */
import { BUCKETS } from "../../../runtime/cluster/buckets.ts";
import type { Path, PlacedView } from "../../../runtime/cluster/data-plane.ts";
import type { Times } from "../../../runtime/cluster/time.ts";
import { memberOf, type View } from "../../../runtime/cluster/view.ts";
import { slotsOf } from "../../../runtime/config/plan.ts";
import { word } from "../../../runtime/loader/word.ts";
import { NODE_MAP } from "../../../runtime/node/shapes.ts";
import { tunnelBytes } from "../../../runtime/node/underlay.ts";
import { addressOf, CLUSTER_SIDE, KEYS, macOf, OUTSIDE as OUT } from "../../kit/cluster/cluster.ts";
import { type Member, makeMember } from "../../kit/cluster/member.ts";
import { AT, operationOf } from "../../kit/cluster/operation.ts";
import { interpretedRawMap } from "../../kit/targets/interpreter-map.ts";
import { ModelAgent, pathIn } from "../model/agent.ts";
import { RULES } from "../model/rules.ts";
import { OUTSIDE, type Sent, type SimulatedNode, type Surroundings, type Turn } from "../wire.ts";
import type { Programs } from "./compiled.ts";
import { constantsFor } from "./constants.ts";
import { EXTERNAL, numberOf, VIP, VIP6 } from "./frames.ts";

/** A frame, and the packet that it is about. */
export interface Body {
  readonly frame: Uint8Array;
  readonly number: number;
  /** The interface that it comes by. */
  readonly by: number;
  /** Of what has left the cluster. */
  readonly how: "sent" | "host" | "by a flow-table node" | null;
  readonly at: number;
}

type Frames = readonly Sent<Body>[];
const nothing: Frames = [];
const REDIRECT = 4;
const TX = 3;
const PASS = 2;
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
const CONFIG = {
  "service.listen": [`${VIP}:80/tcp`, `${VIP}:81/tcp`, `[${VIP6}]:80/tcp`, `[${VIP6}]:81/tcp`],
  "simulated.external": [{ address: EXTERNAL, ports: "20000-26143" }],
  "simulated.next": 0,
};

const placed = new WeakMap<View, PlacedView>();

/** Buckets of one path share it. */
function placedView(view: View): PlacedView {
  const known = placed.get(view);
  if (known !== undefined) return known;
  const paths = new Map<string, Path>();
  const of = (bucket: number): Path => {
    const name = `${view.keepers[bucket]} ${view.moves[bucket]?.to ?? ""}`;
    let path = paths.get(name);
    if (path === undefined) {
      const { members, complete } = pathIn(view, bucket);
      path = { members: members.map(({ node }) => node), complete };
      paths.set(name, path);
    }
    return path;
  };
  const made = { epoch: view.epoch, paths: Array.from({ length: BUCKETS }, (_, bucket) => of(bucket)) };
  placed.set(view, made);
  return made;
}

/** Where the config's scalar `next` stands in the service's data: once in each of its two slots. */
function placesOfNext({ service }: Programs): readonly number[] {
  const { layout, offset, size } = slotsOf(service.manifest as never);
  const box = layout?.fields.find(({ name }) => name === "simulated");
  const field = box?.layout.kind === "struct" ? box.layout.fields.find(({ name }) => name === "next") : undefined;
  if (box === undefined || field === undefined) throw new Error("The service has no config field 'next'.");
  return [0, 1].map((slot) => offset + slot * size + box.offset + field.offset);
}

export class ProgramNode implements SimulatedNode<Body> {
  readonly #number: number;
  readonly #role: "forwarder" | "table";
  readonly #times: Times;
  readonly #agent: ModelAgent;
  readonly #member: Omit<Member, "advance" | "clock">;
  readonly #decide: () => number;
  readonly #next: DataView;
  readonly #places: readonly number[];
  #clock = { monotonic: 0n, coarse: 0n, boot: 0n, jiffies: 0n };
  #started = Number.NaN;

  constructor(
    number: number,
    role: "forwarder" | "table",
    { times, decide }: Surroundings,
    programs: Programs,
    nodes: readonly number[],
  ) {
    this.#number = number;
    this.#role = role;
    this.#times = times;
    this.#decide = decide;
    this.#agent = new ModelAgent(number, times, RULES);
    const parts = {
      role,
      node: programs[role],
      services: [{ program: programs.service, config: CONFIG, vni: 0 }],
      constants: constantsFor(role, times),
      configParts: programs.configParts,
    };
    this.#member = makeMember(parts, { now: () => this.#clock, random: number, fib: route });
    const [service] = this.#member.services;
    if (service === undefined) throw new Error("The service was not added.");
    const { buffer, byteOffset, byteLength } = service.machine.globals.get("zeta_config");
    this.#next = new DataView(buffer, byteOffset, byteLength);
    this.#places = placesOfNext(programs);
    const { dataPlane } = this.#member;
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
    const { machine } = this.#member;
    const tunnels = interpretedRawMap(machine.maps[NODE_MAP.tunnels] as never, machine);
    tunnels.update(word(0), tunnelBytes([addressOf(number)]));
  }

  receive({ frame, number, by }: Body, now: number): Frames {
    if (by === CLUSTER_SIDE) this.#agent.heard(epochOf(frame));
    if (!this.#agent.mayAct(now)) return nothing;
    // Answers to an earlier life of a forwarder, whose clock began elsewhere, are not taken for its own.
    if (this.#role === "forwarder" && now < this.#started + this.#times.settle) return nothing;
    this.#tick(now);
    if (this.#role === "table") {
      const decision = this.#decide();
      for (const place of this.#places) this.#next.setUint32(place, decision, true);
    }
    const { action, packet, redirect } = this.#member.run(frame, by);
    const to = action === REDIRECT && redirect?.kind === "interface" ? redirect.interface : null;
    if (to === CLUSTER_SIDE)
      return [{ to: nodeOf(packet), body: { frame: packet, number, by: CLUSTER_SIDE, how: null, at: this.#number } }];
    const isSent = to !== null || action === TX;
    if (!isSent && action !== PASS) return nothing;
    const how = this.#role === "table" ? "by a flow-table node" : isSent ? "sent" : "host";
    return [{ to: OUTSIDE, body: { frame: packet, number, by: OUT, how, at: this.#number } }];
  }

  #tick(now: number): void {
    const nanoseconds = BigInt(Math.floor(now * 1e6)) * 1000n;
    const jiffies = BigInt(Math.floor(now * 250));
    this.#clock = { monotonic: nanoseconds, coarse: nanoseconds, boot: nanoseconds, jiffies };
  }

  turn(now: number): Turn<Body> {
    if (Number.isNaN(this.#started)) this.#started = now;
    return { frames: nothing, asks: this.#agent.asks(now) };
  }

  answer(view: View | null, asked: number, now: number): void {
    const before = this.#agent.view;
    this.#agent.answer(view, asked, now);
    const acting = this.#agent.view;
    if (acting === null || acting === before) return;
    const isListed = memberOf(acting, this.#number) !== null || acting.forwarders.includes(this.#number);
    if (!isListed) return;
    const self = { id: this.#number, address: addressOf(this.#number), interfaces: [CLUSTER_SIDE] };
    this.#member.dataPlane.view(self, placedView(acting));
  }

  drops(): Readonly<Record<string, number>> {
    return this.#member.drops();
  }

  describe({ frame, by }: Body): string {
    if (by !== CLUSTER_SIDE) return "a packet";
    const view = new DataView(frame.buffer, frame.byteOffset);
    const place = frame[AT.place] as number;
    return `${operationOf(frame).toUpperCase()} to place ${place}, bucket ${view.getUint16(AT.bucket)}, epoch ${epochOf(frame)}, packet ${numberOf(frame)}`;
  }
}

const epochOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(AT.epoch);
const nodeOf = (frame: Uint8Array): number => ((frame[32] as number) << 8) | (frame[33] as number);
