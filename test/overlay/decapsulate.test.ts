/** Out of tunnels: what comes out, what is left as it was, and what is dropped with its reason. */
import { beforeEach, describe, expect, test } from "vitest";
import { TunnelFault, tunnelFaultNames } from "../../bpf-lib/overlay/faults.ts";
import { address } from "../../sdk/index.ts";
import { pairOf } from "../headers/pair.ts";
import {
  arp,
  bitFlips,
  fragments,
  fromBytes,
  geneve,
  geneveOption,
  icmp,
  type Outcome,
  type Packet,
  packets,
  tcp,
  truncations,
  udp,
  vlan,
  vxlan,
} from "../kit/index.ts";
import { listenOn, OWN4, OWN6, PEER4, PEER6 } from "./underlay.ts";

const pair = pairOf(new URL("./programs/decapsulator.ts", import.meta.url));
beforeEach(() => pair.both((running) => listenOn(running, ["198.51.100.1", OWN4], [OWN6])));

const TCP4 = tcp("10.0.0.7:40000", "10.1.0.1:80").payload("hello");
const TCP6 = tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80").payload("hello");
const four = { from: PEER4, to: OWN4, vni: 0x123456 };
const six = { from: PEER6, to: OWN6, vni: 0xfedcba };
const KIND = { vxlan: 1, geneve: 2 } as const;

const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
const faultCounts = (): bigint[] =>
  pair.both((running) => {
    const counts = running.map("faults").entries() as [number, { count: bigint }][];
    return counts.map(([, { count }]) => count);
  });

async function expectFault(packet: Packet, fault: number): Promise<void> {
  const before = faultCounts();
  const outcome = await one(packet);
  expect(outcome).toHaveVerdict("drop");
  const risen = faultCounts().flatMap((count, i) => (count > (before[i] ?? 0n) ? [tunnelFaultNames[i]] : []));
  expect(risen).toEqual([tunnelFaultNames[fault]]);
}

async function expectPlain(packet: Packet): Promise<void> {
  const outcome = await one(packet);
  expect(outcome).toHaveVerdict("pass");
  expect(outcome).toEqualPacket(packet);
}

async function expectInner(packet: Packet, inner: Packet, said: object): Promise<void> {
  const outcome = await one(packet);
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toEqualPacket(inner);
  expect(pair.both((running) => running.map("arrivals").get(0))).toEqual(said);
}

