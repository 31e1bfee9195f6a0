/** An ICMP error follows the flow of the packet that it quotes: its receiver finds its own packet in it, with right checksums. */
import { beforeEach, describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { takenAsMadeByAll } from "../headers/toolchains.ts";
import { fragments, type Outcome, type Packet, packets, random, truncations, vlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { FAULTS_OF_CUT_QUOTES } from "../kit-tests/wireshark.ts";
import { ECHO, ERRORS } from "./scapy-words.ts";

const source = new URL("./programs/errors.ts", import.meta.url);
const pair = pairOf(source);

const judges = startJudges();

interface End {
  readonly address: string;
  readonly port: number;
}
/** A flow in the direction in which the error goes. */
interface Flow {
  readonly source: End;
  readonly destination: End;
}
interface Family {
  readonly flow: Flow;
  readonly becomes: Flow;
  readonly router: string;
  /** Scapy's words for headers, and the number of bytes of a network header. */
  readonly network: (from: string, to: string, more?: string) => string;
  readonly size: number;
  readonly errors: readonly string[];
  readonly echo: (asks: boolean, identifier: number) => string;
  readonly numbers: { readonly echo: number };
}
const at = (address: string, port: number): End => ({ address, port });
const FAMILIES: Readonly<Record<string, Family>> = {
  IPv4: {
    flow: { source: at("198.51.100.2", 80), destination: at("192.0.2.1", 50_001) },
    becomes: { source: at("203.0.113.80", 8080), destination: at("10.0.0.7", 40_000) },
    router: "100.64.0.9",
    network: (from, to, more = "") => `IP(src="${from}", dst="${to}"${more})`,
    size: 20,
    errors: ERRORS.IPv4,
    echo: ECHO.IPv4,
    numbers: { echo: 1 },
  },
  IPv6: {
    flow: { source: at("2001:db8:2::2", 80), destination: at("2001:db8:1::1", 50_001) },
    becomes: { source: at("2001:db8:a::80", 8080), destination: at("2001:db8:b::7", 40_000) },
    router: "2001:db8:ffff::9",
    network: (from, to, more = "") => `IPv6(src="${from}", dst="${to}"${more})`,
    size: 40,
    errors: ERRORS.IPv6,
    echo: ECHO.IPv6,
    numbers: { echo: 58 },
  },
};
const SOURCE = 1;
const DESTINATION = 2;
const CHANGES = [SOURCE, DESTINATION, SOURCE | DESTINATION] as const;

/** What the flow's protocol makes of two ports, in scapy's words; the ports that the key then has. */
interface Transport {
  readonly number: (family: Family) => number;
  readonly header: (from: number, to: number, family: Family) => string;
  /** Which ends have ports. */
  readonly ports: number;
  /** Bytes that must be quoted. */
  readonly least: number;
  /** Where the checksum is that may be cut off. */
  readonly sumAt?: number;
}
const TRANSPORTS: Readonly<Record<string, Transport>> = {
  TCP: {
    number: () => 6,
    header: (from, to) => `TCP(sport=${from}, dport=${to}, seq=77, ack=78, flags="PA", options=[("MSS", 1460)])`,
    ports: 3,
    least: 4,
    sumAt: 16,
  },
  UDP: { number: () => 17, header: (from, to) => `UDP(sport=${from}, dport=${to})`, ports: 3, least: 4, sumAt: 6 },
  "a request": {
    number: (family) => family.numbers.echo,
    header: (from, _, family) => family.echo(true, from),
    ports: DESTINATION,
    least: 8,
  },
  "a reply": {
    number: (family) => family.numbers.echo,
    header: (_, to, family) => family.echo(false, to),
    ports: SOURCE,
    least: 8,
  },
};

const portOf = (end: End, bit: number, transport: Transport): number => ((transport.ports & bit) === 0 ? 0 : end.port);

function remember(family: Family, transport: Transport, change: number): void {
  const { flow, becomes } = family;
  const words = ({ source: from, destination: to }: Flow) => ({
    source: from.address,
    destination: to.address,
    sourcePort: portOf(from, SOURCE, transport),
    destinationPort: portOf(to, DESTINATION, transport),
  });
  pair.both((running) =>
    running.map("flows").set({ ...words(flow), protocol: transport.number(family) }, { ...words(becomes), change }),
  );
}

const partly = ({ flow, becomes }: Family, change: number): Flow => ({
  source: (change & SOURCE) === 0 ? flow.source : becomes.source,
  destination: (change & DESTINATION) === 0 ? flow.destination : becomes.destination,
});

interface Quote {
  readonly transport: Transport;
  readonly error?: string;
  /** Bytes quoted of the packet. */
  readonly bytes?: number;
  /** More words of the quoted network header; extension headers behind it; data; what follows the quote. */
  readonly network?: string;
  readonly extensions?: string;
  readonly data?: string;
  readonly after?: string;
}

/** The packet of the flow's other direction, and the error that quotes it, in scapy's words. */
function about(family: Family, from: string, flow: Flow, quote: Quote): string {
  const { transport, error = family.errors[0], bytes = 1000, network = "", extensions = "", data = "data!" } = quote;
  const { source: near, destination: far } = flow;
  const quoted = `${family.network(far.address, near.address, network)}${extensions}/${transport.header(far.port, near.port, family)}/Raw(b"${data}")`;
  const link = `Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")`;
  const after = quote.after === undefined ? "" : `+${quote.after}`;
  return `${link}/${family.network(from, far.address)}/${error}/Raw(bytes(${quoted})[:${bytes}]${after})`;
}

async function run(packet: Packet): Promise<Outcome> {
  return ((await pair.run([packet])) as [Outcome])[0];
}

const lost = () => pair.both((running) => running.map("lost").get(0)) as { unread: number; unknown: number };

/** The packets that went out, for Wireshark to judge together. */
const sent: Packet[] = [];

async function expectFollows(family: Family, change: number, from: string, quote: Quote): Promise<void> {
  forget();
  remember(family, quote.transport, change);
  const outcome = await run(await judges.built(about(family, from, family.flow, quote)));
  const seenFrom = (change & SOURCE) === 0 ? from : family.becomes.source.address;
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toEqualPacket(await judges.built(about(family, seenFrom, partly(family, change), quote)));
  sent.push(outcome.packet);
}

const forget = (): void =>
  pair.both((running) => {
    for (const [key] of running.map("flows").entries()) running.map("flows").delete(key);
  });

beforeEach(() => {
  sent.length = 0;
  forget();
  pair.both((running) => {
    running.map("lost").set(0, { unread: 0, unknown: 0 });
  });
});

describe.each(Object.entries(FAMILIES))("%s", (name, family) => {
  describe.each(Object.entries(TRANSPORTS))("about %s", (_, transport) => {
    test("whichever ends change, from the flow's end and from a router on the way, whatever the error", async () => {
      for (const change of CHANGES) {
        for (const from of [family.flow.source.address, family.router])
          for (const error of family.errors) await expectFollows(family, change, from, { transport, error });
      }
      expect(await judges.wireshark.faults(sent)).toEqual([]);
    });

    test("quoted up to any byte: followed if its ports are there, else dropped and counted", async () => {
      for (let bytes = 0; bytes < family.size + 32; bytes++) {
        const quote = { transport, bytes };
        // Half a checksum cannot follow: what it lacks would be carried into it.
        const halfSum = bytes === family.size + (transport.sumAt ?? Infinity) + 1;
        if (bytes >= family.size + transport.least && !halfSum) await expectFollows(family, 3, family.router, quote);
        else {
          remember(family, transport, 3);
          const packet = await judges.built(about(family, family.router, family.flow, quote));
          if (halfSum) {
            const { packet: made } = await run(packet);
            const from = family.becomes.source.address;
            const expected = await judges.built(about(family, from, partly(family, 3), quote));
            expect(made.bytes.at(-1)).toBe(packet.bytes.at(-1));
            expect(made.bytes.slice(14 + family.size + 4, -1)).toEqual(expected.bytes.slice(14 + family.size + 4, -1));
            sent.push(made);
            continue;
          }
          const before = lost();
          const outcome = await run(packet);
          expect(outcome).toHaveVerdict("drop");
          expect(outcome).toEqualPacket(packet);
          expect(lost()).toEqual({ ...before, unread: before.unread + 1 });
        }
      }
      expect(await judges.wireshark.faults(sent, FAULTS_OF_CUT_QUOTES)).toEqual([]);
    });

    test("a frame cut at every byte, with lengths that say more: never aborts, never grows", async () => {
      remember(family, transport, 3);
      const packet = await judges.built(about(family, family.router, family.flow, { transport }));
      for (const cut of truncations(packet).slice(SHORTEST)) {
        const outcome = await run(cut);
        expect(["pass", "drop", "transmit"]).toContain(outcome.verdict);
        expect(outcome.packet.bytes.length).toBe(cut.bytes.length);
        if (outcome.verdict !== "transmit") expect(outcome).toEqualPacket(cut);
      }
    });

    test("extensions behind the quote stay (RFC 4884)", async () => {
      const error = name === "IPv4" ? "ICMP(type=11, length=32)" : "ICMPv6TimeExceeded(length=16)";
      const padded = { transport, error, data: "x".repeat(200), bytes: 128 } as const;
      const object = `bytes([0x20,0,0x5f,0x3a,0,8,1,1,0,0x10,1,0x40])`;
      await expectFollows(family, 3, family.router, { ...padded, after: object });
      await expectFollows(family, 3, family.router, { ...padded, after: `bytes(12)` });
    });
  });

  const { TCP: tcp, UDP: udp } = TRANSPORTS as { TCP: Transport; UDP: Transport };

  test("behind VLAN tags", async () => {
    remember(family, tcp, 3);
    const packet = await judges.built(about(family, family.router, family.flow, { transport: tcp }));
    const outcome = await run(vlan([7, 8], packet));
    const from = family.becomes.source.address;
    const expected = await judges.built(about(family, from, partly(family, 3), { transport: tcp }));
    expect(outcome).toEqualPacket(vlan([7, 8], expected));
  });

  test("every identifier and checksum: 500 random flows", async () => {
    const draw = random(81);
    for (let i = 0; i < 500; i++) {
      const transport = draw.pick(Object.values(TRANSPORTS));
      const port = () => draw.below(65536);
      const own = {
        ...family,
        flow: {
          source: at(family.flow.source.address, port()),
          destination: at(family.flow.destination.address, port()),
        },
        becomes: {
          source: at(family.becomes.source.address, port()),
          destination: at(family.becomes.destination.address, port()),
        },
      };
      const data = "abcdefgh".slice(0, draw.below(8));
      await expectFollows(own, draw.pick(CHANGES), draw.pick([family.router, own.flow.source.address]), {
        transport,
        data,
        bytes: draw.between(family.size + 18, family.size + 40),
      });
    }
    expect(await judges.wireshark.faults(sent, FAULTS_OF_CUT_QUOTES)).toEqual([]);
  });

  test("errors of no flow, and for someone else than the sender, are dropped and counted", async () => {
    const packet = await judges.built(about(family, family.router, family.flow, { transport: udp }));
    expect(await run(packet)).toHaveVerdict("drop");
    expect(lost()).toEqual({ unread: 0, unknown: 1 });
    remember(family, udp, 3);
    expect(await run(packet.with({ destination: family.router }))).toHaveVerdict("drop");
    expect(lost()).toEqual({ unread: 1, unknown: 1 });
  });
});

const v4 = FAMILIES.IPv4 as Family;
const v6 = FAMILIES.IPv6 as Family;
const tcp = TRANSPORTS.TCP as Transport;
const udp = TRANSPORTS.UDP as Transport;

test("options and extension headers in the quote are passed over", async () => {
  for (const change of CHANGES) {
    await expectFollows(v4, change, v4.router, { transport: tcp, network: ", options=[IPOption_Router_Alert()]" });
    for (const extensions of [
      "/IPv6ExtHdrHopByHop(options=[RouterAlert(value=1)])",
      "/IPv6ExtHdrDestOpt()/IPv6ExtHdrFragment(id=7, m=1)",
    ])
      await expectFollows(v6, change, v6.router, { transport: tcp, extensions });
  }
  expect(await judges.wireshark.faults(sent)).toEqual([]);
});

test("a quoted UDP packet without checksum stays without", async () => {
  const none: Transport = { ...udp, header: (from, to) => `UDP(sport=${from}, dport=${to}, chksum=0)` };
  await expectFollows(v4, 3, v4.router, { transport: none });
});

test.each<readonly [string, Family, Partial<Quote>]>([
  ["a later fragment", v4, { network: ", frag=2" }],
  ["a later fragment", v6, { extensions: "/IPv6ExtHdrFragment(id=7, offset=2)" }],
  ["a packet on a source route", v6, { extensions: '/IPv6ExtHdrRouting(addresses=["2001:db8::5"], segleft=1)' }],
  ["another version", v4, { network: ", version=6" }],
  ["a header shorter than a header", v4, { network: ", ihl=4" }],
  ["another protocol", v4, { network: ", proto=50" }],
  ["a total length without ports", v4, { network: ", len=23" }],
  ["a payload length without ports", v6, { network: ", plen=3" }],
  ["a quote that ends before its ports", v4, { error: "ICMP(type=3, code=3, length=5)" }],
  ["a quote that ends before its ports", v6, { error: "ICMPv6DestUnreach(code=4, length=5)" }],
  ["an error", v4, { transport: { ...tcp, header: () => "ICMP(type=3, code=3)" } }],
  ["a neighbour solicitation", v6, { transport: { ...tcp, header: () => "ICMPv6ND_NS()" } }],
])("quoting %s: dropped and counted", async (_, family, quote) => {
  remember(family, tcp, 3);
  const packet = await judges.built(about(family, family.router, family.flow, { transport: tcp, ...quote }));
  const outcome = await run(packet);
  expect(outcome).toHaveVerdict("drop");
  expect(outcome).toEqualPacket(packet);
  expect(lost()).toEqual({ unread: 1, unknown: 0 });
});

test("what is no error passes: echo, redirects, neighbour discovery, later fragments of errors", async () => {
  const whole = await judges.built(about(v4, v4.router, v4.flow, { transport: udp, data: "x".repeat(100) }));
  const [first, later] = fragments(whole, { size: 64 }) as [Packet, Packet];
  remember(v4, udp, 3);
  expect(await run(later)).toHaveVerdict("pass");
  expect(await run(first)).toHaveVerdict("transmit");
  for (const error of ["ICMP(type=8)", "ICMP(type=5, code=1)", "ICMP(type=13)"])
    expect(await run(await judges.built(about(v4, v4.router, v4.flow, { transport: udp, error })))).toHaveVerdict(
      "pass",
    );
  for (const error of ["ICMPv6EchoRequest()", "ICMPv6ND_NS()"])
    expect(await run(await judges.built(about(v6, v6.router, v6.flow, { transport: udp, error })))).toHaveVerdict(
      "pass",
    );
});

test("random packets: both targets agree, and none aborts", async () => {
  for (const packet of packets(82, 400, { shortest: 14 })) expect((await run(packet)).verdict).not.toBe("aborted");
});

takenAsMadeByAll(source, 1500, [...packets(83, 30, { shortest: 14 })]);
