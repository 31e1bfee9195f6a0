/** A cluster in the interpreter: members on one wire, which loses nothing unless told. */

import { BUCKETS } from "../../../runtime/cluster/buckets.ts";
import type { Neighbour, Path, PlacedView, TagKeys } from "../../../runtime/cluster/data-plane.ts";
import { fillingOf } from "../../../runtime/cluster/filling.ts";
import { type TableAgent, tableAgentOf } from "../../../runtime/cluster/table-agent.ts";
import { tablesOf } from "../../../runtime/cluster/table-memory.ts";
import type { View } from "../../../runtime/cluster/view.ts";
import { type Member, type MemberOptions, openMember, type Role } from "./member.ts";

/** The interface of every member on the cluster's side, by number; and the one that the world is on. */
export const CLUSTER_SIDE = 10;
export const OUTSIDE = 2;
const ETHERNET_MINIMUM = 60;
/** Milliseconds of a span, by the clock that programs have when they are compiled. */
const SPAN = 64;
/** Milliseconds for which a chain decides nothing that has lost all its decisions: as long as an ended one is remembered. */
export const QUIET = 8000;
const REDIRECT = 4;
const PASS = 2;

export interface Wire {
  readonly from: number;
  readonly to: number;
  readonly frame: Uint8Array;
}

/** A packet that left the cluster, or went to a member's own host. */
export interface Left {
  readonly by: number;
  readonly how: "sent" | "host" | "dropped";
  readonly frame: Uint8Array;
}

export interface ClusterOptions extends Omit<MemberOptions, "role"> {
  readonly forwarders: number;
  /** Lengths of the chains. */
  readonly chains: readonly number[];
  /** Flow-table nodes that are in no chain yet. */
  readonly spares?: number;
}

export interface Cluster {
  readonly forwarders: readonly number[];
  readonly chains: readonly (readonly number[])[];
  readonly spares: readonly number[];
  readonly members: ReadonlyMap<number, Member>;
  readonly epoch: number;
  /** A packet comes to a forwarder; everything that it causes is carried out. */
  send(forwarder: number, frame: Uint8Array): Left[];
  /** The same of a packet that comes to a member on the cluster's side. */
  deliver(member: number, frame: Uint8Array): Left[];
  /** Everything that has been on the wire since the last call. */
  wire(): Wire[];
  /** Loses what this says. */
  lose(rule: (packet: Wire) => boolean): void;
  view(chains: readonly (readonly number[])[], complete?: number): void;
  /** Agents with views of the store's form, in place of `view`: from the first one on. */
  readonly agents: ReadonlyMap<number, TableAgent>;
  tell(view: View, to?: readonly number[]): void;
  /** A turn of every agent; gives how many entries are still owed. */
  turn(): number;
  /** Changes the config of a service, by its place, on all members. */
  configure(service: number, config: Readonly<Record<string, unknown>>): void;
  advance(by: bigint): void;
}

export const addressOf = (id: number): string => `172.16.${id >> 8}.${id & 255}`;
export const macOf = (id: number): string =>
  `02:00:00:00:${(id >> 8).toString(16).padStart(2, "0")}:${(id & 255).toString(16).padStart(2, "0")}`;

/** What every member's tags are made with. */
export const KEY = new Uint8Array(16).fill(7);
export const KEYS: TagKeys = { keys: [KEY, null], own: 0 };

/** Tells a member of the others, and gives it the cluster's key. */
export async function introduce(
  id: number,
  { dataPlane, underlay }: Pick<Member, "dataPlane" | "underlay">,
  all: readonly number[],
): Promise<void> {
  const others = all.filter((one) => one !== id);
  dataPlane.members(
    others.map(
      (one): Neighbour => ({
        id: one,
        address: addressOf(one),
        interface: CLUSTER_SIDE,
        destination: macOf(one),
        source: macOf(id),
      }),
    ),
  );
  dataPlane.keys(KEYS);
  await underlay.tunnels.set([addressOf(id)]);
}