describe.each([
  ["IPv4", four, address(PEER4)],
  ["IPv6", six, address(PEER6)],
])("over %s", (_, way, from) => {
  const inners: readonly (readonly [string, Packet])[] = [
    ["TCP over IPv4", TCP4],
    ["TCP over IPv6", TCP6],
    ["a tagged frame", vlan(7, TCP4)],
    ["ARP", arp("10.0.0.7", "10.1.0.1").request()],
    ["a frame of 14 bytes", fromBytes(TCP4.bytes.slice(0, 14))],
    ["a frame of odd length", tcp("10.0.0.7:1", "10.1.0.1:2").payload("odd")],
    ["a long frame", tcp("10.0.0.7:1", "10.1.0.1:2").payload("x".repeat(1401))],
  ];
  const said = (kind: number) => ({ from, vni: way.vni, kind });

  test.each(inners)("%s comes out of VXLAN", async (_, inner) => {
    await expectInner(vxlan(inner, way), inner, said(KIND.vxlan));
  });

  test.each(inners)("%s comes out of Geneve", async (_, inner) => {
    await expectInner(geneve(inner, way), inner, said(KIND.geneve));
  });

  test("a tag of the underlay is passed over", async () => {
    await expectInner(vlan(12, vxlan(TCP4, way)), TCP4, said(KIND.vxlan));
  });

  test("a zero UDP checksum is accepted", async () => {
    await expectInner(vxlan(TCP4, { ...way, overrides: { checksum: "zero" } }), TCP4, said(KIND.vxlan));
    await expectInner(geneve(TCP4, { ...way, overrides: { checksum: "zero" } }), TCP4, said(KIND.geneve));
  });

  test("reserved bits are ignored", async () => {
    const bits = { flags: 0xff, reserved: 0xffffff, reservedEnd: 0xff };
    await expectInner(vxlan(TCP4, { ...way, vxlan: bits }), TCP4, said(KIND.vxlan));
    await expectInner(geneve(TCP4, { ...way, geneve: { reserved: 0x3f, reservedEnd: 0xff } }), TCP4, said(KIND.geneve));
  });

  test("Geneve options that are not critical are skipped", async () => {
    const options = [geneveOption(0x102, 1, new Uint8Array(8)), geneveOption(0xffff, 0x7f, new Uint8Array(124))];
    await expectInner(geneve(TCP4, { ...way, options }), TCP4, said(KIND.geneve));
    const most = [geneveOption(1, 1, new Uint8Array(124)), geneveOption(1, 1, new Uint8Array(120))];
    await expectInner(geneve(TCP4, { ...way, options: most }), TCP4, said(KIND.geneve));
  });

  test("what follows the UDP datagram is cut off", async () => {
    const long = fromBytes(Uint8Array.of(...vxlan(TCP4, way).bytes, 1, 2, 3, 4, 5));
    await expectInner(long, TCP4, said(KIND.vxlan));
  });

  test("a Geneve checksum is verified", async () => {
    await expectFault(geneve(TCP4, { ...way, overrides: { checksum: "wrong" } }), TunnelFault.Checksum);
  });

  test("no valid VNI: dropped", async () => {
    await expectFault(vxlan(TCP4, { ...way, vxlan: { flags: 0xf7 } }), TunnelFault.Header);
  });

  test("another version of Geneve: dropped", async () => {
    await expectFault(geneve(TCP4, { ...way, geneve: { version: 1 } }), TunnelFault.Header);
  });

  test("critical options and control messages: dropped", async () => {
    await expectFault(geneve(TCP4, { ...way, options: [geneveOption(0x102, 0x81)] }), TunnelFault.Critical);
    await expectFault(geneve(TCP4, { ...way, geneve: { control: true } }), TunnelFault.Critical);
  });

  test("anything but Ethernet in Geneve: dropped", async () => {
    await expectFault(geneve(TCP4, { ...way, geneve: { protocol: 0x0800 } }), TunnelFault.Content);
  });

  test("lengths that lie: dropped", async () => {
    const whole = vxlan(TCP4, { ...way, overrides: { checksum: "zero" } });
    const { length } = whole.layer("udp");
    for (const wrong of [0, 7, 8, 15, 16, 29, length + 1, 0xffff])
      await expectFault(whole.with({ udp: { length: wrong } }), TunnelFault.Length);
    const options = geneve(TCP4, { ...way, geneve: { optionsLength: 4 * 63 }, overrides: { checksum: "zero" } });
    await expectFault(options, TunnelFault.Length);
    await expectFault(fromBytes(whole.bytes.slice(0, -1)), TunnelFault.Length);
  });

  test("the first fragment: dropped; later ones are anybody's", async () => {
    const [first, later] = fragments(vxlan(TCP4, way), { size: 64 }) as [Packet, Packet];
    await expectFault(first, TunnelFault.Fragment);
    await expectPlain(later);
  });

  test("other addresses, ports and protocols are left as they came", async () => {
    await expectPlain(vxlan(TCP4, { ...way, to: way.from, from: way.to }));
    await expectPlain(vxlan(TCP4, { ...way, overrides: { udp: { destinationPort: 4790 } } }));
    await expectPlain(TCP4);
    await expectPlain(TCP6);
    await expectPlain(icmp(PEER4, OWN4).echo());
    await expectPlain(udp(`${PEER4}:53`, `${OWN4}:5353`).payload("answer"));
    await expectPlain(vlan([12, 13], vxlan(TCP4, way)));
  });
});

test("over IPv4, VXLAN's checksum is not verified, but the header's is", async () => {
  const said = { from: address(PEER4), vni: four.vni, kind: KIND.vxlan };
  await expectInner(vxlan(TCP4, { ...four, overrides: { checksum: "wrong" } }), TCP4, said);
  await expectFault(vxlan(TCP4, { ...four, overrides: { headerChecksum: "wrong" } }), TunnelFault.Checksum);
});

