/** What a service cannot read: one that takes all that comes drops and counts it, one with addresses leaves it to the host. */
import { describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { arp, fromBytes, icmp, type Packet, tcp, truncations, udp, vlan } from "../kit/index.ts";

const segment = tcp("10.0.0.7:40000", "10.1.0.1:80").syn();
const datagram = udp("[2001:db8::7]:40000", "[2001:db8:1::1]:53").payload("question");

/** A byte of a packet, changed. */
const withByte = ({ bytes }: Packet, at: number, value: number): Packet =>
  fromBytes(bytes.map((byte, index) => (index === at ? value : byte)));

const NETWORK = 14;
const unreadable: readonly (readonly [string, Packet])[] = [
  ["three VLAN tags", vlan([1, 2, 3], segment)],
  ["four VLAN tags", vlan([1, 2, 3, 4], datagram)],
  ["an IPv4 header of another version", withByte(segment, NETWORK, 0x65)],
  ["an IPv4 header of four words", withByte(segment, NETWORK, 0x44)],
  ["an IPv6 header of another version", withByte(datagram, NETWORK, 0x40)],
  ["an IPv4 datagram that ends in its header", segment.with({ ipv4: { totalLength: 19 } })],
  ["an IPv4 datagram that ends in its TCP header", segment.with({ ipv4: { totalLength: 39 } })],
  ["an IPv6 datagram that ends in its UDP header", datagram.with({ ipv6: { payloadLength: 7 } })],
  ["a TCP header of four words", segment.with({ tcp: { headerLength: 16 } })],
  ["a TCP header that is longer than the segment", segment.with({ tcp: { headerLength: 60 } })],
  ["a UDP datagram shorter than its header", datagram.with({ udp: { length: 7 } })],
  ["a UDP datagram longer than what is there", datagram.with({ udp: { length: 8 + "question".length + 1 } })],
  ["an ICMP message shorter than its header", icmp("10.0.0.7", "10.1.0.1").echo({}, { ipv4: { totalLength: 27 } })],
  [
    "a fragment of a fragment",
    datagram.with({ extensions: [{ kind: "fragment" }, { kind: "fragment", identification: 2 }] }),
  ],
  ["nine extension headers", datagram.with({ extensions: Array(9).fill({ kind: "destinationOptions", options: [] }) })],
  ...[segment, datagram].flatMap((packet) =>
    truncations(packet)
      .filter(({ bytes: { length } }) => length >= SHORTEST)
      .map((cut) => [`a packet of ${packet.bytes.length} bytes cut to ${cut.bytes.length}`, cut] as const),
  ),
];

const readable: readonly (readonly [string, Packet])[] = [
  ["two VLAN tags", vlan([1, 2], segment)],
  ["bytes behind the datagram", fromBytes(Uint8Array.from([...segment.bytes, 1, 2, 3]))],
  [
    "eight extension headers",
    datagram.with({ extensions: Array(8).fill({ kind: "destinationOptions", options: [] }) }),
  ],
  ["a packet that is its own only fragment", datagram.with({ extensions: [{ kind: "fragment" }] })],
  ["what is not IP", arp("10.0.0.7", "10.0.0.1").request()],
];

describe("a service that takes all that comes", () => {
  const pair = pairOf(new URL("./programs/observer.ts", import.meta.url));
  const malformed = () => pair.both((running) => running.drops()["service: malformed"] ?? 0n);

  test("drops and counts what it cannot read", async () => {
    for (const [what, packet] of unreadable) {
      const before = malformed();
      const [outcome] = await pair.run([packet]);
      expect(outcome?.verdict, what).toBe("drop");
      expect(malformed(), what).toBe(before + 1n);
    }
  });

  test("and nothing else for that reason", async () => {
    for (const [what, packet] of readable) {
      const before = malformed();
      await pair.run([packet]);
      expect(malformed(), what).toBe(before);
    }
  });
});

test("a service with addresses of its own leaves it to the host", async () => {
  for (const [what, packet] of unreadable) {
    const [outcome] = await listed.run([packet]);
    expect(outcome?.verdict, what).toBe("pass");
  }
});
const listed = pairOf(new URL("../../examples/balancer/service.ts", import.meta.url));
