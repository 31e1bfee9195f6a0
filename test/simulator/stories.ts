/**
 * Rules and times whose lack shows so seldom that histories by chance do not come to it: for each, a history by hand that it was bought with.
 * Nodes 1 and 2 are the head H and the tail T of the flow's chain, F0 and F1 the forwarders (101 and 102).
 */
import type { Times } from "../../runtime/cluster/time.ts";
import { RULES, type Rules } from "./model/rules.ts";
import type { Deed, Story } from "./script.ts";
import { BARE, bumps, DATA, expels, F1, FIN, H, joins, late, lost, QUICKLY, SYN, T } from "./words.ts";

export interface StoryOf {
  readonly name: string;
  /** What is taken away; more than one where each alone is not missed in this history. */
  readonly without: readonly (keyof Rules)[];
  /** Times that are wrong. */
  readonly bug?: (times: Times) => Partial<Times>;
  readonly story: Story;
}

const withTombstone =
  (tombstone: (times: Times) => number) =>
  (times: Times): Times => ({ ...BARE(times), tombstone: tombstone(times), quiet: tombstone(times) });
const pathOf = ({ longestPath, hop }: Times): number => (longestPath + 2) * hop;

/**
 * A lease that runs from when the answer came outlasts Q = V + L.
 * T, which F1 reads, is expelled; neither hears of it. H ends the flow at once (its client closes). When V is nearly over, F1 asks T, which takes as
 * long as may be, and T answers, which takes as long again. F1 has the new view by then, and keeps the decision for L. When Q is over, H decides anew.
 */
const fromReceipt: Story = {
  times: { hop: 100, viewLease: 400, cacheLease: 740, resendAge: 210, idle: 620, refresh: 900 },
  bend: withTombstone(({ viewLease, cacheLease }) => viewLease + cacheLease),
  script: {
    deeds: [
      { at: 20, ...SYN, life: 1, by: 0 },
      { at: 428, deaf: T, lasts: 2000 },
      { at: 428, deaf: F1, lasts: 273 },
      { at: 440, ...FIN, life: 1, by: 0 },
      { at: 449, change: expels(T) },
      { at: 490, ...FIN, life: 1, by: 0 },
      { at: 700, ...DATA, life: 1, by: 1, from: "server" },
      { at: 1628, ...SYN, life: 2, by: 0 },
      { at: 1630, ...DATA, life: 2, by: 1 },
    ],
    mishaps: [
      lost(439, 452, /^UPDATE/, T),
      late(690, 710, /^LOOKUP/, 99, T),
      late(790, 810, /^REPLY/, 100, F1),
      QUICKLY,
    ],
  },
};

/**
 * A packet that is bounced meets the flow's next life.
 * F1 has not heard of a view; data that has left its client before the FIN did comes to it, and goes to and fro between F1 and T, each way taking as
 * long as may be, until F1 has heard. Then it is read where the next life stands.
 */
const bounced: Story = {
  times: { hop: 100, viewLease: 400, cacheLease: 10, resendAge: 420, idle: 620, refresh: 420 },
  bend: BARE,
  script: {
    deeds: [
      { at: 20, ...SYN, life: 1, by: 0 },
      { at: 519, deaf: F1, lasts: 311 },
      {
        at: 520,
        change: bumps,
      },
      { at: 600, ...DATA, life: 1, by: 1 },
      { at: 601, ...FIN, life: 1, by: 0 },
      { at: 1040, ...SYN, life: 2, by: 0 },
    ],
    mishaps: [late(590, 1200, /^LOOKUP/, 99, T), late(590, 1200, /^STALE/, 99, F1), QUICKLY],
  },
};

/** The same, for as long as V lets nodes go on with an old view, where Q is no longer than the resend age and leases ask for. */
const bouncedLong: Story = {
  times: { hop: 100, viewLease: 1000, cacheLease: 50, resendAge: 210, idle: 620, refresh: 420 },
  bend: withTombstone((times) => Math.max(times.viewLease + times.cacheLease, times.resendAge + pathOf(times))),
  script: {
    deeds: [
      { at: 20, ...SYN, life: 1, by: 0 },
      { at: 1030, deaf: F1, lasts: 975 },
      {
        at: 1120,
        change: bumps,
      },
      { at: 1156, ...FIN, life: 1, by: 0 },
      { at: 1199, ...DATA, life: 1, by: 1 },
      { at: 2225, ...SYN, life: 2, by: 0 },
    ],
    mishaps: [late(1190, 2400, /^LOOKUP/, 100, T), late(1190, 2400, /^STALE/, 100, F1), QUICKLY],
  },
};