test("over IPv6, VXLAN's checksum is verified", async () => {
  await expectFault(vxlan(TCP4, { ...six, overrides: { checksum: "wrong" } }), TunnelFault.Checksum);
});

test("IPv4 options in the outer header: dropped", async () => {
  const options = [{ kind: "nop" } as const];
  await expectFault(vxlan(TCP4, { ...four, overrides: { ipv4: { options } } }), TunnelFault.Options);
});

test("a node without tunnel addresses has no tunnels, not even to nowhere", async () => {
  pair.both((running) => listenOn(running, [], []));
  await expectPlain(vxlan(TCP4, four));
  await expectPlain(vxlan(TCP4, { ...four, to: "0.0.0.0" }));
  await expectPlain(vxlan(TCP4, { ...six, to: "::" }));
});

describe("ECN, RFC 6040 figure 4", () => {
  const DROP = null;
  const [NOT, ECT1, ECT0, CE] = [0, 1, 2, 3] as const;
  /** By the inner field, and the outer one in the order of the figure. */
  const FIGURE: readonly (readonly [number, readonly (number | null)[]])[] = [
    [NOT, [NOT, NOT, NOT, DROP]],
    [ECT0, [ECT0, ECT0, ECT1, CE]],
    [ECT1, [ECT1, ECT1, ECT1, CE]],
    [CE, [CE, CE, CE, CE]],
  ];
  const cases = FIGURE.flatMap(([inner, results]) =>
    [NOT, ECT0, ECT1, CE].map((outer, i) => ({ inner, outer, result: results[i] ?? null })),
  );
  const contents = [TCP4, TCP6, vlan(9, TCP4), vlan([{ id: 5, protocol: "802.1ad" }, 9], TCP6)];

  test.each(cases)("inner $inner, outer $outer: $result", async ({ inner, outer, result }) => {
    for (const way of [four, six])
      for (const content of contents) {
        const marked = content.with({ ecn: inner, dscp: 0x2a });
        const packet = vxlan(marked, { ...way, overrides: { ecn: outer, dscp: 0x15 } });
        if (result === DROP) {
          await expectFault(packet, TunnelFault.Congestion);
          continue;
        }
        const outcome = await one(packet);
        expect(outcome).toHaveVerdict("transmit");
        expect(outcome).toEqualPacket(marked.with({ ecn: result }));
        expect(outcome.packet).toHaveValidChecksums();
      }
  });

  test("what is no IP is not marked", async () => {
    const request = arp("10.0.0.7", "10.1.0.1").request();
    expect(await one(vxlan(request, { ...four, overrides: { ecn: CE } }))).toEqualPacket(request);
  });
});

describe("bad input", () => {
  const options = [geneveOption(0x102, 1, new Uint8Array(8))];
  const kinds = [
    vxlan(TCP4, four),
    geneve(TCP6, { ...four, options }),
    vxlan(TCP6, six),
    geneve(TCP4, { ...six, options }),
  ];

  test("cut at every byte: never out of the tunnel, never aborted", async () => {
    for (const packet of [...kinds, vlan(3, vxlan(TCP4, four))]) {
      const cut = truncations(packet).filter(({ bytes }) => bytes.length >= 14);
      for (const outcome of await pair.run(cut)) expect(["pass", "drop"]).toContain(outcome.verdict);
    }
  });

  test("flipped bits and random packets: the same on both targets, never aborted, drops counted", async () => {
    const hurt = kinds.flatMap((packet, seed) => bitFlips(packet, { seed, count: 400 }));
    const before = faultCounts().reduce((sum, count) => sum + count, 0n);
    const outcomes = await pair.run([...hurt, ...packets(61, 600, { shortest: 14 })]);
    const verdicts = outcomes.map(({ verdict }) => verdict);
    expect(new Set(verdicts)).toEqual(new Set(["pass", "drop", "transmit"]));
    const dropped = verdicts.filter((verdict) => verdict === "drop").length;
    expect(faultCounts().reduce((sum, count) => sum + count, 0n) - before).toBe(BigInt(dropped));
  });
});
