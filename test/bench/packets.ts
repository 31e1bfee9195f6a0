/** The packets on which both sides of a comparison must agree. */
import {
  bitFlips,
  fragments,
  icmp,
  icmpv6,
  type Packet,
  packets,
  tcp,
  truncations,
  udp,
  vlan,
  vxlan,
} from "../kit/index.ts";
import { isPlain, isPortful } from "./whole.ts";

/** The kernel's test run takes none shorter. */
const SHORTEST = 14;

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const client6 = tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80");
const question = udp("10.0.0.8:5353", "10.1.0.1:80").payload("question");
const question6 = udp("[2001:db8::8]:5353", "[2001:db8:1::1]:80").payload("question");

const withIpOptions = client.payload("GET /", { ipv4: { options: [{ kind: "routerAlert", value: 0 }] } });
const withExtensions = client6.payload("GET /", {
  extensions: [
    { kind: "hopByHop", options: [{ kind: "routerAlert", value: 0 }] },
    { kind: "destinationOptions", options: [{ kind: "other", type: 30, data: Uint8Array.of(1, 2, 3) }] },
  ],
});

/** Every shape of packet that the rivals tell apart, whole. */
const whole: readonly Packet[] = [
  client.syn(),
  client.payload("GET /"),
  client.with({ ipv4: { ttl: 1 } }).payload("last hop"),
  client6.syn(),
  client6.with({ ipv6: { hopLimit: 1 } }).payload("last hop"),
  question,
  question.with({ udp: { checksum: 0 } }),
  question6,
  withIpOptions,
  withExtensions,
  vlan(7, client.payload("tagged")),
  vlan([{ id: 100, protocol: "802.1ad" }, 10], client6.payload("tagged twice")),
  icmp("10.0.0.7", "10.1.0.1").echo(),
  icmpv6("2001:db8::7", "2001:db8:1::1").echo(),
  // First fragments alone: the others follow them, which rivals do not know.
  ...fragments(udp("10.0.0.8:5353", "10.1.0.9:80").payload("x".repeat(100)), { size: 48 }).slice(0, 1),
  ...fragments(udp("[2001:db8::8]:5353", "[2001:db8:1::1]:80").payload("x".repeat(100)), { size: 48 }).slice(0, 1),
  tcp("192.168.0.5:1000", "10.1.0.2:443").syn(),
  tcp("172.16.0.1:1000", "10.1.0.1:80").syn(),
  udp("10.0.0.8:53", "10.1.0.2:53").payload("x"),
  tcp("10.0.3.231:1024", "10.1.0.1:81").payload("x"),
  tcp("10.0.200.1:1024", "10.1.0.1:443").payload("x"),
  tcp("10.0.0.7:40000", "10.1.0.1:8080").syn(),
];

const long = (packet: Packet): boolean => packet.bytes.length >= SHORTEST;

/** Whole ones, each cut at every byte, each with flipped bits, and seeded ones of every kind. */
export const table: readonly Packet[] = [
  ...whole,
  ...whole.flatMap(truncations).filter(long),
  ...whole.flatMap((packet, seed) => bitFlips(packet, { seed, count: 40 })),
  ...packets(7, 500, { shortest: SHORTEST }),
  ...whole,
];

/** Those that a node shows to its services as they come. */
export const serviceTable: readonly Packet[] = table.filter(({ bytes }) => isPlain(bytes));

const EXTERNAL = "203.0.113.64";
const hosts = Array.from({ length: 40 }, (_, i) => `10.0.7.${i + 1}`);
/** Through an address translator: many hosts with one port, to one end and to others, to its forwards, to nobody's ports. */
const translated: readonly Packet[] = [
  ...hosts.map((host) => tcp(`${host}:4000`, "198.51.100.1:80").syn()),
  ...hosts.map((host) => udp(`${host}:4000`, "198.51.100.1:53").payload("question")),
  ...hosts.map((host) => tcp(`${host}:4000`, "198.51.100.2:80").payload("the same port to another")),
  tcp("10.0.0.5:8080", "198.51.100.1:80").payload("a forward's own"),
  tcp("198.51.100.1:5000", `${EXTERNAL}:80`).syn(),
  tcp("198.51.100.1:5000", `${EXTERNAL}:81`).syn(),
  udp("198.51.100.1:5000", `${EXTERNAL}:4000`).payload("perhaps somebody's"),
  tcp("10.0.7.1:4001", `${EXTERNAL}:80`).payload("hairpin"),
  tcp("198.51.100.1:5000", "198.51.100.2:80").payload("passing through"),
];

/** Of TCP and UDP, which is all that the translator's rival knows. */
export const natTable: readonly Packet[] = [
  ...translated,
  ...translated,
  ...serviceTable.filter((packet) => isPortful(packet.bytes)),
];

/** To the address and in the network of the benchmark's overlay. */
const tunnel = { from: "192.0.2.9", to: "192.0.2.1", vni: 77 };
const tunnelled: readonly Packet[] = [
  vxlan(client.payload("inside"), tunnel),
  vlan(7, vxlan(client6.payload("inside"), tunnel)),
  vxlan(question.with({ ecn: 2 }), { ...tunnel, overrides: { ecn: 3 } }),
];

/** The same for what comes in tunnels. Apart, since services never see it, and trust in routes runs out while they are asked. */
export const tunnelTable: readonly Packet[] = [
  ...tunnelled,
  ...tunnelled.flatMap(truncations).filter(long),
  ...tunnelled.flatMap((packet, seed) => bitFlips(packet, { seed, count: 200 })),
];
