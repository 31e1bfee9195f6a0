/** What all members of the cluster have decided, as their own tables have it: one flow, one decision, wherever it stands. */
import { clientOf, stateOfAgent } from "../../runtime/lab/standing/agents.ts";
import type { StandingPlace } from "../../runtime/lab/standing/place.ts";
import type { LabRecord } from "../../runtime/lab/standing/record.ts";

/** By flow (network, protocol, the ends as its client sends), the decisions that stand of it, and who has them. */
export type Decisions = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Of all members whose agents answer. */
export async function readDecisions(place: StandingPlace, { members }: LabRecord): Promise<Decisions> {
  const all = new Map<string, Map<string, string[]>>();
  const answering = members.filter((member) => stateOfAgent(member) === "runs");
  await Promise.all(
    answering.map(async (member) => {
      for await (const flow of clientOf(place, member).flows()) {
        const key = `${flow.vni} ${flow.protocol} ${flow.client} > ${flow.destination}`;
        const decided = `${flow.sentFrom ?? "as it is"} > ${flow.sentTo ?? "as it is"}`;
        const decisions = all.get(key) ?? new Map<string, string[]>();
        all.set(key, decisions);
        decisions.set(decided, [...(decisions.get(decided) ?? []), member.name]);
      }
    }),
  );
  return all;
}

const described = (key: string, decisions: ReadonlyMap<string, readonly string[]>): string =>
  `${key}: ${[...decisions].map(([decided, names]) => `${decided} (${names.join(", ")})`).join(" / ")}`;

/** Flows for which members have different decisions. */
export const disagreements = (all: Decisions): readonly string[] =>
  [...all].filter(([, decisions]) => decisions.size > 1).map((one) => described(...one));

/** Flows that had one decision before, and have another since. */
export const changes = (before: Decisions, after: Decisions): readonly string[] =>
  [...after].flatMap(([key, decisions]) => {
    const earlier = before.get(key);
    const isOther = earlier !== undefined && [...decisions.keys()].some((decided) => !earlier.has(decided));
    return isOther ? [`${described(key, earlier)}; now ${described(key, decisions)}`] : [];
  });
