import { describe, expect, test } from "vitest";
import { programTimes } from "../../runtime/cluster/program-times.ts";
import { brokenBound, DEFAULT_TIMES, deriveTimes, type TimesConfig } from "../../runtime/cluster/time.ts";
import { checkedProgramTimes, checkedTimes } from "../../runtime/cluster/time-schema.ts";
import { checkedLab } from "../../runtime/lab/standing/schema.ts";
import { constantsOf } from "../../runtime/node/bundle.ts";
import { type Random, random } from "../kit/random.ts";
import { constantsFor } from "../simulator/programs/constants.ts";

/** Configurations of all scales, of which some keep the bounds. */
function anyTimes(from: Random): TimesConfig {
  const span = () => 1 + from.below(10 ** from.between(1, 5));
  return {
    chain: from.between(1, 4),
    hop: 1 + from.below(30),
    viewLease: span(),
    cacheLease: span(),
    resendAge: span(),
    drift: from.below(21) / 100,
    idle: span(),
    refresh: span(),
    closing: span(),
  };
}

const good = checkedTimes({});

describe("times that keep all bounds", () => {
  const from = random(8501);
  const kept = Array.from({ length: 4000 }, () => anyTimes(from)).filter((told) => brokenBound(told) === null);

  test("are not rare among random ones", () => {
    expect(kept.length).toBeGreaterThan(200);
  });

  // The rules, written down once more and measured as time itself passes, by the clocks that are worst for each.
  test("remember what has ended until nobody who knows of it is left", () => {
    for (const told of kept) {
      const { tombstone, actFor, longestPath } = deriveTimes(told);
      const forgotten = tombstone / (1 + told.drift);
      const lastAnswer = actFor / (1 - told.drift);
      const underWay = (longestPath + 2) * told.hop;
      expect(lastAnswer).toBeLessThanOrEqual(told.viewLease + 1e-6);
      expect(forgotten).toBeGreaterThanOrEqual(told.viewLease + told.cacheLease / (1 - told.drift) + underWay - 1e-6);
      expect(forgotten).toBeGreaterThanOrEqual(told.resendAge / (1 - told.drift) + underWay - 1e-6);
    }
  });

  test("keep a flow's entry for as long as the flow may be silent", () => {
    for (const told of kept) {
      const { entryLife, refreshAfter, longestPath } = deriveTimes(told);
      const underWay = (longestPath + 2) * told.hop;
      const lastLease = refreshAfter * (1 + told.drift) + told.cacheLease / (1 - told.drift);
      expect(entryLife / (1 + told.drift) + told.drift * 1e-9).toBeGreaterThanOrEqual(
        refreshAfter + told.cacheLease / (1 - told.drift) + told.idle + underWay - 1e-6,
      );
      expect(lastLease).toBeGreaterThan(0);
    }
  });

  test("renew leases while there is time to", () => {
    for (const told of kept) {
      const { renewAfter } = deriveTimes(told);
      expect((told.cacheLease - renewAfter) / (1 + told.drift)).toBeGreaterThan((told.chain + 2) * told.hop);
    }
  });
});

