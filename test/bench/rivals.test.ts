/** A rival is one only when it does the same work: same verdicts, same packets, same content of maps. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BenchCase } from "../../bench/cases/case.ts";
import { cases } from "../../bench/cases/index.ts";
import { BACKENDS, BACKENDS_6, EXTERNAL, fillBackends, fillNat44 } from "../../bench/cases/services.ts";
import { openRoad, type Road } from "../../bench/measure/road.ts";
import { loadPair, type Subject } from "../../bench/measure/subject.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import type { Packet } from "../kit/index.ts";
import { answersOf, contentsOf } from "./answers.ts";
import { natTable, serviceTable, table, tunnelTable } from "./packets.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;

const isAlike = (one: BenchCase, other: BenchCase): boolean =>
  one.fill === other.fill && one.source === other.source && one.rival === other.rival;
/** Each fill of each program once: cases differ in frames too. */
const distinct = cases.filter((one, index) => cases.findIndex((other) => isAlike(one, other)) === index);

describe.skipIf(reason !== "")(`rivals in C${reason}`, () => {
  let road: Road | null = null;
  beforeAll(async () => {
    road = await openRoad();
  });
  afterAll(async () => {
    await road?.[Symbol.asyncDispose]();
  });
  const pairOf = (one: BenchCase) => loadPair(one, one.routed ? (road?.ingress ?? null) : null);

  const tableOf = (one: BenchCase): readonly Packet[] => {
    if (one.rival === "nat44") return natTable;
    return isService(one) ? serviceTable : table;
  };

  const isService = ({ source }: BenchCase): boolean => source.startsWith("examples/");

  /** All that both sides say, to compare as a whole. */
  const agree = (ours: Subject, rival: Subject, packets: readonly Packet[]): void => {
    const [own, other] = [answersOf(ours, packets), answersOf(rival, packets)];
    packets.forEach((packet, index) => {
      const sent = Buffer.from(packet.bytes).toString("hex");
      expect({ index, sent, ...own[index] }).toEqual({ index, sent, ...other[index] });
    });
    expect(contentsOf(ours)).toEqual(contentsOf(rival));
  };

  test.each(distinct)("$name: the same answers to the same packets", async (one) => {
    using pair = await pairOf(one);
    one.fill(pair.ours);
    one.fill(pair.rival);
    agree(pair.ours, pair.rival, tableOf(one));
    if (one.rival === "vxlan-forward") agree(pair.ours, pair.rival, tunnelTable);
  });

  test("the balancer: the same when the config changes under known flows", async () => {
    const one = cases.find(({ rival }) => rival === "balancer") as BenchCase;
    using pair = await pairOf(one);
    for (const side of [pair.ours, pair.rival]) {
      one.fill(side);
      answersOf(side, serviceTable);
      // Some flows' backends stay, others go; a third generation has none at all.
      fillBackends(side, [...BACKENDS.slice(2), ...BACKENDS_6.slice(0, 1)], 1);
      side.switchTo(1);
    }
    agree(pair.ours, pair.rival, serviceTable);
    for (const side of [pair.ours, pair.rival]) {
      fillBackends(side, [], 0);
      side.switchTo(2);
    }
    agree(pair.ours, pair.rival, serviceTable);
  });

  test("the translator: the same when half of its addresses go", async () => {
    const one = cases.find(({ rival }) => rival === "nat44") as BenchCase;
    using pair = await pairOf(one);
    for (const side of [pair.ours, pair.rival]) {
      one.fill(side);
      answersOf(side, natTable);
      fillNat44(side, 1, EXTERNAL.slice(32));
      side.switchTo(1);
    }
    agree(pair.ours, pair.rival, natTable);
  });

  test.each(distinct)("$name, and those like it: what is measured is treated alike by both sides", async (one) => {
    using pair = await pairOf(one);
    for (const side of [pair.ours, pair.rival]) one.fill(side);
    for (const { name, flows, room, verdict, frames } of cases.filter((other) => isAlike(one, other))) {
      const [own, other] = [frames(pair.ours), frames(pair.rival)];
      expect(own, name).toHaveLength(room === undefined ? flows : 1);
      expect(own.map(({ bytes }) => bytes)).toEqual(other.map(({ bytes }) => bytes));
      const answers = [...answersOf(pair.ours, own), ...answersOf(pair.rival, other)];
      expect([...new Set(answers.map((answer) => answer.verdict))], name).toEqual([verdict]);
    }
  });
});
