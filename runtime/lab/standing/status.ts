/** How a lab's parts are, asked of the kernel and of the agents: nothing that a record says of them is believed. */
import { pathOf, type View } from "../../cluster/view.ts";
import type { NodeClient } from "../../control/client.ts";
import { type AgentState, clientOf, stateOfAgent } from "./agents.ts";
import { type Anew, anewOf } from "./anew.ts";
import { namespaceNamed } from "./parts.ts";
import type { StandingPlace } from "./place.ts";
import type { HostRecord, LabRecord, MemberRecord } from "./record.ts";

export interface MemberHealth {
  readonly agent: AgentState;
  /** Whether its interfaces are up. */
  readonly data: "up" | "down";
}

export interface MemberStatus extends MemberHealth {
  readonly name: string;
  readonly kind: MemberRecord["kind"];
  readonly id: number;
  readonly address: string;
  readonly pid: number;
  /** Of the view that it acts by; null where its agent says nothing. */
  readonly epoch: number | null;
  /** Flows that it remembers; null as before. */
  readonly flows: number | null;
  /** Its chain, and its place there from 0 on; null for forwarders, and for who is in none. */
  readonly chain: ({ readonly id: number; readonly place: number; readonly of: number } & Anew) | null;
  /** Whether the view has it. */
  readonly listed: boolean;
}

export interface LabStatus {
  readonly folder: string;
  readonly built: string;
  readonly config: string;
  readonly spread: LabRecord["spread"];
  readonly epoch: number;
  readonly services: readonly string[];
  readonly hosts: readonly HostRecord[];
  readonly members: readonly MemberStatus[];
}

/** Milliseconds that an agent has for its answer. */
const PATIENCE = 5_000;

async function said(node: NodeClient): Promise<{ readonly epoch: number | null; readonly flows: number | null }> {
  const silence = Promise.withResolvers<null>();
  const timer = setTimeout(() => silence.resolve(null), PATIENCE);
  try {
    const status = await Promise.race([node.status(), silence.promise]);
    if (status === null) return { epoch: null, flows: null };
    const entries = status.tables.reduce((sum, table) => sum + Number(table.entries), 0);
    return { epoch: status.epoch, flows: entries / 2 };
  } catch {
    // It has ended since it was looked for.
    return { epoch: null, flows: null };
  } finally {
    clearTimeout(timer);
  }
}

export function placeIn({ chains, forwarders }: View, id: number): Pick<MemberStatus, "chain" | "listed"> {
  for (const chain of chains) {
    const place = chain.complete.findIndex(({ node }) => node === id);
    if (place !== -1) return { chain: { id: chain.id, place, of: chain.complete.length }, listed: true };
  }
  return { chain: null, listed: forwarders.includes(id) };
}

export async function healthOf(place: StandingPlace, record: LabRecord, member: MemberRecord): Promise<MemberHealth> {
  const { name, taps } = member;
  const { stdout } = await namespaceNamed(place, record, name).run("ip", ["-json", "link", "show"]);
  const links = JSON.parse(stdout) as readonly { readonly ifname: string; readonly flags: readonly string[] }[];
  const isUp = links.every(({ ifname, flags }) => taps[ifname] === undefined || flags.includes("UP"));
  return { agent: stateOfAgent(member), data: isUp ? "up" : "down" };
}

async function statusOfMember(place: StandingPlace, record: LabRecord, member: MemberRecord): Promise<MemberStatus> {
  const { name, kind, id, address, pid } = member;
  const health = await healthOf(place, record, member);
  const told = health.agent === "runs" ? await said(clientOf(place, member)) : { epoch: null, flows: null };
  const { chain, listed } = placeIn(record.view, id);
  const placed = chain === null ? null : { ...chain, ...anewOf(record, chain.id) };
  return { name, kind, id, address, pid, ...health, ...told, chain: placed, listed };
}

export async function statusOfLab(place: StandingPlace, record: LabRecord): Promise<LabStatus> {
  const { built, config, spread, view, services, hosts, members } = record;
  return {
    folder: place.folder,
    built,
    config,
    spread,
    epoch: view.epoch,
    services,
    hosts,
    members: await Promise.all(members.map((member) => statusOfMember(place, record, member))),
  };
}

export interface ViewStatus {
  readonly epoch: number;
  readonly forwarders: readonly string[];
  /** Members from head to tail, and how many of the 1024 buckets they keep. */
  readonly chains: readonly ({
    readonly id: number;
    readonly members: readonly string[];
    readonly buckets: number;
  } & Anew)[];
}

export function viewByNames(record: LabRecord): ViewStatus {
  const { view, members } = record;
  const nameOf = (id: number): string => members.find((one) => one.id === id)?.name ?? `node ${id}`;
  return {
    epoch: view.epoch,
    forwarders: view.forwarders.map(nameOf),
    chains: view.chains.map(({ id }) => {
      const kept = view.keepers.flatMap((keeper, bucket) => (keeper === id ? [bucket] : []));
      const [first] = kept;
      return {
        id,
        members: first === undefined ? [] : pathOf(view, first).members.map(({ node }) => nameOf(node)),
        buckets: kept.length,
        ...anewOf(record, id),
      };
    }),
  };
}
