/** Agents of a lab's members: `zeta node start` in each one's namespace, asked and told by its socket. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTimeOf } from "../../attach/records.ts";
import type { NodeAgentStatus } from "../../cluster/node-agent.ts";
import { connectNode, type NodeClient } from "../../control/client.ts";
import type { ClusterMessage } from "../../control/cluster.ts";
import type { MemberPlace } from "../cluster/topology.ts";
import { type StandingPlace, timesOf } from "./place.ts";
import type { MemberRecord } from "./record.ts";

/** Milliseconds until a node serves: a second of verifier time each, and on a busy machine many times that. */
const PATIENCE = 300_000;

const stateOf = (place: StandingPlace, name: string): string => join(place.folder, "nodes", name);

export const clientOf = (place: StandingPlace, { name }: { readonly name: string }): NodeClient =>
  connectNode({ state: stateOf(place, name) });

/** Gives its process once the node serves. `zeta` are the words that start the command. */
export async function startAgent(
  place: StandingPlace,
  { namespace, front }: MemberPlace,
  zeta: readonly string[],
  flows: number,
): Promise<{ readonly pid: number; readonly startTime: number }> {
  const [command = "", ...first] = zeta;
  const role = front === null ? "table" : "forwarder";
  const interfaces = front === null ? ["wire"] : ["front", "wire"];
  const words = [
    ...["node", "start", "--role", role, "--state", stateOf(place, namespace.name)],
    ...[
      "--flows",
      `${flows}`,
      "--times",
      timesOf(place),
      "--json",
      ...interfaces.flatMap((name) => ["--interface", name]),
    ],
  ];
  const { pid } = await namespace.start(command, [...first, ...words], {
    ready: { prints: /"type":"started"/ },
    timeout: PATIENCE,
  });
  return { pid, startTime: startTimeOf(pid) ?? 0 };
}

/** `stopped`: by a signal, until another lets it go on. `gone`: ended, or another process has its number by now. */
export type AgentState = "runs" | "stopped" | "gone";

export function stateOfAgent({ pid, startTime }: Pick<MemberRecord, "pid" | "startTime">): AgentState {
  if (startTimeOf(pid) !== startTime) return "gone";
  const [, state = "X"] = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return "ZX".includes(state) ? "gone" : state === "T" ? "stopped" : "runs";
}

/** How the others are reached from this one: all are on one wire. */
export const neighboursOf = (one: MemberRecord, all: readonly MemberRecord[]): ClusterMessage["members"] =>
  all
    .filter(({ id }) => id !== one.id)
    .map(({ id, address, mac }) => ({ id, address, interface: "wire", destination: mac, source: one.mac }));

/**
 * Has the member read the newest view from the cluster's store. A view is never sent: what a process gets to hear may be old by then, if
 * it stood still meanwhile.
 */
export const tellToLook = (place: StandingPlace, member: MemberRecord): Promise<NodeAgentStatus> =>
  clientOf(place, member).cluster({
    store: { self: { id: member.id, address: member.address, interfaces: ["wire"] }, file: place.store },
  });
