/** Programs of the system layer: bench/programs, one rival each. */

import { outerHeader } from "../../runtime/overlay/outer-header.ts";
import { parseAddress } from "../../sdk/layout/address.ts";
import { type Packet, tcp, udp, vlan, vxlan } from "../../test/kit/index.ts";
import { entries } from "../measure/keyed.ts";
import type { Subject } from "../measure/subject.ts";
import { type BenchCase, each } from "./case.ts";

type Work = Pick<BenchCase, "source" | "rival" | "routed" | "verdict" | "fill">;

const parseCount: Work = {
  source: "bench/programs/parse-count.ts",
  rival: "parse-count",
  routed: false,
  verdict: "pass",
  fill: () => {},
};

/** 1000 rules for single sources, and two wider ones. */
function fillRules(subject: Subject): void {
  const rules = entries(subject.map("rules"));
  rules.setMany(
    each(1000, (i) => [`10.0.${i >> 8}.${i & 255}/32`, { from: 80, to: 90 }] as [`${string}/${number}`, unknown]),
  );
  rules.set("10.0.0.0/16", { from: 80, to: 443 });
  rules.set("192.168.0.0/24", { from: 0, to: 65_535 });
}

const filter: Work = {
  source: "bench/programs/filter.ts",
  rival: "filter",
  routed: false,
  verdict: "pass",
  fill: fillRules,
};

/** 1000 sources of each family. */
function fillList(subject: Subject): void {
  const rule = { ends: 1 };
  entries(subject.map("listed4")).setMany(each(1000, (i) => [`10.0.${i >> 8}.${i & 255}`, rule]));
  entries(subject.map("listed6")).setMany(each(1000, (i) => [`2001:db8::${i.toString(16)}`, rule]));
}

const list: Work = {
  source: "bench/programs/source-list.ts",
  rival: "xdp-filter",
  routed: false,
  verdict: "pass",
  fill: fillList,
};

const forward: Work = {
  source: "bench/programs/forward.ts",
  rival: "xdp-forward",
  routed: true,
  verdict: "redirect",
  fill: () => {},
};

function fillTargets(subject: Subject): void {
  const targets = entries(subject.map("targets"));
  // Address and port are words in memory order: 192.168.0.1 and 8080.
  const target = { address: 0x0100_a8c0, port: 0x901f, mac: 0x02_00_00_00_00_07n };
  targets.set("10.1.0.1", target);
  targets.set("10.1.0.2", { ...target, port: 0 });
}

const rewrite: Work = {
  source: "bench/programs/rewrite.ts",
  rival: "rewrite",
  routed: false,
  verdict: "transmit",
  fill: fillTargets,
};

/** An address of either family and a port as they lie in packets. */
function inMemory(address: string, port: number) {
  const value = parseAddress(address);
  if (value === null) throw new TypeError(`'${address}' is no address.`);
  const bytes = Buffer.from(value.toString(16).padStart(32, "0"), "hex");
  return {
    address: each(4, (word) => bytes.readUInt32LE(4 * word)),
    port: ((port & 0xff) << 8) | (port >> 8),
    spare: 0,
    vni: 0,
  };
}
const NOWHERE = { address: [0, 0, 0, 0], port: 0, spare: 0, vni: 0 };
const UNROUTED = { until: 0n, interface: 0, destination: 0n, source: 0n };
const Change = { Source: 1, Destination: 2 } as const;

/** 1024 connections to 10.1.0.1:80, and where they stand behind it, each direction; and some over UDP and IPv6. */
function fillFlows(subject: Subject): void {
  const flows = entries(subject.map("flows"));
  const fresh = { place: NOWHERE, generation: 0, hop: UNROUTED, packets: 0n, bytes: 0n };
  const put = (client: string, clientPort: number, server: string, network: number, at = "10.1.0.1"): void => {
    const [from, to, behind] = [inMemory(client, clientPort), inMemory(at, 80), inMemory(server, 8080)];
    const key = { source: from.address, destination: to.address, sourcePort: clientPort, destinationPort: 80, network };
    flows.set(key, { ...fresh, source: from, destination: behind, change: Change.Destination });
    const back = { source: behind.address, destination: from.address, sourcePort: 8080, destinationPort: clientPort };
    flows.set({ ...back, network }, { ...fresh, source: to, destination: from, change: Change.Source });
  };
  for (const flow of each(1024, (i) => i))
    put(`10.0.${flow >> 8}.${flow & 255}`, 20_000 + flow, `10.2.0.${(flow % 4) + 1}`, 6);
  put("10.0.0.7", 40_000, "10.2.0.1", 6);
  put("10.0.0.8", 5353, "10.2.0.2", 17);
  put("2001:db8::7", 40_000, "2001:db8:2::1", 6, "2001:db8:1::1");
  put("2001:db8::8", 5353, "2001:db8:2::2", 17, "2001:db8:1::1");
}

