/** Deliberate bugs: each takes away one rule of the flow table, or one part of a time. The simulator has to find all of them. */
import type { Times } from "../../runtime/cluster/time.ts";
import { RULES, type Rules } from "./model/rules.ts";
import type { Shape } from "./plan.ts";
import { USUAL } from "./plan.ts";

export interface Mutation {
  readonly name: string;
  readonly rules: Rules;
  readonly shape: Shape;
}

const without = (rule: keyof Rules, name: string, shape: Partial<Shape> = {}): Mutation => ({
  name,
  rules: { ...RULES, [rule]: false },
  shape: { ...USUAL, ...shape },
});

const bent = (name: string, bend: (times: Times) => Partial<Times>, shape: Partial<Shape> = {}): Mutation => ({
  name,
  rules: RULES,
  shape: { ...USUAL, bend: (times) => ({ ...times, ...bend(times) }), ...shape },
});

export const MUTATIONS: readonly Mutation[] = [
  without("fence", "1: operations of another epoch are carried out"),
  without("stripped", "1: a bounced packet keeps its entry"),
  without("viewLease", "2: nodes act by views whose lease has ended"),
  without("incarnation", "3: a node acts with the table of another life"),
  without("bucketSince", "3: what a node held of a bucket before it moved away is taken for the bucket's"),
  without("provenTransfer", "4: a joiner is complete at once"),
  without("tombstonesTransferred", "4: tombstones are not transferred"),
  without("throughJoiners", "4: lookups are answered past the joiners"),
  without("newSourceStartsAgain", "4: a new source goes on where the old one was"),
  without("freshVersions", "5: resends and touches have the old version"),
  without("newerWins", "5: the older state stays"),
  without("absentIsStored", "5: tombstones are not stored where nothing is"),
  without("resent", "6: the head answers by itself"),
  without("readAtTail", "6: lookups are answered by whoever has the entry"),
  without("absenceConfirmed", "6: the reading member refuses by itself"),
  without("conflict", "7: a replica takes the newer decision for its own"),
  without("synDropped", "8: a SYN takes a tombstone's place"),
  without("tombstonesToHead", "8: the reading member answers by its tombstones"),
  without("tombstoneNoLease", "8: tombstones grant leases"),
  without("resendAge", "8: bounced packets are sent again however old"),
  without("refreshed", "9: lookups do not refresh what has little life left"),
  without("idleRests", "9: what idles is forgotten at once"),
  without("revived", "9: data does not revive what idled"),
  without("closingRefreshed", "9: a FIN ends the flow at once"),
  without("closeAcknowledged", "9: the head forgets without an acknowledgement"),
  without("transferAge", "9: transferred tombstones begin anew"),
  without("onlyAbsent", "9: transfers overwrite"),
  without("bothKeys", "10: the reverse key is missing"),
  without("oneLock", "10: looked up first, inserted later"),
  without("portsOfBucket", "10: ports of any bucket of the chain"),
  without("portsChecked", "10: ports that are taken"),
  without("toHead", "walk: SYN and FIN are applied by the cache"),
  without("everyReplicaStores", "walk: updates are stored at the tail only"),
  without("leaseFromSend", "walk: leases run from when the answer came"),
  without("newestLease", "walk: older answers replace newer leases"),
  without("acknowledgedVersion", "an acknowledgement of an earlier tombstone counts"),
  without("settled", "a forwarder takes answers to its earlier life"),
  bent("11: Q = 0", () => ({ tombstone: 0 })),
  bent("11: Q without V", (t) => ({ tombstone: t.tombstone - 1.1 * t.viewLease })),
  bent("11: Q without L", (t) => ({ tombstone: t.tombstone - (1.1 * t.cacheLease) / 0.9 })),
  bent("11: Q without the path", (t) => ({ tombstone: t.tombstone - 1.1 * (t.longestPath + 2) * t.hop })),
  bent("11: W beyond Q", () => ({ resendAge: 100_000 })),
  bent("11: E = 0", () => ({ entryLife: 0 })),
  bent("11: E without I", (t) => ({ entryLife: t.entryLife - 1.1 * t.idle })),
  bent("11: a lost chain decides at once", () => ({ quiet: 0 }), { chain: 1 }),
  bent("11: L twice what Q knows", (t) => ({ cacheLease: 2 * t.cacheLease })),
  bent("11: V four times what Q knows", (t) => ({ actFor: 4 * t.actFor })),
];