/**
 * An answer that somebody has kept, and sends again when the flow's next life has begun, does not replace the lease of that:
 * it is of an older version, and its lease is long over. One of the two is enough.
 */
const replayed: Story = {
  times: { idle: 400 },
  bend: BARE,
  script: {
    deeds: [
      { at: 10, ...SYN, life: 1, by: 1 },
      { at: 30, ...FIN, life: 1, by: 1 },
      { at: 260, ...SYN, life: 2, by: 1 },
      { at: 600, ...DATA, life: 2, by: 1 },
      { at: 620, ...DATA, life: 2, by: 1 },
    ],
    mishaps: [{ ...late(0, 20, /^REPLY/, 0.1, F1), delays: [0.1, 600] }, QUICKLY],
  },
};

const filledAgain = (node: number, at: number, before: readonly number[]): readonly Deed[] => [
  { at, change: joins(node) },
  ...before.map((each, nth) => ({ at: at + 60 + nth, change: expels(each) })),
];

/**
 * What nobody speaks of any more stands for ever where each new member takes it for new.
 * A flow is silent from its first packet on. Its chain is replaced five times, each time before the entry has idled at the member that was filled last. Its
 * client begins again when every trace is to be gone.
 */
const agelessly: Story = {
  times: {},
  bend: BARE,
  spares: [5, 6, 7],
  script: {
    deeds: [
      { at: 10, ...SYN, life: 1, by: 0 },
      ...filledAgain(5, 200, [H, T]),
      ...filledAgain(6, 400, [5]),
      ...filledAgain(7, 600, [6]),
      ...filledAgain(5, 800, [7]),
      ...filledAgain(6, 1000, [5]),
      { at: 1100, ...SYN, life: 2, by: 0 },
    ],
    mishaps: [QUICKLY],
  },
};

/**
 * The head takes a late acknowledgement for that of a later tombstone, which nobody has heard of.
 * The flow idles; T acknowledges that it rests, and this takes as long as may be. Meanwhile data revives the flow, and its client closes it: T hears of the
 * former, and not of the latter. So H forgets, and T has the flow open. The FIN, sent again, is refused. H is expelled, and the client begins again.
 */
const acknowledgedEarly: Story = {
  times: {},
  bend: BARE,
  script: {
    deeds: [
      { at: 10, ...SYN, life: 1, by: 0 },
      { at: 291, ...DATA, life: 1, by: 0 },
      { at: 293, ...FIN, life: 1, by: 0 },
      { at: 510, ...FIN, life: 1, by: 0 },
      { at: 515, change: expels(H) },
      { at: 545, ...SYN, life: 2, by: 0 },
    ],
    mishaps: [late(280, 292, /^ACKNOWLEDGE/, 10, H), lost(292.9, 302, /^UPDATE/, T), QUICKLY],
  },
};

/**
 * The head forgets what T has never heard the end of.
 * The client closes, and nothing of that comes to T, whose entry would go on for long. When H has ended the flow and forgotten that, the FIN, sent
 * again, is refused. H is expelled, and the client begins again: T has the flow open.
 */
const unacknowledged: Story = {
  times: { idle: 2000 },
  script: {
    deeds: [
      { at: 20, ...SYN, life: 1, by: 0 },
      { at: 40, ...FIN, life: 1, by: 0 },
      { at: 900, ...FIN, life: 1, by: 0 },
      { at: 920, change: expels(H) },
      { at: 980, ...SYN, life: 2, by: 0 },
    ],
    mishaps: [lost(39.9, 890, /^UPDATE/, T), QUICKLY],
  },
};

