/** Later fragments get the ports of their first; what lacks a first, is too short or reaches into the first is named and goes nowhere. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { takenAsMadeByAll } from "../headers/toolchains.ts";
import {
  fromBytes,
  fromHex,
  interpreter,
  kernel,
  type Outcome,
  type Packet,
  packets,
  random,
  truncations,
  vlan,
} from "../kit/index.ts";
import { type Oracle, startOracle } from "../kit-tests/oracle.ts";

const source = new URL("./programs/follow.ts", import.meta.url);
const pair = pairOf(source);

let scapy: Oracle;
beforeAll(() => {
  scapy = startOracle();
});
afterAll(() => scapy.close());

const NAMES = ["whole", "first", "later", "missing", "tiny", "overlapping", "malformed"] as const;
interface Found {
  readonly fragment: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

async function built(expression: string): Promise<Packet> {
  const link = `Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")`;
  return fromBytes(fromHex((await scapy.ask<{ hex: string }>({ build: `${link}/${expression}` })).hex));
}

/** What a packet is found to be, in one word, with its flow: "later 6 40000 80". Nothing is changed in it. */
async function found(packet: Packet): Promise<string> {
  const [outcome] = (await pair.run([packet])) as [Outcome];
  expect(outcome).toEqualPacket(packet);
  if (outcome.verdict === "pass") return "unopened";
  const { fragment, protocol, sourcePort, destinationPort } = pair.both((running) =>
    running.map("found").get(0),
  ) as Found;
  const name = NAMES[fragment] ?? `${fragment}`;
  expect(outcome).toHaveVerdict(fragment > 2 ? "drop" : "transmit");
  return fragment > 2 ? name : `${name} ${protocol} ${sourcePort} ${destinationPort}`;
}

const data = (bytes: number): string => `Raw(b"x"*${bytes})`;
const four = (id: number, more: string, l4: string): string =>
  `IP(src="10.0.0.7", dst="10.1.0.1", id=${id}${more})/${l4}`;
/** Scapy's own fragmentation; each piece has `size` bytes of the payload. */
const pieces4 = (id: number, l4: string, size: number, index: number): string =>
  `(${four(id, "", l4)}).fragment(${size})[${index}]`;
const six = (id: number, l4: string): string =>
  `IPv6(src="2001:db8::7", dst="2001:db8::1")/IPv6ExtHdrFragment(id=${id})/${l4}`;
const pieces6 = (id: number, l4: string, size: number, index: number): string =>
  `fragment6(${six(id, l4)}, ${size})[${index}]`;

const TCP = `TCP(sport=40000, dport=80, flags="PA")/${data(200)}`;
const UDP = `UDP(sport=5000, dport=53)/${data(200)}`;
let identification = 100;
const fresh = (): number => ++identification;

