/** What a side answers to a table of packets, in a form that two sides can be compared by. */
import type { Subject } from "../../bench/measure/subject.ts";
import { isNodeMap } from "../../runtime/node/shapes.ts";
import type { Packet } from "../kit/index.ts";
import { verdictOf } from "../kit/matchers/verdict.ts";

export interface Answer {
  readonly verdict: string;
  readonly packet: string;
}

export const answersOf = (subject: Subject, packets: readonly Packet[]): Answer[] =>
  packets.map(({ bytes }) => {
    const { action, packet } = subject.run({ packet: bytes });
    return { verdict: verdictOf(action), packet: Buffer.from(packet).toString("hex") };
  });

/** Fields that hold the time of a packet: two sides never run at the same one. */
const TIMES: ReadonlySet<string> = new Set(["at", "until"]);

/** Numbers of all CPUs together; times as whether they were set. */
function comparable(value: unknown, name = ""): unknown {
  if (TIMES.has(name)) return value === 0n ? "never" : "some time";
  if (Array.isArray(value)) return value.map((one) => comparable(one));
  if (typeof value !== "object" || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, comparable(one, key)]));
}

function sum(values: readonly unknown[]): unknown {
  const [first] = values;
  if (typeof first !== "object" || first === null)
    return values.reduce((total: bigint, value) => total + BigInt(value as bigint), 0n);
  return Object.fromEntries(
    Object.keys(first).map((key) => [key, sum(values.map((value) => (value as Record<string, unknown>)[key]))]),
  );
}

const isZero = (value: unknown): boolean =>
  typeof value === "object" && value !== null ? Object.values(value).every(isZero) : Number(value) === 0;

/**
 * Everything that the packets left in the maps, by map and key. Config, which packets do not change, is left out, and so is
 * what belongs to a node: where a flow stands in its table is told by chance.
 */
export function contentsOf(subject: Subject): Record<string, readonly string[]> {
  const contents: Record<string, readonly string[]> = {};
  for (const name of subject.mapNames) {
    if (isNodeMap(name)) continue;
    const map = subject.map(name);
    if (!("entries" in map)) continue;
    const perCpu = map.kind.startsWith("perCpu");
    const lines = [...map.entries()].flatMap(([key, value]) => {
      const whole = perCpu ? sum(value as readonly unknown[]) : value;
      const isArray = map.kind === "array" || map.kind === "perCpuArray";
      return isArray && isZero(whole)
        ? []
        : [`${JSON.stringify(comparable(key))}: ${JSON.stringify(comparable(whole))}`];
    });
    contents[name] = lines.sort();
  }
  return contents;
}
