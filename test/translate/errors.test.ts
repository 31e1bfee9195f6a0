/** ICMP errors become the other family's, and the packet that they quote too (RFC 7915 sections 4.2, 4.3, 5.2 and 5.3). */
import { beforeEach, describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { takenAsMadeByAll } from "../headers/toolchains.ts";
import { type Outcome, type Packet, packets, truncations } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { FAULTS_OF_CUT_QUOTES } from "../kit-tests/wireshark.ts";
import { endsFor, framed, PORTS, REFUSALS, V4, V6 } from "./ends.ts";

const source = new URL("./programs/errors.ts", import.meta.url);
const pair = pairOf(source);

const judges = startJudges();

const built = framed(judges);

async function run(packet: Packet): Promise<Outcome> {
  pair.both((running) => {
    running.map("ends").set(0, { ...endsFor(packet), ...PORTS });
    running.map("told").set(0, { why: 0 });
  });
  return ((await pair.run([packet])) as [Outcome])[0];
}

/** Of a quoted packet: the transport in scapy's words, before and after. */
interface Quoted {
  readonly before: string;
  readonly after: string;
}
const { sourcePort: near, destinationPort: far } = PORTS;
const SEGMENTS: Readonly<Record<string, Quoted>> = {
  TCP: {
    before: 'TCP(sport=1, dport=2, seq=9, flags="A")',
    after: `TCP(sport=${far}, dport=${near}, seq=9, flags="A")`,
  },
  UDP: { before: "UDP(sport=1, dport=2)", after: `UDP(sport=${far}, dport=${near})` },
};
const ECHO4: Quoted = {
  before: "ICMP(type=8, id=5, seq=6)",
  after: `ICMPv6EchoRequest(id=${far}, seq=6)`,
};
const ECHO6: Quoted = {
  before: "ICMPv6EchoRequest(id=5, seq=6)",
  after: `ICMP(type=8, id=${far}, seq=6)`,
};
const DATA = 'Raw(b"data of the packet!")';

const error4 = (message: string, l4: string, bytes: number, more = "", inner = ""): string =>
  `IP(src="100.64.0.9", dst="10.0.0.7", tos=0xb8, ttl=9${more})/${message}/Raw(bytes(IP(src="10.0.0.7", dst="10.1.0.1", ttl=3${inner})/${l4}/${DATA})[:${bytes}])`;
const becomes6 = (message: string, l4: string, bytes: number): string =>
  `IPv6(src="${V6.source}", dst="${V6.destination}", tc=0xb8, hlim=9)/${message}/Raw(bytes(IPv6(src="${V6.destination}", dst="${V6.source}", hlim=3)/${l4}/${DATA})[:${bytes + 20}])`;
const error6 = (message: string, l4: string, bytes: number, extension = "", inner = ""): string =>
  `IPv6(src="2001:db8:ffff::9", dst="2001:db8::7", tc=0xb8, hlim=9)${extension}/${message}/Raw(bytes(IPv6(src="2001:db8::7", dst="2001:db8::1", hlim=3)${inner}/${l4}/${DATA})[:${bytes}])`;
const becomes4 = (message: string, l4: string, bytes: number, id: number): string =>
  `IP(src="${V4.source}", dst="${V4.destination}", tos=0xb8, ttl=9, id=${id})/${message}/Raw(bytes(IP(src="${V4.destination}", dst="${V4.source}", ttl=3, id=0)/${l4}/${DATA})[:${bytes - 20}])`;

const sent: Packet[] = [];
beforeEach(() => {
  sent.length = 0;
});

async function expectBecomes(from: string, expected: (id: number) => string): Promise<void> {
  const outcome = await run(await built(from));
  expect(outcome).toHaveVerdict("transmit");
  const [, layer] = outcome.packet.layers;
  expect(outcome).toEqualPacket(await built(expected(layer?.kind === "ipv4" ? layer.identification : 0)));
  sent.push(outcome.packet);
}

/** Types and codes of ICMP, and what they are in ICMPv6. */
const TO_SIX: readonly (readonly [string, string])[] = [
  ...[0, 1, 5, 6, 7, 8, 11, 12].map((code) => [`ICMP(type=3, code=${code})`, "ICMPv6DestUnreach(code=0)"] as const),
  ["ICMP(type=3, code=2)", "ICMPv6ParamProblem(code=1, ptr=6)"],
  ["ICMP(type=3, code=3)", "ICMPv6DestUnreach(code=4)"],
  ...[9, 10, 13, 15].map((code) => [`ICMP(type=3, code=${code})`, "ICMPv6DestUnreach(code=1)"] as const),
  ["ICMP(type=3, code=4, nexthopmtu=1400)", "ICMPv6PacketTooBig(mtu=1420)"],
  ["ICMP(type=3, code=4, nexthopmtu=576)", "ICMPv6PacketTooBig(mtu=1280)"],
  ["ICMP(type=3, code=4, nexthopmtu=0)", "ICMPv6PacketTooBig(mtu=1280)"],
  ["ICMP(type=11, code=0)", "ICMPv6TimeExceeded(code=0)"],
  ["ICMP(type=11, code=1)", "ICMPv6TimeExceeded(code=1)"],
  ...[
    [0, 0],
    [1, 1],
    [2, 4],
    [3, 4],
    [8, 7],
    [9, 6],
    [12, 8],
    [15, 8],
    [16, 24],
    [19, 24],
  ].map(([from, to]) => [`ICMP(type=12, ptr=${from})`, `ICMPv6ParamProblem(ptr=${to})`] as const),
  ["ICMP(type=12, code=2, ptr=0)", "ICMPv6ParamProblem(ptr=0)"],
  // A length of the quote is not kept.
  ["ICMP(type=11, length=12)", "ICMPv6TimeExceeded()"],
];
const TO_FOUR: readonly (readonly [string, string])[] = [
  ...[
    [0, 1],
    [1, 10],
    [2, 1],
    [3, 1],
    [4, 3],
  ].map(([from, to]) => [`ICMPv6DestUnreach(code=${from})`, `ICMP(type=3, code=${to})`] as const),
  ["ICMPv6PacketTooBig(mtu=1500)", "ICMP(type=3, code=4, nexthopmtu=1480)"],
  ["ICMPv6PacketTooBig(mtu=1280)", "ICMP(type=3, code=4, nexthopmtu=1260)"],
  ["ICMPv6PacketTooBig(mtu=0)", "ICMP(type=3, code=4, nexthopmtu=68)"],
  ["ICMPv6PacketTooBig(mtu=0xffffffff)", "ICMP(type=3, code=4, nexthopmtu=65535)"],
  ["ICMPv6TimeExceeded(code=0)", "ICMP(type=11, code=0)"],
  ["ICMPv6TimeExceeded(code=1)", "ICMP(type=11, code=1)"],
  ...[
    [0, 0],
    [1, 1],
    [4, 2],
    [5, 2],
    [6, 9],
    [7, 8],
    [8, 12],
    [23, 12],
    [24, 16],
    [39, 16],
  ].map(([from, to]) => [`ICMPv6ParamProblem(ptr=${from})`, `ICMP(type=12, ptr=${to})`] as const),
  ["ICMPv6ParamProblem(code=1, ptr=6)", "ICMP(type=3, code=2)"],
];

describe.each(Object.entries({ ...SEGMENTS, echo: null }))("about %s", (_, segment) => {
  test("every message of IPv4, and quotes of every length", async () => {
    const { before, after } = segment ?? ECHO4;
    for (const [from, to] of TO_SIX) await expectBecomes(error4(from, before, 1000), () => becomes6(to, after, 1000));
    for (const bytes of [28, 29, 30, 36, 38, 39, 40, 41])
      await expectBecomes(error4("ICMP(type=11)", before, bytes), () => becomes6("ICMPv6TimeExceeded()", after, bytes));
    expect(await judges.wireshark.faults(sent, FAULTS_OF_CUT_QUOTES)).toEqual([]);
  });

  test("every message of IPv6, and quotes of every length", async () => {
    const { before, after } = segment ?? ECHO6;
    for (const [from, to] of TO_FOUR)
      await expectBecomes(error6(from, before, 1000), (id) => becomes4(to, after, 1000, id));
    for (const bytes of [48, 49, 50, 56, 58, 59, 60, 61])
      await expectBecomes(error6("ICMPv6TimeExceeded()", before, bytes), (id) =>
        becomes4("ICMP(type=11)", after, bytes, id),
      );
    expect(await judges.wireshark.faults(sent, FAULTS_OF_CUT_QUOTES)).toEqual([]);
  });
});

const UDP = "UDP(sport=1, dport=2)";
test.each<readonly [(typeof REFUSALS)[number], string]>([
  ["message", error4("ICMP(type=3, code=14)", UDP, 1000)],
  ["message", error4("ICMP(type=3, code=16)", UDP, 1000)],
  ["message", error4("ICMP(type=12, code=1, ptr=0)", UDP, 1000)],
  ["message", error4("ICMP(type=12, ptr=4)", UDP, 1000)],
  ["message", error4("ICMP(type=12, ptr=20)", UDP, 1000)],
  ["message", error6("ICMPv6DestUnreach(code=5)", UDP, 1000)],
  ["message", error6("ICMPv6ParamProblem(code=2)", UDP, 1000)],
  ["message", error6("ICMPv6ParamProblem(ptr=2)", UDP, 1000)],
  ["message", error6("ICMPv6ParamProblem(ptr=40)", UDP, 1000)],
  ["fragment", error4("ICMP(type=11)", UDP, 1000, ', flags="MF"')],
  ["fragment", error4("ICMP(type=11)", UDP, 1000, "", ', flags="MF"')],
  ["options", error4("ICMP(type=11)", UDP, 1000, ", options=[IPOption_NOP()]")],
  ["options", error4("ICMP(type=11)", UDP, 1000, "", ", options=[IPOption_NOP()]")],
  ["options", error6("ICMPv6TimeExceeded()", UDP, 1000, "/IPv6ExtHdrDestOpt()")],
  ["options", error6("ICMPv6TimeExceeded()", UDP, 1000, "", "/IPv6ExtHdrFragment(m=1)")],
])("refused for its %s: %s", async (why, expression) => {
  const packet = await built(expression);
  const outcome = await run(packet);
  expect(outcome).toHaveVerdict("pass");
  expect(outcome).toEqualPacket(packet);
  const { why: told } = pair.both((running) => running.map("told").get(0)) as { why: number };
  expect(REFUSALS[told]).toBe(why);
});

test.each([error4("ICMP(type=11)", UDP, 1000), error6("ICMPv6TimeExceeded()", UDP, 1000)])(
  "cut at every byte it is left as it was: %s",
  async (expression) => {
    for (const cut of truncations(await built(expression)).slice(SHORTEST)) {
      const outcome = await run(cut);
      expect(["pass", "drop"]).toContain(outcome.verdict);
      expect(outcome).toEqualPacket(cut);
    }
  },
);

test("random packets: none aborts", async () => {
  for (const packet of packets(121, 300, { shortest: 14 })) {
    const outcome = await run(packet);
    expect(outcome.verdict).not.toBe("aborted");
    if (outcome.verdict !== "transmit") expect(outcome).toEqualPacket(packet);
  }
});

takenAsMadeByAll(source, 3000, [...packets(122, 30, { shortest: 14 })]);
