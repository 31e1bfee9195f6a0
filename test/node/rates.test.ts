/** What `zeta top` makes of two looks. */
import { describe, expect, test } from "vitest";
import { ratesOf, shortNumber } from "../../runtime/cli/node/rates.ts";
import type { Plain } from "../../runtime/control/client.ts";
import type { NodeStatus } from "../../runtime/control/status.ts";

type Status = Plain<NodeStatus>;
const status = (packets: number | string, drops: Record<string, number>, name = "web"): Status => ({
  pid: 1,
  run: "4f2a91c0",
  started: "2026-01-01T00:00:00.000Z",
  role: "single",
  epoch: null,
  keep: false,
  interfaces: [],
  tables: [],
  memory: 0,
  drops: {},
  bounces: {},
  tenants: [],
  services: [
    {
      name,
      kind: name,
      index: 1,
      vni: 7,
      upgrades: 0,
      generation: 1,
      listen: [],
      traffic: { packets, bytes: 1000, opened: 4 },
      memory: 0,
      flows: 3,
      counters: {},
      drops,
    },
  ],
});

describe("rates", () => {
  test("are what came between the looks, by the time between them", () => {
    const rates = ratesOf(status(300, { "acl: port": 30, other: 5 }), status(100, { "acl: port": 10, other: 5 }), 2);
    expect(rates.services).toMatchObject([
      { name: "web", vni: 7, packets: 100, bits: 0, opened: 0, flows: 3, dropped: 10 },
    ]);
    expect(rates.drops).toEqual([
      { service: "web", reason: "acl: port", rate: 10, total: 30n },
      { service: "web", reason: "other", rate: 0, total: 5n },
    ]);
  });

  test("of what tenants were refused are those of both parts of their quotas", () => {
    const tenant = (flows: number, newFlows: string) => ({
      ...{ vni: 7, flows: 2, packets: 1, bytes: 60, quota: { flows: 2 } },
      refused: { flows, newFlows },
    });
    const [before, now] = [status(1, {}), status(1, {})];
    const rates = (old: Status["tenants"]) =>
      ratesOf({ ...now, tenants: [tenant(10, "30")] }, { ...before, tenants: old }, 2).tenants;
    expect(rates([tenant(4, "20")])).toMatchObject([{ vni: 7, quota: { flows: 2 }, refusals: 8 }]);
    expect(rates([])).toMatchObject([{ refusals: 20 }]);
  });

  test("are exact beyond 53 bits", () => {
    const [before, after] = [2n ** 60n, 2n ** 60n + 3n];
    expect(ratesOf(status(String(after), {}), status(String(before), {}), 1).services[0]?.packets).toBe(3);
  });

  test("of a service that began anew are never negative, and of a new one count from 0", () => {
    expect(ratesOf(status(5, { a: 1 }), status(100, { a: 9 }), 1).services[0]).toMatchObject({
      packets: 0,
      dropped: 0,
    });
    expect(ratesOf(status(5, {}, "new"), status(100, {}), 1).services[0]).toMatchObject({ packets: 5, bits: 8000 });
  });
});

test("numbers are short, and never said wrong by rounding", () => {
  expect([0, 7.4, 999, 999.6, 1500, 99_960, 999_600, 12_345_678, 3e12].map(shortNumber)).toEqual([
    "0",
    "7",
    "999",
    "1.0k",
    "1.5k",
    "100k",
    "1.0M",
    "12.3M",
    "3.0T",
  ]);
});