describe("times that programs are loaded with", () => {
  const of = (told: object) => {
    const times = checkedProgramTimes(told);
    return { times, forwarder: programTimes("forwarder", times), table: programTimes("table", times) };
  };

  test("are, unless something is told, those that keep all bounds with what flows are remembered for on a node by itself", () => {
    const { times, forwarder, table } = of({});
    expect(times).toEqual(deriveTimes(DEFAULT_TIMES));
    const leases = { opening: 4, established: 4, closing: 4, udp: 4, icmp: 4, other: 4 };
    expect(forwarder).toEqual({ zeta_idle: leases, zeta_table_resend: 4 });
    const zeta_idle = { opening: 240, established: 7440, closing: 240, udp: 300, icmp: 60, other: 600 };
    expect(table).toEqual({ zeta_idle, zeta_table_ended: 8, zeta_table_resend: 4 });
    expect(constantsOf("forwarder")).toEqual({ zeta_forwards: 1, ...forwarder });
    expect(constantsOf("table")).toEqual(table);
  });

  test("follow from what is told: ends are remembered for longer than anybody acts by them, and lives are as long as promised", () => {
    for (const viewLease of [1000, 5000, 30_000])
      for (const cacheLease of [1400, 20_000])
        for (const idle of [10_000, 3_600_000]) {
          const { times, forwarder, table } = of({ viewLease, cacheLease, idle });
          const lease = (forwarder.zeta_idle as { icmp: number }).icmp * 1250;
          expect(lease).toBeGreaterThan(0);
          expect(lease).toBeLessThanOrEqual(cacheLease);
          expect(Number(table.zeta_table_ended) * 1000).toBeGreaterThan(viewLease + cacheLease + 10 * times.hop);
          const { icmp } = table.zeta_idle as { icmp: number };
          // Its life is written anew when a fifth of it is over, and not before.
          expect(icmp * 1000).toBeGreaterThan(idle + cacheLease + 10 * times.hop);
        }
  });

  test.each([
    ["leases of less than a second", { cacheLease: 1300 }, "times.cacheLease"],
    ["ages of less than a second", { resendAge: 900 }, "times.resendAge"],
    ["views that are asked for too often", { viewLease: 500 }, "times.viewLease"],
    ["whatever else breaks a bound", { hop: 1000 }, "times.cacheLease"],
  ])("%s are refused", (_, told, path) => {
    expect(() => checkedProgramTimes(told)).toThrow(expect.objectContaining({ code: "ZT8501" }));
    expect(() => checkedLab("lab.config.ts", { forwarders: 1, chains: [1], times: told })).toThrow(path);
  });
});

describe("times are refused", () => {
  test.each([
    ["a lease that is over before it is renewed", { cacheLease: 100 }, "times.cacheLease"],
    ["a view that ends before the store answers", { viewLease: 79 }, "times.viewLease"],
    ["bounced packets that are too old at once", { resendAge: 40 }, "times.resendAge"],
    ["flows that end while their packets are under way", { idle: 100 }, "times.idle"],
    ["a single loss that would end a flow", { refresh: 100 }, "times.refresh"],
    ["a chain of none", { chain: 0 }, "times.chain"],
    ["a clock that is no clock", { drift: 0.5 }, "times.drift"],
    ["seconds meant as something else", { idle: 1e12 }, "times.idle"],
    ["a word that is not known", { lease: 3 }, "times"],
    ["no number", { hop: "20ms" }, "times.hop"],
  ])("%s", (_, told, path) => {
    expect(() => checkedTimes(told)).toThrow(expect.objectContaining({ code: "ZT8501" }));
    expect(() => checkedTimes(told)).toThrow(path);
  });

  test("each by a step over its bound, and not by one within", () => {
    const path = (good.chain + 2) * good.hop;
    const atBound = { cacheLease: (path * (1 + good.drift)) / 0.8, idle: path, refresh: path };
    for (const [name, value] of Object.entries(atBound)) {
      expect(brokenBound({ ...good, [name]: value })?.path).toBe(name);
      expect(brokenBound({ ...good, [name]: value + 0.001 })).toBeNull();
    }
  });
});

test("a simulated cluster's programs are loaded as real ones are whose times are a thousand times as long", () => {
  // Long enough that no kind of flow is remembered longer than these need; no drift, so that what is derived is whole in both.
  const told: TimesConfig = { ...DEFAULT_TIMES, hop: 10, idle: 20_000, closing: 9000, refresh: 70, drift: 0 };
  const durations = Object.entries(told).filter(([name]) => name !== "chain" && name !== "drift");
  const longer = { ...told, ...Object.fromEntries(durations.map(([name, value]) => [name, 1000 * value])) };
  for (const role of ["forwarder", "table"] as const)
    expect(constantsFor(role, deriveTimes(told))).toEqual(programTimes(role, deriveTimes(longer)));
});
