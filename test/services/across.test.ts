/** Flows rewritten to the other family: packets are translated (RFC 7915) for the flow's whole life, and replies back. */
import { describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { fromBytes, type Outcome, type Packet, vxlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { listenIn } from "../overlay/underlay.ts";

const MTU = 1500;
/** A tenant's network, whose endpoints are behind tunnels. */
const VNI = 7;
const OWN4 = "192.0.2.1";
const TENANT_MTU = 1400;
/** Of VXLAN over IPv4. */
const OVERHEAD = 50;
const STATIONS = {
  mac: "02:aa:00:00:00:01",
  gatewayMac: "02:aa:00:00:00:02",
  source: "02:bb:00:00:00:01",
  destination: "02:bb:00:00:00:02",
};
const pair = pairOf(new URL("./programs/rewriters.ts", import.meta.url), { mtu: MTU });
const judges = startJudges();

interface Ends {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}
/** Whose packets the service takes, and what becomes of them. */
interface Case {
  readonly client: Ends;
  readonly behind: Ends;
}
const six = (port: number): Ends => ({
  source: "2001:db8::7",
  destination: "64:ff9b::c633:6402",
  sourcePort: port,
  destinationPort: 80,
});
const four = (port: number): Ends => ({
  source: "203.0.113.9",
  destination: "198.51.100.2",
  sourcePort: port,
  destinationPort: 8080,
});
/** Ports of its own for each flow, so that none meets what another test has left. */
let last = 1024;
const fresh = (): number => ++last;
const from6 = (): Case => ({ client: six(fresh()), behind: four(fresh() + 20_000) });
const from4 = (): Case => ({ client: four(fresh()), behind: six(fresh() + 20_000) });
const CASES: readonly (readonly [string, () => Case])[] = [
  ["an IPv6 client, IPv4 behind", from6],
  ["an IPv4 client, IPv6 behind", from4],
];
const turned = ({ source, destination, sourcePort, destinationPort }: Ends): Ends => ({
  source: destination,
  destination: source,
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});
const isSix = ({ source }: Ends): boolean => source.includes(":");
const text = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

const rules = new Map<number, object>();
const configure = (): void =>
  pair.both((running) =>
    running.config.set(
      "first.flows",
      [...rules].map(([port, value]) => ({ key: { port }, value })),
    ),
  );
const decide = ({ client, behind }: Case): void => {
  const { source, sourcePort, destination, destinationPort } = behind;
  const ends = { source: text(source, sourcePort), destination: text(destination, destinationPort) };
  rules.set(client.sourcePort, { change: 3, ...ends });
  configure();
};

/** In scapy's words: what a packet is beside its ends. */
type Content = (ends: Ends, asked: boolean) => string;
const data = (bytes: number): string => `Raw(bytes((i*7+1)%256 for i in range(${bytes})))`;
const tcp =
  (flags: string, bytes = 0): Content =>
  ({ sourcePort, destinationPort }) =>
    `TCP(sport=${sourcePort}, dport=${destinationPort}, seq=7, ack=9, flags="${flags}", options=[("MSS", 1400)])/${data(bytes)}`;
const udp =
  (bytes: number): Content =>
  ({ sourcePort, destinationPort }) =>
    `UDP(sport=${sourcePort}, dport=${destinationPort})/${data(bytes)}`;
/** The identifier is the asker's port. */
const echo: Content = (ends, asked) => {
  const id = asked ? ends.sourcePort : ends.destinationPort;
  if (isSix(ends)) return `ICMPv6Echo${asked ? "Request" : "Reply"}(id=${id}, seq=6, data=b"ping!")`;
  return `ICMP(type=${asked ? 8 : 0}, id=${id}, seq=6)/Raw(b"ping!")`;
};

const network = (ends: Ends, more: { ttl: number; tos?: number; id?: number; flags?: string }): string => {
  const { ttl, tos = 0x28, id = 1, flags = "" } = more;
  const { source, destination } = ends;
  return isSix(ends)
    ? `IPv6(src="${source}", dst="${destination}", hlim=${ttl}, tc=${tos})`
    : `IP(src="${source}", dst="${destination}", ttl=${ttl}, tos=${tos}, id=${id}, flags="${flags}")`;
};
const LINK = 'Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")';
const TAG = "/Dot1Q(vlan=7, prio=3)";
const sentAs = (ends: Ends, content: Content, asked: boolean, tag = "", ttl = 64, flags = ""): Promise<Packet> =>
  judges.built(`${LINK}${tag}/${network(ends, { ttl, flags })}/${content(ends, asked)}`);

/** The packet that it should have become: a hop older, between the MAC addresses that the route gave. */
async function becomes(ends: Ends, content: Content, asked: boolean, of: Outcome, tag = ""): Promise<Packet> {
  const { source, destination } = of.packet.layer("ethernet");
  const layer = of.packet.layers.find(({ kind }) => kind === "ipv4");
  const id = layer?.kind === "ipv4" ? layer.identification : 0;
  const flags = layer?.kind === "ipv4" && layer.totalLength > 1260 ? "DF" : "";
  return judges.built(
    `Ether(src="${source}", dst="${destination}")${tag}/${network(ends, { ttl: 63, id, flags })}/${content(ends, asked)}`,
  );
}

const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
const dropped = (name: string): bigint => pair.both((running) => running.drops()[name] ?? 0n);

const TOO_LONG = "service: too long for its way";

/** Client's and reply of one kind, both ways; gives what left. */
async function roundTrip({ client, behind }: Case, content: Content, tag = ""): Promise<Packet[]> {
  const there = await one(await sentAs(client, content, true, tag));
  expect(there).toHaveVerdict("redirect");
  expect(there).toEqualPacket(await becomes(behind, content, true, there, tag));
  const back = await one(await sentAs(turned(behind), content, false, tag));
  expect(back).toHaveVerdict("redirect");
  expect(back).toEqualPacket(await becomes(turned(client), content, false, back, tag));
  return [there.packet, back.packet];
}

describe.each(CASES)("%s", (_, make) => {
  test("TCP, UDP and echo, there and back, as scapy builds them; Wireshark finds no fault", async () => {
    const left: Packet[] = [];
    for (const tag of ["", TAG]) {
      const connection = make();
      decide(connection);
      for (const content of [tcp("S"), tcp("PA", 1), tcp("PA", 700), tcp("PA", 1380), tcp("FA")])
        left.push(...(await roundTrip(connection, content, tag)));
      const datagrams = make();
      decide(datagrams);
      for (const bytes of [0, 1, 512, 1400]) left.push(...(await roundTrip(datagrams, udp(bytes), tag)));
      const asked = make();
      // An echo's reply goes to no port.
      const echoes = {
        client: { ...asked.client, destinationPort: 0 },
        behind: { ...asked.behind, destinationPort: 0 },
      };
      decide(echoes);
      for (let i = 0; i < 2; i++) left.push(...(await roundTrip(echoes, echo, tag)));
    }
    expect(await judges.wireshark.faults(left)).toEqual([]);
  });

  test("what is too long for its route is told so, as its sender would have it; what just fits is not", async () => {
    const flow = make();
    decide(flow);
    const before = dropped(TOO_LONG);
    for (const [ends, to] of [
      [flow.client, flow.behind],
      [turned(flow.behind), turned(flow.client)],
    ] as const) {
      const asked = ends === flow.client;
      const grows = isSix(ends) ? -20 : 20;
      const headers = isSix(ends) ? 48 : 28;
      const fits = udp(MTU - grows - headers);
      // A sender of IPv6 has larger links than the test's, then.
      const just = await one(await sentAs(ends, udp(20), asked));
      expect(just).toHaveVerdict("redirect");
      const long = await sentAs(ends, fits, asked, "", 64, "DF");
      const whole = await one(long);
      expect(whole).toHaveVerdict("redirect");
      expect(whole).toEqualPacket(await becomes(to, fits, asked, whole));
      const more = udp(MTU - grows - headers + 1);
      const sent = await sentAs(ends, more, asked, "", 64, "DF");
      const told = await one(sent);
      expect(told).toHaveVerdict("transmit");
      const error = isSix(ends)
        ? `IPv6(src="${ends.destination}", dst="${ends.source}", tc=192, hlim=64)/ICMPv6PacketTooBig(mtu=${MTU - grows})/Raw(quoted[:1232])`
        : `IP(src="${ends.destination}", dst="${ends.source}", tos=192, ttl=64, id=0, flags="DF")/ICMP(type=3, code=4, nexthopmtu=${MTU - grows})/Raw(quoted[:548])`;
      const quoted = `bytes.fromhex("${Buffer.from(sent.bytes.subarray(14)).toString("hex")}")`;
      expect(told).toEqualPacket(
        await judges.built(
          `Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")/${error.replace("quoted", quoted)}`,
        ),
      );
    }
    expect(dropped(TOO_LONG) - before).toBe(2n);
  });

  test("a packet's last hop is the host's to tell, before anything is changed", async () => {
    const flow = make();
    decide(flow);
    for (const [ends, asked] of [
      [flow.client, true],
      [turned(flow.behind), false],
    ] as const) {
      await one(await sentAs(ends, udp(4), asked));
      const sent = await sentAs(ends, udp(4), asked, "", 1);
      const outcome = await one(sent);
      expect(outcome).toHaveVerdict("pass");
      expect(outcome).toEqualPacket(sent);
    }
  });

  test("fragments: each as it was cut, and the whole has a right checksum", async () => {
    const flow = make();
    decide(flow);
    const PIECE = 1200;
    const length = 3000;
    for (const [ends, to, asked] of [
      [flow.client, flow.behind, true],
      [turned(flow.behind), turned(flow.client), false],
    ] as const) {
      const whole = (of: Ends) =>
        `bytes(${network(of, { ttl: 64 })}/${udp(length)(of, asked)})[${isSix(of) ? 40 : 20}:]`;
      const piece = (of: Ends, at: number, ttl: number): string => {
        const more = at + PIECE < length + 8 ? 1 : 0;
        const bytes = `Raw(${whole(of)}[${at}:${at + PIECE}])`;
        if (!isSix(of))
          return `${network(of, { ttl, id: 0x1234, flags: more ? "MF" : "" }).slice(0, -1)}, frag=${at / 8}, proto=17)/${bytes}`;
        return `${network(of, { ttl })}/IPv6ExtHdrFragment(nh=17, id=0x1234, offset=${at / 8}, m=${more})/${bytes}`;
      };
      for (let at = 0; at < length + 8; at += PIECE) {
        const outcome = await one(await judges.built(`${LINK}/${piece(ends, at, 64)}`));
        expect(outcome).toHaveVerdict("redirect");
        const { source, destination } = outcome.packet.layer("ethernet");
        expect(outcome).toEqualPacket(
          await judges.built(`Ether(src="${source}", dst="${destination}")/${piece(to, at, 63)}`),
        );
      }
    }
  });

  test("a flow's very first packet that is too long is told so as well", async () => {
    const flow = make();
    decide(flow);
    const headers = isSix(flow.client) ? 48 : 28;
    const long = udp(MTU + 21 - headers);
    const sent = await sentAs(flow.client, long, true, "", 64, "DF");
    expect(await one(sent)).toHaveVerdict("transmit");
    await roundTrip(flow, udp(4));
  });

  test("under new config the decision stands as long as it holds; then the flow is decided anew", async () => {
    const flow = make();
    decide(flow);
    await roundTrip(flow, udp(4));
    // Another flow's rule: this one is asked about, and stands.
    rules.set(fresh(), { change: 4, source: "0.0.0.0:0", destination: "0.0.0.0:0" });
    configure();
    await roundTrip(flow, udp(5));
    rules.delete(flow.client.sourcePort);
    configure();
    const sent = await sentAs(flow.client, udp(6), true);
    const plain = await one(sent);
    expect(plain).toEqualPacket(await becomes(flow.client, udp(6), true, plain));
    // The translated flow's replies are nobody's any more: a flow of their own.
    const stray = await one(await sentAs(turned(flow.behind), udp(6), false));
    expect(stray).toEqualPacket(await becomes(turned(flow.behind), udp(6), false, stray));
  });

  test("a connection that opens anew under new config is decided anew, in the other family or not", async () => {
    const flow = make();
    decide(flow);
    await roundTrip(flow, tcp("S"));
    rules.set(flow.client.sourcePort, { change: 4, source: "0.0.0.0:0", destination: "0.0.0.0:0" });
    configure();
    await roundTrip({ client: flow.client, behind: flow.client }, tcp("S"));
    decide(flow);
    await roundTrip(flow, tcp("S"));
  });

  test("endpoints of a tenant's network: out of one tunnel, translated, into the other", async () => {
    const flow = make();
    decide(flow);
    const { client, behind } = flow;
    const hosts = { [client.source]: "192.0.2.7", [behind.destination]: "192.0.2.17" } as const;
    const told: Promise<void>[] = [];
    pair.both(({ underlay }) => {
      told.push(underlay.tunnels.set([OWN4]));
      const link = { kind: "vxlan", local: OWN4, interface: 7, ...STATIONS } as const;
      const host = { vni: VNI, ...link, mtu: TENANT_MTU + OVERHEAD };
      told.push(
        underlay.endpoints.set(Object.entries(hosts).map(([address, remote]) => ({ ...host, address, remote }))),
      );
    });
    await Promise.all(told);
    pair.both((running) => listenIn(running, VNI));
    for (const [ends, to, asked] of [
      [client, behind, true],
      [turned(behind), turned(client), false],
    ] as const) {
      const from = hosts[ends.source] as string;
      const most = TENANT_MTU + (isSix(ends) ? 20 : -20) - (isSix(ends) ? 60 : 40) - 4;
      for (const bytes of [0, 1, most]) {
        const wrapped = vxlan(await sentAs(ends, tcp("PA", bytes), asked), { from, to: OWN4, vni: VNI });
        const outcome = await one(wrapped);
        expect(outcome).toHaveVerdict("redirect");
        const [, outer] = outcome.packet.layers;
        expect(outer).toMatchObject({ source: OWN4, destination: hosts[to.destination] });
        const inside = { ...outcome, packet: fromBytes(outcome.packet.bytes.slice(OVERHEAD)) };
        expect(inside).toEqualPacket(await becomes(to, tcp("PA", bytes), asked, inside));
      }
      const long = vxlan(await sentAs(ends, tcp("PA", most + 1), asked, "", 64, "DF"), { from, to: OWN4, vni: VNI });
      const told = await one(long);
      expect(told.packet.layers[1]).toMatchObject({ source: OWN4, destination: from });
      const mtu = TENANT_MTU + (isSix(ends) ? 20 : -20);
      const error = fromBytes(told.packet.bytes.slice(OVERHEAD)).layers[2];
      expect(error).toMatchObject(isSix(ends) ? { kind: "icmpv6", type: 2 } : { kind: "icmp", type: 3, code: 4 });
      expect(error).toMatchObject({ mtu });
    }
  });

  test("whose reverse is another flow's already is refused whole, and leaves nothing behind", async () => {
    const first = make();
    decide(first);
    await roundTrip(first, udp(4));
    const second = { client: make().client, behind: first.behind };
    decide(second);
    const inUse = dropped("service: in use");
    const sent = await sentAs(second.client, udp(4), true);
    for (let i = 0; i < 2; i++) expect(await one(sent)).toHaveVerdict("drop");
    expect(dropped("service: in use") - inUse).toBe(2n);
    await roundTrip(first, udp(4));
    const third = { client: second.client, behind: make().behind };
    decide(third);
    await roundTrip(third, udp(4));
  });

  test("ends of two families are no flow", async () => {
    const { client, behind } = make();
    const other = dropped("service: other address family");
    for (const ends of [
      { ...behind, source: client.source },
      { ...behind, destination: client.destination },
    ]) {
      decide({ client, behind: ends });
      expect(await one(await sentAs(client, udp(4), true))).toHaveVerdict("drop");
    }
    expect(dropped("service: other address family") - other).toBe(2n);
  });
});

describe("ICMP errors", () => {
  /** Scapy's words for an error and for its translation (RFC 7915 sections 4.2 and 5.2). */
  const ERRORS: readonly (readonly [string, string])[] = [
    ["ICMP(type=3, code=3)", "ICMPv6DestUnreach(code=4)"],
    ["ICMP(type=3, code=10)", "ICMPv6DestUnreach(code=1)"],
    ["ICMP(type=11)", "ICMPv6TimeExceeded()"],
    ["ICMP(type=3, code=4, nexthopmtu=1400)", "ICMPv6PacketTooBig(mtu=1420)"],
  ];
  test.each(CASES)("%s: of a router on either side, about either direction's packets", async (_, make) => {
    const left: Packet[] = [];
    for (const [in4, in6] of ERRORS) {
      const flow = make();
      decide(flow);
      const [there, back] = (await roundTrip(flow, udp(40))) as [Packet, Packet];
      for (const [about, sent, received] of [
        // What left towards the one end is quoted by a router there, and told to the other.
        [there, flow.client, flow.behind],
        [back, turned(flow.behind), turned(flow.client)],
      ] as const) {
        const [error, translated] = isSix(received) ? [in6, in4] : [in4, in6];
        const router = isSix(received) ? "2001:db8:ffff::9" : "100.64.0.9";
        const quoted = `bytes.fromhex("${Buffer.from(about.bytes.subarray(14)).toString("hex")}")`;
        const outer = network({ ...received, source: router, destination: received.source }, { ttl: 64 });
        const outcome = await one(await judges.built(`${LINK}/${outer}/${error}/Raw(${quoted})`));
        expect(outcome).toHaveVerdict("redirect");
        left.push(outcome.packet);
        const layer = outcome.packet.layers.find(({ kind }) => kind === "ipv4");
        const id = layer?.kind === "ipv4" ? layer.identification : 0;
        const { source, destination } = outcome.packet.layer("ethernet");
        const inside = network(sent, { ttl: 63, id: 0 });
        const content = udp(40)(sent, sent === flow.client);
        const becomes = network({ ...turned(sent) }, { ttl: 63, id });
        expect(outcome).toEqualPacket(
          await judges.built(
            `Ether(src="${source}", dst="${destination}")/${becomes}/${translated}/Raw(bytes(${inside}/${content}))`,
          ),
        );
      }
    }
    expect(await judges.wireshark.faults(left)).toEqual([]);
  });
});

test("what the other family has no form for is dropped by name", async () => {
  const flow = from4();
  decide(flow);
  await roundTrip(flow, udp(4));
  const none = dropped("service: no form in the other family");
  const { source, destination } = flow.client;
  const options = `IP(src="${source}", dst="${destination}", options=[IPOption_Router_Alert()])`;
  const sent = await judges.built(`${LINK}/${options}/${udp(4)(flow.client, true)}`);
  expect(await one(sent)).toHaveVerdict("drop");
  expect(dropped("service: no form in the other family") - none).toBe(1n);
});
