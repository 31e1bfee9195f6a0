/** Bugs of the programs that histories by chance do not come to: for each, a history by hand, as those of the model's rules. */
import type { Invariant } from "../checker.ts";
import type { Story } from "../script.ts";
import { DATA, expels, F1, FIN, H, joins, late, lost, QUICKLY, SYN, T } from "../words.ts";
import type { Edit } from "./compiled.ts";

export interface ProgramStory {
  readonly name: string;
  /** More than one where each alone is not missed in this history. */
  readonly bugs: readonly (readonly Edit[])[];
  readonly story: Story;
  readonly breaks: Invariant;
}

const SERVE = "bpf-lib/table/serve.ts";
const ANSWERED = "bpf-lib/table/answered.ts";

/**
 * What goes by an old view is stored in a table that is about to be emptied.
 * T is expelled and joins again, and does not hear of it. A flow is decided by H, which has heard, and T stores it and answers. Then T hears, and forgets what its
 * earlier membership had; H, which has brought it all that stood when T joined, says that it is complete, and is expelled. Nobody has the decision.
 */
const beforeEmptied: Story = {
  times: { refresh: 80 },
  script: {
    deeds: [
      { at: 95, deaf: T, lasts: 32 },
      { at: 100, change: expels(T) },
      { at: 101, change: joins(T) },
      { at: 116, ...SYN, life: 1, by: 0 },
      { at: 150, change: expels(H) },
      { at: 178, ...DATA, life: 1, by: 1 },
    ],
    mishaps: [QUICKLY],
  },
};

/** What begins without a SYN comes to T first, which has nothing of it: only H can say whether there is something, and decide. */
const begunByData: Story = {
  times: { refresh: 80 },
  script: {
    deeds: [{ at: 100, packet: "DATA", flow: 1, life: 1, by: 0 }],
    mishaps: [QUICKLY],
    tried: "DATA",
  },
};

/**
 * H forgets an end that T has not heard of, and T takes the next decision for its own: F1 goes on with the old one.
 * A connection closes. Its client begins another, by which H ends the decision; T is not told, and answers F1, to which late data of the old connection
 * comes. When H has forgotten, it decides anew. A replica would let that pass only when its own decision has rested; a head would not have forgotten.
 */
const forgotten: Story = {
  times: { refresh: 80, cacheLease: 700, resendAge: 25, closing: 4000 },
  script: {
    deeds: [
      { at: 80, ...SYN, life: 1, by: 0 },
      { at: 100, ...FIN, life: 1, by: 0 },
      { at: 105, ...SYN, life: 2, by: 0 },
      { at: 830, ...DATA, life: 1, by: 1 },
      { at: 927, ...SYN, life: 2, by: 0 },
      { at: 929, ...DATA, life: 2, by: 1 },
    ],
    mishaps: [lost(104, 110, /^UPDATE/, T), QUICKLY],
  },
};

/** As of the model's rule; programs follow a lease for a fifth of its time. */
const fromReceipt: Story = {
  times: { hop: 100, viewLease: 400, cacheLease: 3700, resendAge: 210, idle: 620, refresh: 900 },
  bend: (times) => {
    const tombstone = times.viewLease + times.cacheLease / 5;
    return { ...times, tombstone, quiet: tombstone };
  },
  script: {
    deeds: [
      { at: 620, ...SYN, life: 1, by: 0 },
      { at: 640, ...DATA, life: 1, by: 0, from: "server" },
      { at: 660, ...DATA, life: 1, by: 0 },
      { at: 1028, deaf: T, lasts: 2000 },
      { at: 1028, deaf: F1, lasts: 273 },
      { at: 1040, ...FIN, life: 1, by: 0 },
      { at: 1049, change: expels(T) },
      { at: 1090, ...FIN, life: 1, by: 0 },
      { at: 1092, ...SYN, life: 2, by: 0 },
      { at: 1300, ...DATA, life: 1, by: 1, from: "server" },
      { at: 2234, ...SYN, life: 2, by: 0 },
      { at: 2236, ...DATA, life: 2, by: 1 },
    ],
    mishaps: [
      lost(1039, 1052, /^UPDATE/, T),
      late(1290, 1310, /^LOOKUP/, 99, T),
      late(1390, 1410, /^REPLY/, 100, F1),
      QUICKLY,
    ],
  },
};

export const STORIES: readonly ProgramStory[] = [
  {
    name: "operations of another epoch are carried out",
    bugs: [
      [
        { file: SERVE, only: "table", from: "if (epoch !== view.epoch) {", to: "if (epoch === 0) {" },
        { file: SERVE, only: "table", from: "pathAt(epoch, bucket)", to: "pathAt(view.epoch, bucket)" },
      ],
    ],
    story: beforeEmptied,
    breaks: "Durability",
  },
  {
    name: "the reading member says what is absent",
    bugs: [
      [
        {
          file: SERVE,
          only: "table",
          from: "if (entry === null) return toHead(turn, path, Operation.Decide);",
          to: "if (entry === null) return answer(turn, Operation.Nobody);",
        },
      ],
    ],
    story: begunByData,
    breaks: "Progress",
  },
  {
    name: "the head forgets an end that not all have heard of, and a replica takes the newer decision for its own",
    bugs: [
      [
        {
          file: "bpf-lib/table/ended.ts",
          only: "table",
          from: "return client.state !== FlowState.Ended && i32(rests - soon) > 0 ? rests : soon;",
          to: "return soon;",
        },
      ],
      [
        {
          file: "bpf-lib/table/store.ts",
          only: "table",
          from: "if (isNewer && (told || hasRested(way, protocol, now))) {",
          to: "if (isNewer) {",
        },
      ],
    ],
    story: forgotten,
    breaks: "No resurrection",
  },
  {
    name: "leases run from when the answer came",
    bugs: [
      [
        {
          file: ANSWERED,
          only: "forwarder",
          from: "const passed: u32 = now - hand.of.sent;",
          to: "const passed: u32 = 0;",
        },
        { file: ANSWERED, only: "forwarder", from: " - (spansNow() - hand.of.sent);", to: ";" },
      ],
    ],
    story: fromReceipt,
    breaks: "No resurrection",
  },
];