const established: Work = {
  source: "bench/programs/established.ts",
  rival: "established",
  routed: true,
  verdict: "redirect",
  fill: fillFlows,
};

/** 64-byte frames of flows that differ in source and port. */
const segments = (flows: number) => (): readonly Packet[] =>
  each(flows, (flow) => tcp(`10.0.${flow >> 8}.${flow & 255}:${20_000 + flow}`, "10.1.0.1:80").payload("0123456789"));
const datagram = (bytes: number): Packet =>
  udp("10.0.0.7:5353", "10.1.0.1:53").payload("0123456789abcdefghijkl".slice(0, bytes));

/** 192.0.2.1 in memory order. */
const OWN = 0x0102_00c0;
const PLACES = { from: "192.0.2.9", to: "192.0.2.1", vni: 77 };

/** 1000 endpoints, on 50 hosts. */
function fillOverlay(subject: Subject): void {
  const hosts = each(50, (i) => i);
  const zeros = (count: number) => each(count, () => 0);
  entries(subject.map("zeta_node_tunnels")).set(0, { four: [OWN, ...zeros(3)], six: zeros(16) });
  entries(subject.map("endpoints")).setMany(
    each(1000, (i) => [{ address: `10.1.${i >> 8}.${i & 255}`, vni: 77, spare: 0 }, { hop: i % hosts.length }]),
  );
  for (const host of hosts) {
    const { family, sum, outer } = outerHeader({
      kind: "vxlan",
      local: "192.0.2.1",
      remote: `192.0.2.${host + 10}`,
      vni: 78,
      outer: { source: "02:aa:00:00:00:01", destination: "02:aa:00:00:00:02" },
      inner: { source: "02:bb:00:00:00:01", destination: "02:bb:00:00:00:02" },
    });
    entries(subject.map("hops")).set(host, { interface: 7, mtu: 1550, sum, family, outer });
  }
}

const overlay: Work = {
  source: "bench/programs/vxlan-forward.ts",
  rival: "vxlan-forward",
  routed: false,
  verdict: "transmit",
  fill: fillOverlay,
};

/** 112-byte frames: 62 of them inside. */
const tunnelled = (flows: number) => (): readonly Packet[] =>
  each(flows, (flow) =>
    vxlan(
      tcp(`10.0.0.7:${20_000 + flow}`, `10.1.${(flow % 1000) >> 8}.${(flow % 1000) & 255}:80`).payload("01234567"),
      {
        ...PLACES,
        overrides: { checksum: "zero" },
      },
    ),
  );

export const systemCases: readonly BenchCase[] = [
  { name: "parse and count", ...parseCount, pattern: "TCP over IPv4", flows: 1, frames: segments(1) },
  {
    name: "parse and count, tagged",
    ...parseCount,
    pattern: "UDP over IPv4 in a VLAN",
    flows: 1,
    frames: () => [vlan(7, datagram(18))],
  },
  { name: "access list", ...filter, pattern: "1002 rules, one of them hit", flows: 1, frames: segments(1) },
  {
    name: "access list, many sources",
    ...filter,
    pattern: "1002 rules, 1000 of them hit in turn",
    flows: 1024,
    frames: segments(1024),
  },
  {
    name: "source list",
    ...list,
    pattern: "1000 sources, one of them hit; the rival asks for both ends, as xdp-filter does",
    flows: 1,
    frames: segments(1),
  },
  {
    name: "source list, many sources",
    ...list,
    pattern: "1000 sources, 512 of them hit in turn; the rival asks for both ends, as xdp-filter does",
    flows: 512,
    frames: segments(512),
  },
  { name: "forward by route", ...forward, pattern: "one route, as xdp-forward does", flows: 1, frames: segments(1) },
  {
    name: "forward by route, many sources",
    ...forward,
    pattern: "one route, 1024 flows in turn, as xdp-forward does",
    flows: 1024,
    frames: segments(1024),
  },
  { name: "header rewrite, TCP", ...rewrite, pattern: "one target, hit", flows: 1, frames: segments(1) },
  {
    name: "balancer's established flows, LRU tables",
    ...established,
    pattern: "established, to its backend",
    flows: 1,
    frames: segments(1),
  },
  {
    name: "balancer's established flows, LRU tables, many",
    ...established,
    pattern: "1024 flows in turn, to their backends",
    flows: 1024,
    frames: segments(1024),
  },
  { name: "vxlan forward", ...overlay, pattern: "one endpoint of 1000", flows: 1, frames: tunnelled(1) },
  {
    name: "vxlan forward, many endpoints",
    ...overlay,
    pattern: "1000 endpoints hit in turn",
    flows: 1024,
    frames: tunnelled(1024),
  },
  { name: "header rewrite, UDP", ...rewrite, pattern: "one target, hit", flows: 1, frames: () => [datagram(22)] },
];
