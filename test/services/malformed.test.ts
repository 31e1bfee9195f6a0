/** What a service cannot read: one that takes all that comes drops and counts it, one with addresses leaves it to the host. */
import { describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { arp, fromBytes, type Packet, tcp, truncations, udp, vlan } from "../kit/index.ts";

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
  ...[segment, datagram].flatMap((packet) =>
    truncations(packet)
      .filter(({ bytes: { length } }) => length >= SHORTEST && length < ends(packet))
      .map((cut) => [`a packet of ${packet.bytes.length} bytes cut to ${cut.bytes.length}`, cut] as const),
  ),
];

/** Where the ports end: a packet that is shorter cannot be told apart. */
function ends(packet: Packet): number {
  return packet === segment ? NETWORK + 20 + 4 : NETWORK + 40 + 4;
}

const readable: readonly (readonly [string, Packet])[] = [
  ["two VLAN tags", vlan([1, 2], segment)],
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
