/** What a service has room for: how many of each, and maps with names of their own. */
import { type MiddleboxSpec, mapName, type StateSpec } from "../services/spec.ts";

/** A decision names them by the bits of a u32. */
const MOST_BINDINGS = 32;
/** The chain's jump table (bpf-lib/service/filter.ts). */
export const MOST_MIDDLEBOXES = 64;
/** The arrays of bpf-lib/state/counter.ts and rate-limiter.ts. A stream of events counts what found no room. */
const MOST_COUNTERS = 256;
const MOST_METERS = 64;
const MOST_SHARES = 64;
export const MOST_REASONS = 256;

interface Limit {
  readonly what: string;
  readonly most: number;
  readonly counts: (spec: StateSpec) => boolean;
}
const LIMITS: readonly Limit[] = [
  { what: "bindings", most: MOST_BINDINGS, counts: ({ kind }) => kind === "binding" },
  {
    what: "counters and streams of events together",
    most: MOST_COUNTERS,
    counts: ({ kind }) => kind === "counter" || kind === "events",
  },
  { what: "meters", most: MOST_METERS, counts: ({ kind }) => kind === "meter" },
  {
    what: "rate limiters of the service as a whole",
    most: MOST_SHARES,
    counts: (spec) => spec.kind === "rateLimiter" && spec.scope === "service",
  },
];

/** What there are too many of, in words; null where all find room. */
export function tooMany(chain: readonly MiddleboxSpec[]): string | null {
  if (chain.length > MOST_MIDDLEBOXES)
    return `A chain has at most ${MOST_MIDDLEBOXES} middleboxes, and this one ${chain.length}.`;
  const states = chain.flatMap((box) => [...box.state.values()]);
  for (const { what, most, counts } of LIMITS) {
    const count = states.filter(counts).length;
    if (count > most) return `A service has at most ${most} ${what}, and this one ${count}.`;
  }
  return null;
}

/** Kinds of fields that have maps by their names. */
const MAPPED: ReadonlySet<string> = new Set([
  "prefixes",
  "table",
  "maglev",
  "portPool",
  "rateLimiter",
  "boundedTable",
  "binding",
  "events",
]);

/** Two fields, by path, whose maps would have one name: 'a-b.c' and 'a.b_c'. */
export function sharedMap(chain: readonly MiddleboxSpec[]): readonly [first: string, second: string] | null {
  const taken = new Map<string, string>();
  for (const box of chain) {
    for (const part of ["config", "state"] as const) {
      for (const [field, { kind }] of box[part]) {
        const map = mapName(box.name, field);
        const path = `${part} '${box.name}.${field}'`;
        const other = taken.get(map);
        if (MAPPED.has(kind) && other !== undefined) return [other, path];
        if (MAPPED.has(kind)) taken.set(map, path);
      }
    }
  }
  return null;
}
