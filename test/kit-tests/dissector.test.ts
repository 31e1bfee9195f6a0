/** The dissector reads everything, whole or broken, and says where it had to stop. */
import { expect, describe as group, test } from "vitest";
import {
  bitFlips,
  describe,
  diff,
  dissect,
  fields,
  fromBytes,
  fromHex,
  geneve,
  geneveOption,
  icmp,
  listFields,
  packets,
  tcp,
  truncations,
  udp,
  vlan,
  vxlan,
} from "../kit/index.ts";
import "../kit/matchers.ts";

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const ends = { from: "2001:db8::1", to: "2001:db8::2", vni: 7 };
const deep = vlan(
  [{ id: 100, protocol: "802.1ad" }, 10],
  geneve(vxlan(client.payload("hello", { options: [{ kind: "mss", value: 9 }] }), ends), {
    ...ends,
    options: [geneveOption(1, 2, new Uint8Array(8))],
  }),
);

test("every truncation of every kind of packet is read without a throw, and its text made", () => {
  for (const packet of [deep, ...packets(11, 60, { broken: 0 })]) {
    for (const cut of truncations(packet)) {
      const { stopped } = dissect(cut.bytes);
      expect(describe(cut)).toContain(`${cut.bytes.length} bytes`);
      fields(cut);
      if (stopped !== null) expect(stopped.at).toBeLessThanOrEqual(cut.bytes.length);
    }
  }
});

test("a truncated packet always says so, down to the last byte of its headers", () => {
  for (const cut of truncations(deep)) expect(dissect(cut.bytes).stopped, describe(cut)).not.toBeNull();
});

test("flipped bits and noise are read without a throw, and rebuilt byte for byte", () => {
  for (const packet of [...bitFlips(deep, { seed: 3, count: 300 }), ...packets(5, 500, { broken: 1 })]) {
    fields(packet);
    expect(fromBytes(packet.bytes).with({}), describe(packet)).toEqualPacket(packet);
  }
});

test("where reading stops", () => {
  expect(dissect(client.syn().truncate(40).bytes).stopped).toEqual({
    at: 34,
    layer: "tcp",
    reason: "needs 20 bytes, 6 are left",
  });
  expect(dissect(client.payload("hello").truncate(57).bytes).stopped).toEqual({
    at: 57,
    layer: "ipv4",
    reason: "promises 2 bytes more than are there",
  });
  expect(dissect(client.syn({ ipv4: { headerLength: 16 } }).bytes).stopped?.reason).toBe(
    "has a header length of 16 bytes",
  );
  expect(dissect(client.syn({ ipv4: { version: 5 } }).bytes).stopped?.reason).toBe("has version 5");
  expect(dissect(client.syn({ tcp: { headerLength: 60 } }).bytes).stopped?.reason).toBe("needs 60 bytes, 20 are left");
  expect(dissect(udp("10.0.0.7:1", "10.0.0.8:2").payload("", { udp: { length: 7 } }).bytes).stopped?.reason).toBe(
    "has a length of 7 bytes",
  );
  expect(dissect(client.syn().bytes).stopped).toBeNull();
});

test("malformed options are kept as bytes, the ones before them are named", () => {
  const options = [
    { kind: "mss", value: 1460 },
    { kind: "malformed", data: fromHex("030a0700") },
  ] as const;
  expect(client.syn({ options })).toHaveFields({ "tcp.options": "mss 1460, malformed data 030a0700" });
});

test("Ethernet padding belongs to no header's length", () => {
  const padded = fromBytes(Uint8Array.from({ length: 60 }, (_, i) => client.syn().bytes[i] ?? 0));
  expect(padded).toHaveFields({ "ipv4.trailer": new Uint8Array(6) });
  expect(padded).toHaveValidChecksums();
  expect(padded.with({ ttl: 1 }).bytes).toHaveLength(60);
});

group("checksum verdicts", () => {
  const verdicts = (bytes: Uint8Array) =>
    dissect(bytes)
      .checksums.map(({ layer, verdict }) => `${layer} ${verdict}`)
      .join(", ");

  test("right, wrong, none and unknown", () => {
    expect(verdicts(client.syn({ checksum: "wrong" }).bytes)).toBe("ipv4 right, tcp wrong");
    expect(verdicts(client.syn({ headerChecksum: "zero" }).bytes)).toBe("ipv4 wrong, tcp right");
    expect(verdicts(udp("10.0.0.7:1", "10.0.0.8:2").payload("x", { checksum: "zero" }).bytes)).toBe(
      "ipv4 right, udp none",
    );
    expect(verdicts(client.payload("hello").truncate(58).bytes)).toBe("ipv4 right, tcp unknown");
    expect(verdicts(client.payload("hello").with({ ipv4: { moreFragments: true } }).bytes)).toBe(
      "ipv4 right, tcp unknown",
    );
  });

  test("a quoted packet's are judged where it is whole", () => {
    const long = icmp("10.9.0.1", "10.0.0.7").timeExceeded(client.payload("x".repeat(900)));
    expect(verdicts(long.bytes)).toBe("ipv4 right, icmp right, original.ipv4 right, original.tcp unknown");
    const short = icmp("10.9.0.1", "10.0.0.7").timeExceeded(client.syn({ checksum: "wrong" }));
    expect(verdicts(short.bytes)).toBe("ipv4 right, icmp right, original.ipv4 right, original.tcp wrong");
  });
});

test("every bit of a packet shows in a named field", () => {
  for (const packet of [
    deep,
    client.syn({ options: [{ kind: "windowScale", shift: 3 }] }),
    ...packets(21, 25, { broken: 0 }),
  ]) {
    const before = JSON.stringify(listFields(dissect(packet.bytes)));
    for (let bit = 0; bit < packet.bytes.length * 8; bit++) {
      const bytes = packet.bytes.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(JSON.stringify(listFields(dissect(bytes))) === before, `bit ${bit} of ${describe(packet)}`).toBe(false);
    }
  }
});

test("one line says who talks to whom", () => {
  expect(describe(client.syn())).toBe("10.0.0.7:40000 > 10.1.0.1:80 tcp syn (54 bytes)");
  expect(describe(vxlan(client.ack(), ends))).toBe(
    "[2001:db8::1]:49152 > [2001:db8::2]:4789 udp vxlan 7 10.0.0.7:40000 > 10.1.0.1:80 tcp ack (124 bytes)",
  );
});

test("a difference names the fields and both values, and nothing else", () => {
  expect(diff(client.syn(), client.syn())).toBe("");
  expect(diff(client.syn({ destination: "10.1.0.9:8080" }), client.syn()).split("\n")).toEqual([
    expect.stringMatching(/^ipv4\.checksum: 0x26c0, expected 0x26c8$/),
    "ipv4.destination: 10.1.0.9, expected 10.1.0.1",
    "tcp.destinationPort: 8080, expected 80",
    expect.stringMatching(/^tcp\.checksum: /),
  ]);
  expect(diff(client.syn().vlan(7), client.syn())).toContain("vlan.id: 7, expected no such field");
  expect(diff(client.syn(), client.syn().vlan(7))).toContain("vlan.id: missing, expected 7");
  const long = (end: string) => client.payload("a".repeat(500) + end);
  expect(diff(long("b"), long("c"))).toContain('payload.bytes: from byte 496: "aaaab" of 501, expected "aaaac" of 501');
});
