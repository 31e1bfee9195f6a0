/** What Prometheus is given. */
import { describe, expect, test } from "vitest";
import { metricsText } from "../../runtime/control/metrics.ts";
import type { NodeStatus } from "../../runtime/control/status.ts";
import { readExposition } from "./exposition.ts";

const status: NodeStatus = {
  pid: 1,
  run: "4f2a91c0",
  started: "2026-01-01T00:00:00.000Z",
  role: "single",
  epoch: null,
  keep: false,
  interfaces: [{ interface: "front", mode: "native", lost: false }],
  tables: [
    { family: 4, entries: 5, room: 2000, memory: 4096 },
    { family: 6, entries: 0, room: 2000, memory: 8192 },
  ],
  memory: 70_000,
  drops: { "table: forged operation": 3n },
  bounces: { "table: another epoch": 5n },
  tenants: [
    { vni: 7, flows: 2, packets: 9n, bytes: 900n, quota: { flows: 50 }, refused: { flows: 2n ** 60n, newFlows: 0n } },
    { vni: 8, flows: 1, packets: 1n, bytes: 60n, quota: null, refused: { flows: 0n, newFlows: 0n } },
  ],
  services: [
    {
      name: "web",
      kind: "balancer",
      index: 1,
      vni: 7,
      upgrades: 2,
      generation: 3,
      listen: "everything",
      traffic: { packets: 2n ** 60n, bytes: 7n, opened: 3n },
      memory: 12_288,
      flows: 2,
      counters: { 'box.say "hi"': 4n },
      drops: { "acl: a\\b\nc": 8n, "acl: other": 0n },
    },
  ],
};

describe("metrics", () => {
  const text = metricsText(status);
  const { types, samples } = readExposition(text);
  const numberOf = (name: string, labels: object): number | undefined =>
    samples.find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels))?.value;

  test("come back as they were, whatever names hold", () => {
    expect(numberOf("zeta_service_drops_total", { service: "web", reason: "acl: a\\b\nc" })).toBe(8);
    expect(numberOf("zeta_service_declared_total", { service: "web", counter: 'box.say "hi"' })).toBe(4);
    expect(numberOf("zeta_node_drops_total", { reason: "table: forged operation" })).toBe(3);
    expect(numberOf("zeta_node_bounces_total", { reason: "table: another epoch" })).toBe(5);
    expect(numberOf("zeta_tenant_flows", { vni: "7" })).toBe(2);
    expect(numberOf("zeta_flow_table_room", { family: "ipv6" })).toBe(2000);
    expect(numberOf("zeta_flow_table_bytes", { family: "ipv6" })).toBe(8192);
    expect(numberOf("zeta_service_map_bytes", { service: "web" })).toBe(12_288);
    expect(numberOf("zeta_node_start_time_seconds", {})).toBe(1_767_225_600);
  });

  test("of tenants say what they may use and what was refused, where they have a quota", () => {
    expect(numberOf("zeta_tenant_quota_flows", { vni: "7" })).toBe(50);
    expect(samples.filter(({ name }) => name === "zeta_tenant_quota_new_flows_per_second")).toEqual([]);
    expect(text).toContain(`zeta_tenant_refused_total{vni="7",quota="flows"} ${2n ** 60n}\n`);
    expect(numberOf("zeta_tenant_refused_total", { vni: "7", quota: "new flows" })).toBe(0);
    expect(numberOf("zeta_tenant_refused_total", { vni: "8", quota: "flows" })).toBeUndefined();
    expect(types.get("zeta_tenant_refused_total")).toBe("counter");
  });

  test("keep every digit of what 64 bits counted", () => {
    expect(text).toContain(`zeta_service_packets_total{service="web"} ${2n ** 60n}\n`);
  });

  test("are counters where they only grow, and gauges where not", () => {
    expect(types.get("zeta_service_bytes_total")).toBe("counter");
    expect(types.get("zeta_flow_table_entries")).toBe("gauge");
  });

  test("of a node without services leave out what has no samples", () => {
    const bare = readExposition(metricsText({ ...status, services: [], tenants: [] }));
    expect([...bare.types.keys()].filter((name) => /service|tenant/.test(name))).toEqual([]);
  });
});

describe("the reader of metrics refuses", () => {
  const good = '# HELP a_total b\n# TYPE a_total counter\na_total{x="1"} 2\n';
  test.each([
    ["a sample twice", `${good}a_total{x="1"} 3\n`],
    ["a sample of no type", "b 1\n"],
    ["a quote that is not escaped", '# HELP a b\n# TYPE a gauge\na{x="""} 2\n'],
    ["a counter without its ending", "# HELP a b\n# TYPE a counter\na 2\n"],
    ["an end without a line break", good.slice(0, -1)],
  ])("%s", (_, text) => {
    expect(() => readExposition(good)).not.toThrow();
    expect(() => readExposition(text)).toThrow();
  });
});
