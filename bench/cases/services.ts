/** Services of the middlebox layer: the examples, whole, against the same services by hand. */
import { fromBytes, type Packet, tcp } from "../../test/kit/index.ts";
import { entries, generations } from "../measure/keyed.ts";
import type { Subject } from "../measure/subject.ts";
import { type BenchCase, each } from "./case.ts";

type Work = Pick<BenchCase, "source" | "rival" | "rivalFilters" | "routed" | "verdict" | "fill">;

/** Tokens in plenty, so that no packet is refused while measuring; none refilled, so that what is left can be compared. */
const LIMIT = { perSecond: 0n, burst: 10_000_000_000n };

function fillAcl(subject: Subject, more: readonly string[] = []): void {
  generations(subject.map("acl_rules")).swap(0, (inner) => {
    const table = entries(inner);
    table.setMany(each(1000, (i) => [`::ffff:10.0.${i >> 8}.${i & 255}/128`, { from: 80, to: 90 }]));
    table.setMany(more.map((rule) => [rule, { from: 80, to: 90 }]));
    table.set("::ffff:10.0.0.0/112", { from: 80, to: 443 });
    table.set("2001:db8::/32", { from: 53, to: 443 });
  });
  subject.setGlobal("zeta_config", { generation: 0, slots: [{ acl: LIMIT }, { acl: LIMIT }] });
}

/** As many as an access list may have. */
const fillLargeAcl = (subject: Subject): void =>
  fillAcl(
    subject,
    each(98_998, (i) => `::ffff:10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/128`),
  );

const acl: Work = {
  source: "examples/acl/service.ts",
  rival: "acl",
  routed: false,
  verdict: "pass",
  fill: (subject) => fillAcl(subject),
};

const limiter: Work = {
  source: "examples/rate-limiter/service.ts",
  rival: "rate-limiter",
  routed: false,
  verdict: "pass",
  fill(subject) {
    // Packets outside overlays are of network 0, which has a limit of its own.
    generations(subject.map("rate_limiter_perTenant")).swap(0, (table) => entries(table).set(0, LIMIT));
    const slot = { "rate-limiter": { perSource: LIMIT } };
    subject.setGlobal("zeta_config", { generation: 0, slots: [slot, slot] });
  },
};

export const EXTERNAL = each(64, (i) => `203.0.113.${i + 64}`);
const PORTS = { first: 1024, last: 65_535 };

/** 64 external addresses, and one static forward. */
export function fillNat44(subject: Subject, slot = 0, external = EXTERNAL): void {
  const put = (name: string, rows: readonly (readonly [unknown, unknown])[]): void =>
    generations(subject.map(name)).swap(slot, (table) => entries(table).setMany(rows as never));
  put("nat44_inside", [["::ffff:10.0.0.0/104", 1]]);
  put(
    "nat44_external",
    external.map((address, at) => [at, { address, ...PORTS }]),
  );
  put(
    "nat44_external_ports",
    external.map((address) => [address, PORTS]),
  );
  const [outside, inside] = [
    { address: external[0], port: 80, protocol: 6 },
    { address: "10.0.0.5", port: 8080, protocol: 6 },
  ];
  put("nat44_external_inward", [[outside, { address: inside.address, port: inside.port }]]);
  put("nat44_external_outward", [[inside, { address: outside.address, port: outside.port }]]);
  const counts = { nat44: { external: { ipv4: external.length, ipv6: 0 } } };
  subject.setGlobal("zeta_config", { generation: slot, slots: [counts, counts] });
}

const nat44: Work = {
  source: "examples/nat44/service.ts",
  rival: "nat44",
  routed: true,
  verdict: "redirect",
  fill: (subject) => fillNat44(subject),
};

export const BACKENDS = each(4, (i) => ({ address: `10.2.0.${i + 1}`, port: 8080 }));
export const BACKENDS_6 = each(4, (i) => ({ address: `2001:db8:2::${i + 1}`, port: 8080 }));
const TABLE_SIZE = 65_537;
const SLOTS_OF_A_LINE = 32;

/** Fills a Maglev table evenly: how user space spreads choices is not what is measured. */
export function fillBackends(subject: Subject, backends: readonly { address: string; port: number }[], slot = 0): void {
  // Numbers from 1 on; 0: none.
  const numberAt = (place: number): number =>
    place < TABLE_SIZE && backends.length > 0 ? (place % backends.length) + 1 : 0;
  generations(subject.map("balancer_backends")).swap(slot, (table) =>
    entries(table).setMany(
      each(Math.ceil(TABLE_SIZE / SLOTS_OF_A_LINE), (line) => [
        line,
        { numbers: each(SLOTS_OF_A_LINE, (at) => numberAt(line * SLOTS_OF_A_LINE + at)) },
      ]),
    ),
  );
  generations(subject.map("balancer_backends_choices")).swap(slot, (choices) =>
    entries(choices).setMany(backends.map((choice, at) => [at, { choice }])),
  );
  generations(subject.map("balancer_backends_set")).swap(slot, (set) =>
    entries(set).setMany(backends.map((backend) => [backend, 1])),
  );
}