describe.each([
  ["IPv4", pieces4, 64, "ICMP(type=8, id=77)"],
  ["IPv6", pieces6, 40 + 8 + 8 + 64, "ICMPv6EchoRequest(id=77)"],
] as const)("%s", (name, pieces, size, echo) => {
  const number = name === "IPv4" ? 1 : 58;
  test.each([
    ["TCP", TCP, "6 40000 80"],
    ["UDP", UDP, "17 5000 53"],
    ["an echo", `${echo}/${data(200)}`, `${number} 77 0`],
  ])("of %s: all follow the first, in any order behind it, and twice", async (_, l4, flow) => {
    const id = fresh();
    expect(await found(await built(pieces(id, l4, size, 0)))).toBe(`first ${flow}`);
    for (const index of [2, 1, 2]) expect(await found(await built(pieces(id, l4, size, index)))).toBe(`later ${flow}`);
    expect(await found(await built(pieces(id, l4, size, 0)))).toBe(`first ${flow}`);
    expect(await found(vlan([7, 8], await built(pieces(id, l4, size, 1))))).toBe(`later ${flow}`);
  });

  test("one before its first, or of another packet, is missing it", async () => {
    const id = fresh();
    const later = await built(pieces(id, UDP, size, 1));
    expect(await found(later)).toBe("missing");
    expect(await found(await built(pieces(id, UDP, size, 0)))).toBe("first 17 5000 53");
    expect(await found(await built(pieces(id + 1000, UDP, size, 1)))).toBe("missing");
    expect(await found(later.with({ source: name === "IPv4" ? "10.0.0.8" : "2001:db8::8" }))).toBe("missing");
    expect(await found(later.with({ destination: name === "IPv4" ? "10.1.0.2" : "2001:db8::2" }))).toBe("missing");
    pair.both((running) => running.map("vni").set(0, 5));
    expect(await found(later)).toBe("missing");
    pair.both((running) => running.map("vni").set(0, 0));
    expect(await found(later)).toBe("later 17 5000 53");
  });

  test("a first fragment replaces an older one of the same identification", async () => {
    const id = fresh();
    const other = `UDP(sport=5001, dport=53)/${data(200)}`;
    await found(await built(pieces(id, UDP, size, 0)));
    await found(await built(pieces(id, other, size, 0)));
    expect(await found(await built(pieces(id, other, size, 1)))).toBe("later 17 5001 53");
  });

  test("cut at every byte: never aborts, and none that is cut passes for a fragment", async () => {
    const id = fresh();
    const first = await built(pieces(id, TCP, size, 0));
    const later = await built(pieces(id, TCP, size, 1));
    for (const cut of truncations(first).slice(SHORTEST)) expect(["unopened", "malformed"]).toContain(await found(cut));
    expect(await found(first)).toBe("first 6 40000 80");
    for (const cut of truncations(later).slice(SHORTEST)) expect(["unopened", "malformed"]).toContain(await found(cut));
    await using running = await interpreter.load(source);
    for (const cut of truncations(first).slice(0, SHORTEST)) {
      const [outcome] = (await running.run(cut)) as [Outcome];
      expect(outcome).toHaveVerdict("pass");
      expect(outcome).toEqualPacket(cut);
    }
  });
});

describe("IPv4 attacks", () => {
  const piece = (id: number, at: number, more: boolean, l4: string): Promise<Packet> =>
    built(four(id, `, frag=${at}${more ? ', flags="MF"' : ""}, proto=6`, l4));

  test("a TCP header that the first fragment holds only in part is tiny (RFC 1858)", async () => {
    for (const [bytes, what] of [
      [8, "tiny"],
      [16, "tiny"],
      [24, "first 6 40000 80"],
    ] as const) {
      const header = `Raw(bytes(TCP(sport=40000, dport=80, flags="S", options=[("MSS", 1460)]))[:${bytes}])`;
      expect(await found(await piece(fresh(), 0, true, header))).toBe(what);
    }
  });

  test("a fragment that begins inside the first is overlapping: at offset 1 (RFC 3128) and up to the first's end", async () => {
    const id = fresh();
    const header = `Raw(bytes(TCP(sport=40000, dport=80, flags="S"))+b"x"*12)`;
    expect(await found(await piece(id, 0, true, header))).toBe("first 6 40000 80");
    for (const at of [1, 2, 3]) expect(await found(await piece(id, at, false, data(64)))).toBe("overlapping");
    expect(await found(await piece(id, 4, false, data(64)))).toBe("later 6 40000 80");
    expect(await found(await piece(fresh(), 1, false, data(64)))).toBe("missing");
  });

  test("a length that is no multiple of 8 before the last, none at all, or an end beyond 65535", async () => {
    const id = fresh();
    expect(await found(await piece(id, 0, true, `Raw(bytes(TCP())+b"x"*5)`))).toBe("malformed");
    expect(await found(await piece(id, 3, true, data(7)))).toBe("malformed");
    expect(await found(await piece(id, 3, false, `Raw(b"")`))).toBe("malformed");
    expect(await found(await piece(id, 8189, false, data(4)))).toBe("malformed");
    expect(await found(await piece(id, 8189, false, data(3)))).toBe("missing");
    expect(await found(await piece(id, 8191, false, data(64)))).toBe("malformed");
  });

  test("protocols count apart", async () => {
    const id = fresh();
    await found(await piece(id, 0, true, TCP.replace("200", "4")));
    expect(await found(await built(four(id, ", frag=4, proto=17", data(8))))).toBe("missing");
  });

  test("padding behind a fragment is not part of it", async () => {
    const id = fresh();
    const packet = await piece(id, 0, true, `Raw(bytes(TCP(sport=40000, dport=80))[:16])`);
    expect(await found(fromBytes(Uint8Array.of(...packet.bytes, ...new Uint8Array(10))))).toBe("tiny");
  });
});

