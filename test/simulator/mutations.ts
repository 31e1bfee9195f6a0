/**
 * Deliberate bugs: each takes away one rule of the flow table, or one part of a time, and histories by chance find it. Those that show too seldom for
 * that are in stories.ts.
 */
import type { Times } from "../../runtime/cluster/time.ts";
import { RULES, type Rules } from "./model/rules.ts";
import type { Shape } from "./plan.ts";
import { USUAL } from "./plan.ts";
import { BARE, FOLLOWED } from "./words.ts";

export interface Mutation {
  readonly name: string;
  readonly rules: Rules;
  readonly shape: Shape;
  /** The same histories where nothing is wrong. */
  readonly sound: Shape;
  /** After how many histories, from seed 1 on, it is caught: the seed of the one that catches it. */
  readonly after: number;
}

/** Of those that the first history does not show. */
const AFTER: Readonly<Record<string, number>> = {
  "1: operations of another epoch are carried out": 38,
  "1: a bounced packet keeps its entry": 3,
  "2: nodes act by views whose lease has ended": 45,
  "3: a node acts with the table of another life": 13,
  "3: what a node held of a bucket before it moved away is taken for the bucket's": 49,
  "4: a joiner is complete at once": 3,
  "4: tombstones are not transferred": 106,
  "4: lookups are answered past the joiners": 3,
  "4: a new source goes on where the old one was": 3,
  "5: resends and touches have the old version": 2,
  "5: the older state stays": 3,
  "6: the head answers by itself": 2,
  "6: lookups are answered by whoever has the entry": 6,
  "6: the head refuses by itself": 30,
  "8: a SYN takes a tombstone's place": 15,
  "8: the reading member answers by its tombstones": 6,
  "9: what idles is forgotten at once": 4,
  "9: data does not revive what idled": 20,
  "9: transfers overwrite": 117,
  "10: ports of any bucket of the chain": 3,
  "walk: updates are stored at the tail only": 8,
  "walk: what earlier views decided is dropped without a word": 2,
  "a forwarder takes answers to its earlier life": 5,
  "11: Q = 0": 4,
  "11: Q by clocks that are right": 2,
  "11: a lost chain decides at once": 3,
  "11: V ten times what Q knows": 7,
  "11: Q, and the wait after a loss, without V": 7,
};

const without = (rule: keyof Rules, name: string, shape: Partial<Shape> = {}): Mutation => ({
  name,
  rules: { ...RULES, [rule]: false },
  shape: { ...USUAL, ...shape },
  sound: { ...USUAL, ...shape },
  after: AFTER[name] ?? 1,
});

/** Times that are wrong, of what the shape has them be. */
const bent = (name: string, bug: (times: Times) => Partial<Times>, shape: Partial<Shape> = {}): Mutation => {
  const bend = (times: Times): Times => {
    const told = shape.bend?.(times) ?? times;
    return { ...told, ...bug(told) };
  };
  return {
    name,
    rules: RULES,
    shape: { ...USUAL, ...shape, bend },
    sound: { ...USUAL, ...shape },
    after: AFTER[name] ?? 1,
  };
};

/** Histories in which a rule matters more often than by chance. */
const STALE: Partial<Shape> = { only: ["left behind", "stale view", "split", "expulsion", "crash"], faults: [25, 40] };
const SCALING: Partial<Shape> = { only: ["there and back"], faults: [12, 20], chain: 2 };
const MOVING: Partial<Shape> = {
  only: ["expulsion", "crash", "there and back", "scale-out"],
  faults: [50, 80],
  chain: 2,
  weather: { loss: 0.02, duplication: 0.3, late: 0.3, latest: 0.4 },
  bend: (times) => ({ ...times, closingLife: 0 }),
};
export const MUTATIONS: readonly Mutation[] = [
  without("fence", "1: operations of another epoch are carried out", STALE),
  without("stripped", "1: a bounced packet keeps its entry"),
  without("viewLease", "2: nodes act by views whose lease has ended"),
  without("incarnation", "3: a node acts with the table of another life"),
  without("bucketSince", "3: what a node held of a bucket before it moved away is taken for the bucket's", SCALING),
  without("provenTransfer", "4: a joiner is complete at once"),
  without("tombstonesTransferred", "4: tombstones are not transferred", MOVING),
  without("throughJoiners", "4: lookups are answered past the joiners"),
  without("newSourceStartsAgain", "4: a new source goes on where the old one was"),
  without("freshVersions", "5: resends and touches have the old version"),
  without("newerWins", "5: the older state stays"),
  without("resent", "6: the head answers by itself"),
  without("readAtTail", "6: lookups are answered by whoever has the entry"),
  without("absenceConfirmed", "6: the reading member refuses by itself"),
  without("refusedAlong", "6: the head refuses by itself", {
    only: ["left behind", "expulsion", "crash"],
    faults: [40, 60],
    chain: 2,
  }),
  without("synDropped", "8: a SYN takes a tombstone's place"),
  without("tombstonesToHead", "8: the reading member answers by its tombstones"),
  without("tombstoneNoLease", "8: tombstones grant leases", { times: { cacheLease: 250 }, bend: BARE }),
  without("refreshed", "9: lookups do not refresh what has little life left", { bend: FOLLOWED }),
  without("idleRests", "9: what idles is forgotten at once"),
  without("revived", "9: data does not revive what idled"),
  without("closingRefreshed", "9: a FIN ends the flow at once", { times: { closing: 70 } }),
  without("onlyAbsent", "9: transfers overwrite", MOVING),
  without("bothKeys", "10: the reverse key is missing"),
  without("oneLock", "10: looked up first, inserted later"),
  without("portsOfBucket", "10: ports of any bucket of the chain"),
  without("portsChecked", "10: ports that are taken"),
  without("toHead", "walk: SYN and FIN are applied by the cache"),
  without("everyReplicaStores", "walk: updates are stored at the tail only"),
  without("earlierServed", "walk: what earlier views decided is dropped without a word"),
  without("settled", "a forwarder takes answers to its earlier life"),
  bent("11: Q = 0", () => ({ tombstone: 0 })),
  bent("11: Q without L", (t) => ({ tombstone: t.tombstone - (1.1 * t.cacheLease) / 0.9, closingLife: 0 }), {
    times: { cacheLease: 800 },
  }),
  bent(
    "11: L three times what Q knows",
    ({ cacheLease }) => ({ cacheLease: 3 * cacheLease, renewAfter: 3 * cacheLease }),
    {
      bend: BARE,
    },
  ),
  bent(
    "11: Q by clocks that are right",
    (t) => ({ tombstone: t.viewLease + t.cacheLease + (t.longestPath + 2) * t.hop }),
    { bend: BARE, times: { cacheLease: 600, drift: 0.2 } },
  ),
  bent("11: E = 0, the promise is longer than Q", () => ({ entryLife: 0 }), { times: { idle: 700 } }),
  bent("11: E without I", (t) => ({ entryLife: t.entryLife - 1.1 * t.idle }), { times: { idle: 700 } }),
  bent("11: a lost chain decides at once", () => ({ quiet: 0 }), { chain: 1 }),
  bent("11: V ten times what Q knows", (t) => ({ actFor: 10 * t.actFor, closingLife: 0 }), STALE),
  bent(
    "11: Q, and the wait after a loss, without V",
    (t) => ({ tombstone: t.tombstone - 1.1 * t.viewLease, quiet: t.quiet - 1.1 * t.viewLease, closingLife: 0 }),
    { ...STALE, times: { viewLease: 500 } },
  ),
];
