/** Options of TCP and IPv4, and the payload: found where the kit finds them, and nowhere else. */
import { expect, test } from "vitest";
import { icmp, type Packet, packets, random, tcp, truncations, udp } from "../kit/index.ts";
import { outerLayers } from "./expected.ts";
import { pairOf } from "./pair.ts";

const pair = pairOf(new URL("./programs/find.ts", import.meta.url));

interface Place {
  readonly found: number;
  readonly first: number;
  readonly at: number;
  readonly length: number;
}
interface Places {
  readonly ipv4Options: Place;
  readonly tcpOption: Place;
  readonly payload: Place;
}
interface Wanted {
  readonly kind?: number;
  readonly offset?: number;
  readonly length?: number;
}
const NOWHERE: Place = { found: 0, first: 0, at: 0, length: 0 };

async function find(packet: Packet, { kind = 0, offset = 0, length = 0 }: Wanted): Promise<Places> {
  pair.both((running) => {
    running.globals.set("wanted", { kind, offset, length });
    running.map("places").set(0, { ipv4Options: NOWHERE, tcpOption: NOWHERE, payload: NOWHERE });
  });
  await pair.run([packet]);
  return pair.both((running) => running.map("places").get(0) as Places);
}

/** A place in a packet as the program notes it. */
const placeIn = (packet: Packet, at: number, length: number): Place => ({
  found: 1,
  at,
  length,
  first: length > 0 ? (packet.bytes[at] ?? 0) : 0,
});

/** RFC 9293 section 3.1, read from the bytes: kind and length, or one byte for end and no operation. */
function optionIn(packet: Packet, kind: number): Place {
  const tcpLayer = outerLayers(packet).find(({ layer }) => layer.kind === "tcp");
  if (tcpLayer?.layer.kind !== "tcp") return NOWHERE;
  const end = tcpLayer.at + tcpLayer.layer.headerLength;
  for (let at = tcpLayer.at + 20; at < end; ) {
    const [type, size = 0] = packet.bytes.subarray(at, end);
    if (type === 1) at += 1;
    else if (type === 0 || size < 2 || at + size > end) return NOWHERE;
    else if (type === kind) return placeIn(packet, at + 2, size - 2);
    else at += size;
  }
  return NOWHERE;
}

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const raw = (...bytes: number[]) => ({ options: [{ kind: "malformed", data: Uint8Array.from(bytes) }] }) as const;
const usual = client.syn({
  options: [
    { kind: "mss", value: 1460 },
    { kind: "sackPermitted" },
    { kind: "timestamps", value: 1, echo: 2 },
    { kind: "nop" },
    { kind: "windowScale", shift: 7 },
    { kind: "other", type: 254, data: Uint8Array.of(9, 8, 7) },
  ],
});

test.each([
  ["MSS", 2, 2],
  ["window scale", 3, 1],
  ["SACK permitted", 4, 0],
  ["timestamps", 8, 8],
  ["an unknown option", 254, 3],
])("the option %s", async (_, kind, length) => {
  const { tcpOption } = await find(usual, { kind });
  expect(tcpOption).toEqual(optionIn(usual, kind));
  expect(tcpOption).toMatchObject({ found: 1, length });
});

test.each<readonly [string, Packet]>([
  ["that is not there", client.syn({ options: [{ kind: "mss", value: 1460 }] })],
  ["behind the end of options", client.syn(raw(0, 3, 3, 7))],
  ["behind an option of length 0", client.syn(raw(2, 0, 3, 3, 7, 0, 0, 0))],
  ["behind an option of length 1", client.syn(raw(2, 1, 3, 3, 7, 0, 0, 0))],
  ["behind an option longer than the header", client.syn(raw(2, 9, 0, 0, 3, 3, 7, 0))],
  ["that is longer than the header", client.syn(raw(1, 3, 4, 0))],
  ["whose length is cut off", client.syn(raw(1, 1, 1, 3))],
  ["in the data", client.syn({ payload: Uint8Array.of(3, 3, 7, 0) })],
  ["in a header without room for options", client.syn({ tcp: { headerLength: 16 } })],
])("no option %s", async (_, packet) => {
  expect((await find(packet, { kind: 3 })).tcpOption).toEqual(NOWHERE);
});

test("forty options of one byte, then none", async () => {
  const packet = client.syn({ options: new Array(37).fill({ kind: "nop" }).concat({ kind: "windowScale", shift: 3 }) });
  expect((await find(packet, { kind: 3 })).tcpOption).toMatchObject({ found: 1, first: 3, length: 1 });
  expect((await find(client.syn(raw(...new Array(40).fill(1))), { kind: 3 })).tcpOption).toEqual(NOWHERE);
});

test("options of random packets and of random bytes", async () => {
  const draw = random(5);
  const noise = Array.from({ length: 150 }, () =>
    client.syn(
      raw(
        ...Array.from({ length: 4 * draw.between(1, 10) }, () =>
          draw.weighted([
            [3, draw.below(6)],
            [1, draw.below(256)],
          ]),
        ),
      ),
    ),
  );
  for (const packet of [...packets(6, 150, { broken: 0, shortest: 14 }), ...noise]) {
    const kind = draw.pick([2, 3, 4, 5, 8, 254]);
    expect((await find(packet, { kind })).tcpOption).toEqual(optionIn(packet, kind));
  }
});

test("options of IPv4: their bytes, none, or nothing when they are cut off", async () => {
  const options = [{ kind: "routerAlert", value: 0 } as const, { kind: "nop" } as const];
  const packet = client.syn({ ipv4: { options } });
  expect((await find(packet, {})).ipv4Options).toEqual(placeIn(packet, 34, 8));
  expect((await find(client.syn(), {})).ipv4Options).toEqual(placeIn(client.syn(), 34, 0));
  const ping = icmp("10.0.0.7", "10.1.0.1", { ipv4: { options } }).echo();
  const cut = ping.truncate(38);
  expect((await find(cut, {})).ipv4Options).toEqual({ ...placeIn(cut, 38, 0) });
});

test.each<readonly [string, Packet, number, number]>([
  ["TCP", client.payload("abcdef"), 54, 6],
  ["TCP with options", client.payload("abcdef", { options: [{ kind: "mss", value: 1460 }] }), 58, 6],
  ["UDP", udp("[2001:db8::7]:1", "[2001:db8::1]:2").payload("abcdef"), 62, 6],
  ["an ICMP echo", icmp("10.0.0.7", "10.1.0.1").echo({ payload: "abcdef" }), 42, 6],
])("the payload of %s", async (_, packet, at, length) => {
  const payload = async (offset: number, bytes: number) => (await find(packet, { offset, length: bytes })).payload;
  expect(await payload(0, length)).toEqual(placeIn(packet, at, length));
  expect(await payload(2, length - 2)).toEqual(placeIn(packet, at + 2, length - 2));
  expect(await payload(length, 0)).toEqual({ ...placeIn(packet, at + length, 0) });
  expect(await payload(0, length + 1)).toEqual(NOWHERE);
  expect(await payload(3, length)).toEqual(NOWHERE);
  for (const cut of truncations(packet).slice(at)) expect((await find(cut, { length })).payload).toEqual(NOWHERE);
});

test("what the link layer has padded is no payload", async () => {
  const packet = client.payload("ab", { ipv4: { trailer: new Uint8Array(4).fill(7) } });
  expect(packet.bytes.length).toBe(60);
  expect((await find(packet, { length: 2 })).payload).toMatchObject({ found: 1, length: 2 });
  expect((await find(packet, { length: 3 })).payload).toEqual(NOWHERE);
});
