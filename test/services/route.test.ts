/** `route`: packets go on to the host that holds an address, in whichever network, by a filter's word alone. */
import { beforeAll, describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { fragments, icmp, icmpv6, type Outcome, type Packet, tcp, udp, vxlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { FAULTS_OF_CUT_QUOTES } from "../kit-tests/wireshark.ts";

const VNI = 7;
const FAR = 9;
const OWN4 = "192.0.2.1";
const OWN6 = "2001:db8:ff::1";
const GATEWAY = "10.7.0.1";
const GATEWAY_MAC = "02:99:00:00:00:01";
const STATION = { interface: 5, destination: "02:aa:00:00:00:01", source: "02:aa:00:00:00:02" };
/** What the tunnels take, of an underlay of 1450 bytes. */
const MTU = 1400;

const pair = pairOf(new URL("./programs/router.ts", import.meta.url), {
  vni: VNI,
  config: {
    "router.ways": {
      "10.7.0.0/16": { vni: VNI, keeps: 0 },
      "10.7.1.0/24": { vni: VNI, keeps: 1 },
      "10.9.0.0/16": { vni: FAR, keeps: 0 },
      "10.5.0.0/16": { vni: 0, keeps: 0 },
      "fd07::/16": { vni: VNI, keeps: 0 },
    },
  },
});
const judges = startJudges();

const endpoint = (vni: number, address: string, host: number) =>
  ({
    vni,
    address,
    kind: vni === VNI ? "vxlan" : "geneve",
    local: vni === VNI ? OWN4 : OWN6,
    remote: vni === VNI ? `192.0.2.${host}` : `2001:db8:ff::${host}`,
    mac: `02:0a:00:00:00:${host}`,
    gatewayMac: GATEWAY_MAC,
    interface: host,
    source: "02:bb:00:00:00:01",
    destination: "02:bb:00:00:00:02",
    mtu: MTU + (vni === VNI ? 50 : 70),
  }) as const;

beforeAll(() =>
  pair.tell(async (running) => {
    const { underlay } = running;
    await underlay.tunnels.set([OWN4, OWN6]);
    await underlay.endpoints.set([
      endpoint(VNI, "10.7.0.7", 17),
      endpoint(VNI, "10.7.0.8", 18),
      endpoint(VNI, "10.7.1.8", 18),
      endpoint(VNI, "fd07::7", 17),
      endpoint(VNI, "fd07::8", 18),
      endpoint(FAR, "10.9.0.9", 19),
    ]);
    await underlay.addresses.set([
      { vni: VNI, address: GATEWAY },
      { vni: VNI, address: "fd07::1" },
    ]);
    running.config.set("service.endpoints", [{ address: "10.5.0.5", vni: 0, ...STATION }]);
  }),
);

const emitted: Packet[] = [];
const cutQuotes: Packet[] = [];
const one = async (inner: Packet, sent = emitted): Promise<Outcome> => {
  const [outcome] = (await pair.run([vxlan(inner, { from: "192.0.2.17", to: OWN4, vni: VNI })])) as [Outcome];
  if (outcome.verdict === "redirect") sent.push(outcome.packet);
  return outcome;
};
/** As it was sent, between the MAC addresses of its way, and marked. */
const from = (sent: Packet, host: number, changes: object): Packet =>
  sent.with({ sourceMac: GATEWAY_MAC, destinationMac: `02:0a:00:00:00:${host}`, ...changes });
const inside = ({ packet }: Outcome): Uint8Array => packet.bytes.slice(packet.layers[1]?.kind === "ipv6" ? 70 : 50);
const sentTo = ({ packet }: Outcome) => {
  const [, ip] = packet.layers as unknown as { destination: string }[];
  const tunnel = packet.layers.find(({ kind }) => kind === "vxlan" || kind === "geneve") as { vni: number } | undefined;
  return [ip?.destination, tunnel?.vni];
};

test("to another host of the network, a hop older, and what the filter wrote", async () => {
  const sent = tcp("10.7.0.7:4000", "10.7.0.8:80").syn({ ttl: 9 });
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("redirect");
  expect(sentTo(outcome)).toEqual(["192.0.2.18", VNI]);
  expect(inside(outcome)).toEqual(from(sent, 18, { ttl: 8, ipv4: { dscp: 46 } }).bytes);
  expect(outcome.packet).toHaveValidChecksums();
});

test("in IPv6", async () => {
  const sent = udp("[fd07::7]:4000", "[fd07::8]:53").payload("?");
  const outcome = await one(sent);
  expect(sentTo(outcome)).toEqual(["192.0.2.18", VNI]);
  expect(inside(outcome)).toEqual(from(sent, 18, { ttl: 63 }).bytes);
});

test("as a switch does, when told: as old as it was, its last hop too", async () => {
  for (const ttl of [64, 1]) {
    const sent = tcp("10.7.0.7:4000", "10.7.1.8:80").syn({ ttl });
    const outcome = await one(sent);
    expect(sentTo(outcome)).toEqual(["192.0.2.18", VNI]);
    expect(inside(outcome)).toEqual(from(sent, 18, { ipv4: { dscp: 46 } }).bytes);
  }
});

test("into another network, by its kind of tunnel", async () => {
  const sent = udp("10.7.0.7:4000", "10.9.0.9:53").payload("?");
  const outcome = await one(sent);
  expect(sentTo(outcome)).toEqual(["2001:db8:ff::19", FAR]);
  expect(inside(outcome)).toEqual(from(sent, 19, { ttl: 63, ipv4: { dscp: 46 } }).bytes);
});

test("to a station on the node's own links, out of the overlay", async () => {
  const sent = icmp("10.7.0.7", "10.5.0.5").echo();
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("redirect");
  const { source: sourceMac, destination: destinationMac } = STATION;
  expect(outcome).toEqualPacket(sent.with({ sourceMac, destinationMac, ttl: 63, ipv4: { dscp: 46 } }));
});

test("fragments go the same way, later ones too", async () => {
  const whole = udp("10.7.0.7:4000", "10.7.0.8:53").payload("x".repeat(2000));
  for (const piece of fragments(whole, { size: 1000 })) {
    const outcome = await one(piece);
    expect(sentTo(outcome)).toEqual(["192.0.2.18", VNI]);
    expect(inside(outcome)).toEqual(from(piece, 18, { ttl: 63, ipv4: { dscp: 46 } }).bytes);
  }
});

test("whom nobody holds is a drop with a name", async () => {
  for (const stray of ["10.7.0.66", "10.9.0.8", "10.5.0.6"]) {
    const outcome = await one(tcp("10.7.0.7:4000", `${stray}:80`).syn());
    expect(outcome).toHaveVerdict("drop");
    expect(outcome.reason).toBe("service: no such endpoint");
  }
});

describe("what goes no further is answered, into the sender's tunnel", () => {
  test.each([
    ["IPv4", tcp("10.7.0.7:4000", "10.7.0.8:80").syn({ ttl: 1 }), GATEWAY, 0x0b00, 34],
    ["IPv6", udp("[fd07::7]:4000", "[fd07::8]:53").payload("?", { ttl: 1 }), "fd07::1", 0x0300, 54],
  ] as const)("its time is up, in %s", async (_, sent, own, kind, at) => {
    const outcome = await one(sent);
    expect(sentTo(outcome)).toEqual(["192.0.2.17", VNI]);
    const error = Buffer.from(inside(outcome));
    expect(error.readUInt16BE(at)).toBe(kind);
    const [, , , , , ip] = outcome.packet.layers as unknown as { source: string }[];
    expect(ip?.source).toBe(own);
    expect(outcome.packet).toHaveValidChecksums();
    expect((await one(sent.with({ ttl: 2 }))).packet.layers.at(-1)?.kind).not.toBe("icmp");
  });

  test("it is too long for its way", async () => {
    const long = (length: number) =>
      tcp("10.7.0.7:4000", "10.9.0.9:80")
        .payload("x".repeat(length - 40))
        .with({ ipv4: { dontFragment: true } });
    const outcome = await one(long(MTU + 1), cutQuotes);
    expect(sentTo(outcome)).toEqual(["192.0.2.17", VNI]);
    const error = Buffer.from(inside(outcome));
    expect(error.readUInt16BE(34)).toBe(0x0304);
    expect(error.readUInt16BE(40)).toBe(MTU);
    expect(sentTo(await one(long(MTU)))).toEqual(["2001:db8:ff::19", FAR]);
  });
});

test("errors of no flow are routed as all else is; none is decided for", async () => {
  const quoted = udp("10.7.0.8:53", "10.7.0.7:4000").payload("!");
  const error = icmp("10.7.0.7", "10.7.0.8").unreachable(quoted);
  const outcome = await one(error);
  expect(sentTo(outcome)).toEqual(["192.0.2.18", VNI]);
  expect(inside(outcome)).toEqual(from(error, 18, { ttl: 63, ipv4: { dscp: 46 } }).bytes);
  const stray = await one(icmp("10.7.0.7", "10.8.0.8").unreachable(quoted));
  expect(stray).toHaveVerdict("drop");
  expect(stray.reason).toBe("service: error of no flow");
  const six = icmpv6("fd07::7", "fd07::8").unreachable(udp("[fd07::8]:53", "[fd07::7]:4000").payload("!"));
  expect(sentTo(await one(six))).toEqual(["192.0.2.18", VNI]);
});

/** How many directions of flows are remembered. */
const entries = (): number =>
  pair.both((running) => {
    const pages = ["zeta_node_flows4", "zeta_node_flows6"].flatMap((name) => running.map(name).entries());
    return (pages as [number, { ways: { until: number }[] }][]).flatMap(([, { ways }]) =>
      ways.filter(({ until }) => until !== 0),
    ).length;
  });

test("nothing is remembered of what is routed; the rest is decided as ever", async () => {
  expect(entries()).toBe(0);
  // No host holds it, and so no flow is entered.
  const outcome = await one(tcp("10.7.0.66:4000", "10.8.0.8:80").syn());
  expect(outcome.reason).toBe("service: no such endpoint");
  await one(tcp("10.7.0.7:4000", "10.8.0.8:80").syn());
  expect(entries()).toBe(2);
});

test("Wireshark finds nothing malformed and no bad checksum in all that was sent", async () => {
  expect(emitted.length).toBeGreaterThan(12);
  expect(await judges.wireshark.faults(emitted)).toEqual([]);
  expect(cutQuotes).toHaveLength(1);
  expect(await judges.wireshark.faults(cutQuotes, FAULTS_OF_CUT_QUOTES)).toEqual([]);
});
