/**
 * Packets that a new version is tried on before it takes over. They run through the whole of a node (root, filters, decision,
 * forwarding) by BPF_PROG_TEST_RUN, on a node of its own beside the one that serves: what is tried must not touch live flows.
 */
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import type { Config } from "../config/live.ts";
import type { Bundle } from "../loader/bundle.ts";
import type { ObjectWithManifest } from "../loader/load.ts";
import { inNamespace } from "../loader/network-namespace.ts";
import { testRun } from "../loader/test-run.ts";
import { countMap, dropCounts, nodeDropCounts } from "../service/counts.ts";
import type { Node, NodeService } from "./api.ts";
import { readFlows } from "./flows.ts";
import { canaryFailed } from "./problems.ts";

/**
 * forward: a decision was made, and the packet follows it (also when the host must find its neighbour first). host: it is
 * the host's own. reply: an answer or a rejection goes back to the sender.
 */
export const CANARY_VERDICTS = ["forward", "host", "drop", "reply"] as const;
export type CanaryVerdict = (typeof CANARY_VERDICTS)[number];

export interface Canary {
  readonly name: string;
  /** The whole frame, from its Ethernet header on. */
  readonly packet: Uint8Array;
  /** Unless told: whatever the version that serves gives. */
  readonly verdict?: CanaryVerdict;
  /** The reason of a drop, as counted: "acl: not allowed". */
  readonly reason?: string;
}

interface Outcome {
  readonly verdict: CanaryVerdict | "abort";
  readonly reason: string | null;
}

interface Side {
  readonly source: Bundle | ObjectWithManifest;
  readonly config: Config;
}

/** What canaries come in by: an interface by number, in a network namespace by name or path; null for this process's own. */
export interface CanaryPlace {
  readonly interface: number;
  readonly namespace: string | null;
}

export interface Trial {
  readonly place: CanaryPlace;
  readonly vni: number;
  readonly before: Side;
  readonly after: Side;
}

/** Flows that a trial may open. */
const FLOWS = 1024;
const VERDICTS: Readonly<Record<number, Outcome["verdict"]>> = { 0: "abort", 1: "drop", 2: "host", 3: "reply" };
const REDIRECT = 4;

function forwarded(node: Node): bigint {
  let packets = 0n;
  for (const flow of readFlows(node, "both")) packets += flow.packets;
  return packets;
}

function watch(node: Node, one: NodeService, packet: Uint8Array, place: CanaryPlace): Outcome {
  const { service } = one.manifest;
  const reasons = [
    ...(service === null ? [] : dropCounts(service, one.object.maps)),
    ...nodeDropCounts(node, one.index),
  ];
  const [before, followed] = [countMap(reasons), forwarded(node)];
  const run = () => testRun(node.entry(), { packet, context: { interface: place.interface } });
  const { action } = place.namespace === null ? run() : inNamespace(place.namespace, run);
  const after = countMap(reasons);
  const reason = [...after].find(([name, value]) => value !== before.get(name))?.[0] ?? null;
  // A rejection is counted and answered.
  if (action === REDIRECT || (action === 2 && forwarded(node) !== followed)) return { verdict: "forward", reason };
  return { verdict: VERDICTS[action] ?? "abort", reason };
}

async function outcomes(canaries: readonly Canary[], { source, config }: Side, trial: Trial): Promise<Outcome[]> {
  const { openNode } = await import("./node.ts");
  using node = await openNode({ flows: FLOWS });
  const given = Object.keys(config).length === 0 ? "later" : config;
  const one = await node.add(source, { config: given, vni: trial.vni });
  return canaries.map(({ packet }) => watch(node, one, packet, trial.place));
}

const say = ({ verdict, reason }: Outcome): string => (reason === null ? verdict : `${verdict} (${reason})`);

/** @throws ZetaError with a ZT8103 for each that is not as expected, and whatever loading the new version throws. */
export async function refuseByCanaries(canaries: readonly Canary[], trial: Trial): Promise<void> {
  const got = await outcomes(canaries, trial.after, trial);
  const recorded = canaries.every(({ verdict }) => verdict !== undefined)
    ? []
    : await outcomes(canaries, trial.before, trial);
  const problems = canaries.flatMap((canary, index) => {
    const outcome = got[index] as Outcome;
    const wanted =
      canary.verdict === undefined
        ? (recorded[index] as Outcome)
        : { verdict: canary.verdict, reason: canary.reason ?? null };
    const fits = outcome.verdict === wanted.verdict && (wanted.reason === null || outcome.reason === wanted.reason);
    return fits ? [] : [canaryFailed(null, canary.name, say(wanted), say(outcome))];
  });
  if (problems.length > 0) throw new ZetaError(problems);
}