export function fillBalancer(subject: Subject, backends = BACKENDS): void {
  for (const address of ["10.1.0.1", "2001:db8:1::1"])
    for (const protocol of [6, 17]) subject.listen({ address, port: 80, protocol });
  subject.listen({ address: "10.1.0.9", port: 0, protocol: 17 });
  fillBackends(subject, backends);
}

const balancer: Work = {
  source: "examples/balancer/service.ts",
  rival: "balancer",
  routed: true,
  verdict: "redirect",
  fill: (subject) => fillBalancer(subject),
};
const balancer6: Work = { ...balancer, fill: (subject) => fillBalancer(subject, BACKENDS_6) };

const requests4 = (flows: number): Packet[] =>
  each(flows, (flow) => tcp(`10.0.${flow >> 8}.${flow & 255}:${20_000 + flow}`, "10.1.0.1:80").payload("0123456789"));
const requests6 = (flows: number): Packet[] =>
  each(flows, (flow) =>
    tcp(`[2001:db8::${flow.toString(16)}]:${20_000 + flow}`, "[2001:db8:1::1]:80").payload("012345"),
  );

/** Sends the requests once, so that their flows are known, and gives them back. */
const known =
  (requests: readonly Packet[]) =>
  (subject: Subject): readonly Packet[] => {
    for (const { bytes } of requests) subject.run({ packet: bytes });
    return requests;
  };

/** What backends answer, once the requests have come to them. */
const replies =
  (requests: readonly Packet[]) =>
  (subject: Subject): readonly Packet[] =>
    requests.map(({ bytes }) => {
      const layers = fromBytes(subject.run({ packet: bytes }).packet).layers;
      const ip = layers.find((layer) => layer.kind === "ipv4");
      const ports = layers.find((layer) => layer.kind === "tcp");
      if (ip === undefined || ports === undefined) throw new Error("the balancer did not forward a request");
      return tcp(`${ip.destination}:${ports.destinationPort}`, `${ip.source}:${ports.sourcePort}`).payload(
        "0123456789",
      );
    });

/** A service that forwards as it is, from and to an address that it listens at. */
const deciders: Work = {
  source: "bench/programs/deciders-5.ts",
  rival: "bench/programs/deciders-1.ts",
  routed: true,
  verdict: "redirect",
  fill: (subject) => subject.listen({ address: "10.1.0.1", port: 80, protocol: 6 }),
};

/** Filters that look at a packet's port and let it pass. */
const filters: Work = {
  ...deciders,
  source: "bench/programs/filters-5.ts",
  rival: "bench/programs/filters-5.ts",
  rivalFilters: "tail-calls",
  verdict: "pass",
};

export const serviceCases: readonly BenchCase[] = [
  {
    name: "five filters in one program, against one program each",
    ...filters,
    pattern: "one address, all flows pass",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  {
    name: "five middleboxes that decide, against one",
    ...deciders,
    pattern: "established, all hit in turn",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  { name: "acl service", ...acl, pattern: "1002 rules, one hit; known source", flows: 1, frames: known(requests4(1)) },
  {
    name: "acl service, 100 k prefixes",
    ...acl,
    fill: fillLargeAcl,
    pattern: "100 000 rules, 1001 of them hit in turn; known sources",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  {
    name: "acl service, many sources",
    ...acl,
    pattern: "1002 rules, 1000 of them hit in turn; known sources",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  {
    name: "rate limiter service",
    ...limiter,
    pattern: "a known source, of a tenant with a limit",
    flows: 1,
    frames: known(requests4(1)),
  },
  {
    name: "rate limiter service, many sources",
    ...limiter,
    pattern: "1024 known sources in turn, a bucket each, of one tenant with a limit",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  { name: "nat44, out", ...nat44, pattern: "established", flows: 1, frames: known(requests4(1)) },
  {
    name: "nat44, out, many flows",
    ...nat44,
    pattern: "established, all hit in turn",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  { name: "nat44, back", ...nat44, pattern: "established", flows: 1, frames: replies(requests4(1)) },
  {
    name: "nat44, back, many flows",
    ...nat44,
    pattern: "established, all hit in turn",
    flows: 1024,
    frames: replies(requests4(1024)),
  },
  {
    name: "nat44, new flows",
    ...nat44,
    pattern: "every packet another flow of another host, which takes a port; the kernel's route",
    flows: 2 ** 22,
    room: 2 ** 19,
    frames: () => [tcp("10.0.0.0:10000", "10.1.0.1:80").payload("0123456789")],
  },
  { name: "balancer, to backend", ...balancer, pattern: "established", flows: 1, frames: known(requests4(1)) },
  {
    name: "balancer, to backend, many flows",
    ...balancer,
    pattern: "established, all hit in turn",
    flows: 1024,
    frames: known(requests4(1024)),
  },
  { name: "balancer, to client", ...balancer, pattern: "established", flows: 1, frames: replies(requests4(1)) },
  {
    name: "balancer, to client, many flows",
    ...balancer,
    pattern: "established, all hit in turn",
    flows: 1024,
    frames: replies(requests4(1024)),
  },
  {
    name: "balancer, to backend, IPv6",
    ...balancer6,
    pattern: "established",
    flows: 1,
    frames: known(requests6(1)),
  },
];