/**
 * A replica that takes the newer of two decisions for its own, while leases of the older are out.
 * As before; but entries may go unrefreshed for long, H stays, and F1 asks T for the flow just before H decides anew: T answers by the old decision. A replica
 * that keeps to what it has would not let the new one pass before Q.
 */
const replaced: Story = {
  times: { refresh: 250 },
  bend: BARE,
  script: {
    deeds: [
      { at: 10, ...SYN, life: 1, by: 0 },
      { at: 476, ...DATA, life: 1, by: 0 },
      { at: 478, ...FIN, life: 1, by: 0 },
      { at: 690, ...DATA, life: 1, by: 1, from: "server" },
      { at: 695, ...FIN, life: 1, by: 0 },
      { at: 700, ...SYN, life: 2, by: 0 },
      { at: 704, ...DATA, life: 2, by: 1 },
    ],
    mishaps: [late(465, 477, /^ACKNOWLEDGE/, 10, H), lost(477.9, 487, /^UPDATE/, T), QUICKLY],
  },
};

/**
 * A tombstone that finds nothing at a joiner is not stored, and what comes by a transfer then stands as if it were open.
 * T sends the open flow to node 5, which is being filled, and this takes as long as may be. Its client closes it meanwhile; node 5 misses the FIN, and
 * is told of the end before the transfer arrives. Another flow's transfers are lost until H has forgotten all that. Then node 5 is complete, and soon alone.
 */
const notStored: Story = {
  times: { hop: 40, viewLease: 170, cacheLease: 220, resendAge: 100, idle: 1000, refresh: 200 },
  spares: [5],
  bend: BARE,
  script: {
    deeds: [
      { at: 20, ...SYN, life: 1, by: 0 },
      { at: 30, packet: "SYN", flow: 1, life: 1, by: 0 },
      { at: 100, change: joins(5) },
      { at: 217, ...FIN, life: 1, by: 0 },
      { at: 1100, ...FIN, life: 1, by: 0 },
      { at: 1110, change: expels(H) },
      { at: 1115, change: expels(T) },
      { at: 1200, ...SYN, life: 2, by: 0 },
    ],
    mishaps: [
      lost(100, 900, /^TRANSFER .*decision 2 /, 5),
      lost(100, 185, /^TRANSFER/, 5),
      late(185, 217, /^TRANSFER/, 40, 5),
      lost(217, 260, /^TRANSFER/, 5),
      lost(216.9, 217.6, /^UPDATE/, 5),
      QUICKLY,
    ],
  },
};

export const STORIES: readonly StoryOf[] = [
  { name: "walk: leases run from when the answer came", without: ["leaseFromSend"], story: fromReceipt },
  {
    name: "11: Q without the path",
    without: [],
    bug: (times) => ({ tombstone: times.tombstone - pathOf(times) }),
    story: bounced,
  },
  { name: "8: bounced packets are sent again however old", without: ["resendAge"], story: bouncedLong },
  { name: "11: W beyond Q", without: [], bug: () => ({ resendAge: 100_000 }), story: bouncedLong },
  { name: "9: transferred entries begin anew", without: ["transferAge"], story: agelessly },
  { name: "9: the head forgets without an acknowledgement", without: ["closeAcknowledged"], story: unacknowledged },
  {
    name: "an acknowledgement of an earlier tombstone counts",
    without: ["acknowledgedVersion"],
    story: acknowledgedEarly,
  },
  { name: "5: tombstones are not stored where nothing is", without: ["absentIsStored"], story: notStored },
  {
    name: "7: a replica takes the newer decision for its own, and an earlier acknowledgement counts",
    without: ["conflict", "acknowledgedVersion"],
    story: replaced,
  },
  {
    name: "walk: older answers replace newer leases, which run from when the answer came",
    without: ["newestLease", "leaseFromSend"],
    story: replayed,
  },
];

export const rulesOf = (without: readonly (keyof Rules)[]): Rules => ({
  ...RULES,
  ...Object.fromEntries(without.map((rule) => [rule, false])),
});

/** With its times as wrong as they are to be. */
export const wrongOf = ({ story, bug }: StoryOf): Story => ({
  ...story,
  bend: (times) => {
    const told = story.bend?.(times) ?? times;
    return { ...told, ...bug?.(told) };
  },
});
