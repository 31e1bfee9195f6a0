/** Addresses and ports, written through the packet and its views in any order: all checksums follow, and reads see the writes. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { formatIpv4, formatIpv6 } from "../../sdk/layout/address.ts";
import { dissect, fragments, type Packet, packets, type Random, random, tcp, udp } from "../kit/index.ts";
import { type Oracle, startOracle } from "../kit-tests/oracle.ts";
import { outerLayers } from "./expected.ts";
import { pairOf } from "./pair.ts";

const pair = pairOf(new URL("./programs/edit-ends.ts", import.meta.url));

let oracle: Oracle;
beforeAll(() => {
  oracle = startOracle();
});
afterAll(() => oracle.close());

const BITS = { source: 1, destination: 2, sourcePort: 4, destinationPort: 8 } as const;
type End = keyof typeof BITS;
const ENDS = Object.keys(BITS) as End[];

interface Wish {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const familyOf = (packet: Packet): 4 | 6 | null => {
  const kinds = outerLayers(packet).map(({ layer }) => layer.kind);
  return kinds.includes("ipv4") ? 4 : kinds.includes("ipv6") ? 6 : null;
};
const transportOf = (packet: Packet): "tcp" | "udp" | null => {
  const kinds = outerLayers(packet).map(({ layer }) => layer.kind);
  return kinds.includes("tcp") ? "tcp" : kinds.includes("udp") ? "udp" : null;
};

const drawn = (draw: Random, family: 4 | 6): Wish => {
  const address = () => (family === 4 ? formatIpv4(draw.u32()) : formatIpv6((draw.u64() << 64n) | draw.u64()));
  // Ports above those of tunnels, which would make the payload a tunnel's.
  const port = () => draw.between(7000, 65535);
  return { source: address(), destination: address(), sourcePort: port(), destinationPort: port() };
};

const edited = (packet: Packet, ends: readonly End[], wish: Wish): Packet => {
  const transport = transportOf(packet);
  return ends.reduce((made, end) => {
    if (!end.endsWith("Port")) return made.with({ [end]: wish[end] });
    return transport === null ? made : made.with({ [transport]: { [end]: wish[end] } });
  }, packet);
};

interface How {
  readonly portsFirst?: boolean;
  readonly rounds?: number;
}

async function run(packet: Packet, ends: readonly End[], wish: Wish, { portsFirst = false, rounds = 1 }: How = {}) {
  const fields = ends.reduce((mask, end) => mask | BITS[end], 0);
  pair.both((running) => {
    running.map("wishes").set(0, { fields, rounds, portsFirst: Number(portsFirst), ...wish });
  });
  const [outcome] = await pair.run([packet]);
  expect(outcome).toHaveVerdict("pass");
  return outcome?.packet as Packet;
}

const samples: Readonly<Record<string, Packet>> = {
  TCP: tcp("10.0.0.7:40000", "10.1.0.1:80").payload("data"),
  UDP: udp("10.0.0.7:5000", "10.1.0.1:53").payload("odd"),
  "TCP over IPv6": tcp("[2001:db8::7]:40000", "[2001:db8::1]:80").payload("data"),
  "UDP over IPv6": udp("[2001:db8::7]:5000", "[2001:db8::1]:53").payload("odd"),
};
const subsets = Array.from({ length: 15 }, (_, i) => ENDS.filter((end) => ((i + 1) & BITS[end]) !== 0));

test.each(Object.entries(samples))("of %s: every set of ends, both orders, once and twice", async (_, packet) => {
  const draw = random(21);
  for (const ends of subsets) {
    for (const how of [{}, { portsFirst: true }, { rounds: 2 }, { portsFirst: true, rounds: 2 }]) {
      const wish = drawn(draw, familyOf(packet) ?? 4);
      const made = await run(packet, ends, wish, how);
      expect(made, ends.join(", ")).toEqualPacket(edited(packet, ends, wish));
      expect(made).toHaveValidChecksums();
      const after = pair.both((running) => running.map("after").get(0)) as Record<End, unknown>;
      for (const end of ends) if (end.endsWith("Port")) expect(after[end]).toBe(wish[end]);
    }
  }
});

test("of random packets; scapy computes the same checksums", async () => {
  const draw = random(22);
  for (const packet of packets(23, 250, { broken: 0, shortest: 14 })) {
    const family = familyOf(packet);
    if (family === null) continue;
    const isFragment = dissect(packet.bytes).checksums.some(({ verdict }) => verdict === "unknown");
    const ends = draw.pick(subsets);
    const wish = drawn(draw, family);
    const made = await run(packet, ends, wish, { portsFirst: draw.chance(0.5), rounds: draw.between(1, 2) });
    if (
      isFragment ||
      /inner|original/.test(
        dissect(packet.bytes)
          .places.map(({ path }) => path)
          .join(),
      )
    )
      continue;
    expect(made, ends.join(", ")).toEqualPacket(edited(packet, ends, wish));
    const hex = Buffer.from(made.bytes).toString("hex");
    expect((await oracle.ask<{ rebuilt: string }>({ read: hex })).rebuilt).toBe(hex);
  }
});

test.each(["10.0.0.7:5000 10.1.0.1:53", "[2001:db8::7]:5000 [2001:db8::1]:53"])(
  "fragments of %s are those of the edited whole",
  async (ends) => {
    const [from, to] = ends.split(" ") as [string, string];
    const whole = udp(from, to).payload("x".repeat(100));
    const wish = drawn(random(24), familyOf(whole) ?? 4);
    const cut = { size: 40, identification: 7 };
    const expected = fragments(edited(whole, ENDS, wish), cut);
    for (const [index, part] of fragments(whole, cut).entries()) {
      expect(await run(part, ENDS, wish)).toEqualPacket(expected[index] as Packet);
    }
  },
);

test("a routing header's packet has the checksum of its last destination, which an edit leaves", async () => {
  const extensions = [
    { kind: "routing", type: 4, segmentsLeft: 1, addresses: ["2001:db8::9", "2001:db8::1"] },
  ] as const;
  for (const plain of [samples["TCP over IPv6"], samples["UDP over IPv6"]] as Packet[]) {
    const routed = plain.with({ extensions });
    const wish = drawn(random(25), 6);
    const made = await run(routed, ["source", "destination", "sourcePort"], wish);
    expect(made).toEqualPacket(edited(routed, ["source", "destination", "sourcePort"], wish));
    expect(made).toHaveValidChecksums();
  }
});

test("a UDP checksum that comes out as zero is sent as ffff", async () => {
  const packet = samples.UDP as Packet;
  const zero = Array.from({ length: 0x10000 }, (_, port) => port).find(
    (port) => packet.with({ udp: { sourcePort: port } }).layer("udp").checksum === 0xffff,
  );
  expect(zero).toBeDefined();
  const wish = { ...drawn(random(26), 4), sourcePort: zero ?? 0 };
  const made = await run(packet, ["sourcePort"], wish);
  expect(made).toHaveFields({ "udp.checksum": 0xffff });
  expect(made).toHaveValidChecksums();
  const back = await run(made, ["sourcePort"], { ...wish, sourcePort: 5000 });
  expect(back).toEqualPacket(packet);
});

test("a UDP checksum of zero stays zero", async () => {
  const packet = (samples.UDP as Packet).with({ checksum: "zero" });
  const wish = drawn(random(27), 4);
  expect(await run(packet, ENDS, wish)).toEqualPacket(edited(packet, ENDS, wish));
  expect(await run(packet, ENDS, wish)).toHaveFields({ "udp.checksum": 0 });
});