export async function openCluster({ forwarders, chains, spares = 0, ...options }: ClusterOptions): Promise<Cluster> {
  const members = new Map<number, Member>();
  let next = 1;
  const add = async (role: Role): Promise<number> => {
    const id = next++;
    members.set(id, await openMember({ ...options, role }));
    return id;
  };
  const ofForwarders: number[] = [];
  for (let i = 0; i < forwarders; i++) ofForwarders.push(await add("forwarder"));
  const ofChains: number[][] = [];
  for (const length of chains) {
    const chain: number[] = [];
    for (let i = 0; i < length; i++) chain.push(await add("table"));
    ofChains.push(chain);
  }
  const ofSpares: number[] = [];
  for (let i = 0; i < spares; i++) ofSpares.push(await add("table"));
  for (const [id, member] of members) await introduce(id, member, [...members.keys()]);
  let epoch = 0;
  const wire: Wire[] = [];
  let lost: (packet: Wire) => boolean = () => false;

  const view: Cluster["view"] = (now, complete) => {
    epoch += 1;
    const paths = Array.from({ length: BUCKETS }, (_, bucket): Path => {
      const chain = now[bucket % now.length] ?? [];
      return { members: chain, complete: complete ?? chain.length };
    });
    const placed: PlacedView = { epoch, paths };
    for (const [id, { dataPlane }] of members)
      dataPlane.view({ id, address: addressOf(id), interfaces: [CLUSTER_SIDE] }, placed);
  };
  view(ofChains);

  const idOf = (frame: Uint8Array): number => ((frame[32] ?? 0) << 8) | (frame[33] ?? 0);

  const carryOut = (first: { at: number; frame: Uint8Array; by: number }): Left[] => {
    const left: Left[] = [];
    const waiting = [first];
    while (waiting.length > 0) {
      const { at, frame, by } = waiting.shift() as { at: number; frame: Uint8Array; by: number };
      const member = members.get(at);
      if (member === undefined) continue;
      const { action, packet, redirect } = member.run(frame, by);
      const to = action === REDIRECT && redirect?.kind === "interface" ? redirect.interface : null;
      if (to === CLUSTER_SIDE) {
        const one = { from: at, to: idOf(packet), frame: packet };
        wire.push(one);
        if (!lost(one)) waiting.push({ at: one.to, frame: packet, by: CLUSTER_SIDE });
      } else if (to !== null || action === 3) left.push({ by: at, how: "sent", frame: packet });
      else left.push({ by: at, how: action === PASS ? "host" : "dropped", frame: packet });
    }
    return left;
  };
  const agents = new Map<number, TableAgent>();
  for (const [id, member] of members) {
    const memory = member.memory(({ action, packet, redirect }) => {
      if (action !== REDIRECT || redirect?.kind !== "interface") return;
      const one = { from: id, to: idOf(packet), frame: packet };
      wire.push(one);
      if (!lost(one)) carryOut({ at: one.to, frame: packet, by: CLUSTER_SIDE });
    });
    const tables = memory === null ? null : tablesOf(member.manifest, memory);
    const keeps = memory === null || tables === null ? null : { tables, filling: fillingOf(tables, memory) };
    const now = () => Number(member.clock() / 1_000_000n);
    const spans = () => member.machine.run("zeta_now", new Uint8Array(ETHERNET_MINIMUM), {}).action;
    const spansAfter = (milliseconds: number) => spans() + Math.ceil(milliseconds / SPAN);
    const moment = () => {
      const from = spans();
      return { at: now(), spansWithin: (milliseconds: number) => from + Math.floor(milliseconds / SPAN) };
    };
    const of = { plane: member.dataPlane, keeps, now, moment, spansAfter, wait: () => undefined };
    const agent = tableAgentOf(id, of, QUIET);
    agent.storeIsEmpty();
    agents.set(id, agent);
  }
  return {
    forwarders: ofForwarders,
    chains: ofChains,
    spares: ofSpares,
    members,
    agents,
    tell(next, to = [...members.keys()]) {
      for (const id of to) agents.get(id)?.told({ id, address: addressOf(id), interfaces: [CLUSTER_SIDE] }, next);
      epoch = next.epoch;
    },
    turn() {
      let owed = 0;
      for (const agent of agents.values()) owed += agent.turn();
      return owed;
    },
    get epoch() {
      return epoch;
    },
    send: (at, frame) => carryOut({ at, frame, by: OUTSIDE }),
    deliver: (at, frame) => carryOut({ at, frame, by: CLUSTER_SIDE }),
    wire: () => wire.splice(0),
    lose(rule) {
      lost = rule;
    },
    view,
    configure(service, config) {
      for (const { configs } of members.values())
        for (const [path, value] of Object.entries(config)) configs[service]?.set(path, value);
    },
    advance(by) {
      for (const member of members.values()) member.advance(by);
    },
  };
}