describe("IPv6", () => {
  const piece = (id: number, at: number, more: number, next: number, l4: string): Promise<Packet> =>
    built(
      `IPv6(src="2001:db8::7", dst="2001:db8::1")/IPv6ExtHdrFragment(id=${id}, offset=${at}, m=${more}, nh=${next})/${l4}`,
    );

  test("an atomic fragment is whole (RFC 6946), also while another packet's first is known", async () => {
    const id = fresh();
    await found(await built(pieces6(id, UDP, 120, 0)));
    expect(await found(await piece(id, 0, 0, 6, TCP))).toBe("whole 6 40000 80");
    expect(await found(await built(pieces6(id, UDP, 120, 1)))).toBe("later 17 5000 53");
  });

  test("the first fragment's next header counts, whatever the others say (RFC 8200)", async () => {
    const id = fresh();
    const behind = `Raw(bytes(IPv6ExtHdrDestOpt(nh=17)/UDP(sport=5000, dport=53)/Raw(b"x"*16)))`;
    expect(await found(await piece(id, 0, 1, 60, behind))).toBe("first 17 5000 53");
    for (const next of [60, 17, 6, 59])
      expect(await found(await piece(id, 4, 0, next, data(8)))).toBe("later 17 5000 53");
  });

  test("tiny, overlapping and malformed ones", async () => {
    const id = fresh();
    const tcp = `Raw(bytes(TCP(sport=40000, dport=80, flags="S"))+b"x"*12)`;
    expect(await found(await piece(id, 0, 1, 6, `Raw(bytes(TCP(sport=40000, dport=80))[:16])`))).toBe("tiny");
    // The whole chain of headers belongs into the first (RFC 7112): nothing finds ports in this one.
    expect(await found(await piece(id, 0, 1, 60, `Raw(bytes(IPv6ExtHdrDestOpt(nh=17))[:8])`))).toBe("unopened");
    expect(await found(await piece(id, 0, 1, 6, tcp))).toBe("first 6 40000 80");
    for (const at of [1, 2, 3]) expect(await found(await piece(id, at, 0, 6, data(64)))).toBe("overlapping");
    expect(await found(await piece(id, 4, 1, 6, data(12)))).toBe("malformed");
    expect(await found(await piece(id, 4, 0, 6, `Raw(b"")`))).toBe("malformed");
    expect(await found(await piece(id, 8191, 0, 6, data(8)))).toBe("malformed");
    expect(await found(await piece(id, 8191, 0, 6, data(7)))).toBe("later 6 40000 80");
  });
});

test("whole packets are whole", async () => {
  expect(await found(await built(four(1, "", TCP)))).toBe("whole 6 40000 80");
  expect(await found(await built(four(1, ', flags="DF"', UDP)))).toBe("whole 17 5000 53");
  expect(await found(await built(`IPv6()/${TCP}`))).toBe("whole 6 40000 80");
});

test.for([interpreter, kernel])("$name: a first fragment is remembered for two seconds", async (target, { skip }) => {
  const missing = await target.missing();
  if (missing !== null) return skip(`the ${target.name} target needs ${missing}`);
  await using running = await target.load(source);
  const ask = async (packet: Packet) => ((await running.run(packet))[0] as Outcome).verdict;
  const [first, later] = [await built(pieces4(1, UDP, 64, 0)), await built(pieces4(1, UDP, 64, 1))];
  expect(await ask(first)).toBe("transmit");
  running.advance("2s");
  expect(await ask(later)).toBe("transmit");
  running.advance("1ms");
  expect(await ask(later)).toBe("drop");
  expect(await ask(first)).toBe("transmit");
  expect(await ask(later)).toBe("transmit");
});

test("random packets and fields: both targets agree, and none aborts", async () => {
  const draw = random(91);
  const samples = [
    await built(pieces4(1, TCP, 64, 0)),
    await built(pieces4(1, TCP, 64, 1)),
    await built(pieces6(1, TCP, 120, 0)),
    await built(pieces6(1, TCP, 120, 1)),
  ];
  const damaged = Array.from({ length: 400 }, () => {
    const out = draw.pick(samples).bytes.slice();
    for (let i = draw.between(1, 3); i > 0; i--) out[draw.between(12, 70)] = draw.below(256);
    return fromBytes(out);
  });
  for (const packet of [...packets(92, 200, { shortest: 14 }), ...damaged]) await found(packet);
});

takenAsMadeByAll(source, 700, [...packets(93, 30, { shortest: 14 })]);
