/** A node's numbers in Prometheus' text exposition format, version 0.0.4. */
import type { Quota } from "../node/quotas.ts";
import type { NodeStatus, ServiceStatus } from "./status.ts";

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: bigint | number];

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

const labelsText = (labels: Labels): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
};

const metricText = ({ name, type, help, samples }: Metric): string =>
  samples.length === 0
    ? ""
    : `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples
        .map(([labels, value]) => `${name}${labelsText(labels)} ${value}\n`)
        .join("")}`;

function serviceMetrics(services: readonly ServiceStatus[]): readonly Metric[] {
  const each = (of: (service: ServiceStatus) => bigint | number): readonly Sample[] =>
    services.map((service) => [{ service: service.name }, of(service)]);
  const named = (label: string, of: (service: ServiceStatus) => Readonly<Record<string, bigint>>): readonly Sample[] =>
    services.flatMap((service) =>
      Object.entries(of(service)).map(([name, value]): Sample => [{ service: service.name, [label]: name }, value]),
    );
  return [
    {
      name: "zeta_service_info",
      type: "gauge",
      help: "Always 1; labels say what runs under a service's name.",
      samples: services.map(({ name, kind, vni, index }) => [
        { service: name, kind, vni: String(vni), index: String(index) },
        1,
      ]),
    },
    {
      name: "zeta_service_packets_total",
      type: "counter",
      help: "Packets of a service, both directions, before its filters.",
      samples: each(({ traffic }) => traffic.packets),
    },
    {
      name: "zeta_service_bytes_total",
      type: "counter",
      help: "Bytes of a service's frames as they came, both directions.",
      samples: each(({ traffic }) => traffic.bytes),
    },
    {
      name: "zeta_service_flows_opened_total",
      type: "counter",
      help: "Flows decided, and TCP connections opened again.",
      samples: each(({ traffic }) => traffic.opened),
    },
    {
      name: "zeta_service_flows",
      type: "gauge",
      help: "Flows remembered now.",
      samples: each(({ flows }) => flows),
    },
    {
      name: "zeta_service_map_bytes",
      type: "gauge",
      help: "Memory of a service's own maps: config, tables, counters.",
      samples: each(({ memory }) => memory),
    },
    {
      name: "zeta_service_drops_total",
      type: "counter",
      help: "Packets dropped, by reason.",
      samples: named("reason", ({ drops }) => drops),
    },
    {
      name: "zeta_service_declared_total",
      type: "counter",
      help: "Counters and meters that a service declares, by path.",
      samples: named("counter", ({ counters }) => counters),
    },
    {
      name: "zeta_service_config_generation",
      type: "gauge",
      help: "How often a service's config was changed, upgrades included.",
      samples: each(({ generation }) => generation),
    },
    {
      name: "zeta_service_upgrades_total",
      type: "counter",
      help: "How often a service was upgraded.",
      samples: each(({ upgrades }) => upgrades),
    },
  ];
}

function nodeMetrics({ tables, tenants, drops, bounces, started, interfaces, memory }: NodeStatus): readonly Metric[] {
  const tenant = (of: (one: NodeStatus["tenants"][number]) => bigint | number): readonly Sample[] =>
    tenants.map((one) => [{ vni: String(one.vni) }, of(one)]);
  const limited = (of: (quota: Quota) => number | undefined): readonly Sample[] =>
    tenants.flatMap(({ vni, quota }): readonly Sample[] => {
      const limit = quota === null ? undefined : of(quota);
      return limit === undefined ? [] : [[{ vni: String(vni) }, limit]];
    });
  const family = (of: (one: NodeStatus["tables"][number]) => number): readonly Sample[] =>
    tables.map((one) => [{ family: `ipv${one.family}` }, of(one)]);
  return [
    {
      name: "zeta_node_start_time_seconds",
      type: "gauge",
      help: "When the node was started, in seconds since 1970.",
      samples: [[{}, Date.parse(started) / 1000]],
    },
    {
      name: "zeta_node_interface_info",
      type: "gauge",
      help: "Always 1; labels name an interface that the node is attached to.",
      samples: interfaces.map(({ interface: name, mode }) => [{ interface: name, mode }, 1]),
    },
    {
      name: "zeta_flow_table_entries",
      type: "gauge",
      help: "Directions of flows remembered now.",
      samples: family(({ entries }) => entries),
    },
    {
      name: "zeta_flow_table_room",
      type: "gauge",
      help: "Directions of flows that there is room for.",
      samples: family(({ room }) => room),
    },
    {
      name: "zeta_flow_table_bytes",
      type: "gauge",
      help: "Memory of the flow tables; it is there from the start, and does not grow.",
      samples: family(({ memory }) => memory),
    },
    {
      name: "zeta_node_map_bytes",
      type: "gauge",
      help: "Memory of all maps that services share, the flow tables too.",
      samples: [[{}, memory]],
    },
    {
      name: "zeta_node_drops_total",
      type: "counter",
      help: "Packets dropped that are of no service, by reason.",
      samples: Object.entries(drops).map(([reason, count]) => [{ reason }, count]),
    },
    {
      name: "zeta_node_bounces_total",
      type: "counter",
      help: "Operations of the flow table that went back to their forwarder, or were asked about again there, by reason.",
      samples: Object.entries(bounces).map(([reason, count]) => [{ reason }, count]),
    },
    {
      name: "zeta_tenant_flows",
      type: "gauge",
      help: "Flows remembered now, by network.",
      samples: tenant(({ flows }) => flows),
    },
    {
      name: "zeta_tenant_flow_packets",
      type: "gauge",
      help: "Packets that clients have sent on the flows remembered now, by network.",
      samples: tenant(({ packets }) => packets),
    },
    {
      name: "zeta_tenant_flow_bytes",
      type: "gauge",
      help: "Bytes that clients have sent on the flows remembered now, by network.",
      samples: tenant(({ bytes }) => bytes),
    },
    {
      name: "zeta_tenant_quota_flows",
      type: "gauge",
      help: "Flows that a network may have at once, where it has a quota of them.",
      samples: limited(({ flows }) => flows),
    },
    {
      name: "zeta_tenant_quota_new_flows_per_second",
      type: "gauge",
      help: "New flows that a network may have each second, where it has a quota of them.",
      samples: limited(({ newFlows }) => newFlows?.perSecond),
    },
    {
      name: "zeta_tenant_refused_total",
      type: "counter",
      help: "Packets of new flows refused by a network's quota, by its part.",
      samples: tenants
        .filter(({ quota }) => quota !== null)
        .flatMap(({ vni, refused }): readonly Sample[] => [
          [{ vni: String(vni), quota: "flows" }, refused.flows],
          [{ vni: String(vni), quota: "new flows" }, refused.newFlows],
        ]),
    },
  ];
}

export const metricsText = (status: NodeStatus): string =>
  [...nodeMetrics(status), ...serviceMetrics(status.services)].map(metricText).join("");
