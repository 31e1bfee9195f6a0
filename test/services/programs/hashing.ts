import { boundedTable, i32, middlebox, pass, secret, service, u8, u16, u32, u64 } from "zeta";

/** The longest message has these words and seven bytes. */
const WORDS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
] as const;

/** Writes down hashes of messages of every shape, under the secret and under the one before it. */
const hashing = middlebox("hashing", {
  config: { key: secret(), other: secret() },
  state: { hashes: boundedTable({ key: u32, of: { hash: u64, previous: u64, other: u64 }, max: 100 }) },
  filter(packet, { config: { key, other }, state }) {
    const port = packet.sourcePort;
    state.hashes.set(0, { hash: key.hash(), previous: key.previous.hash(), other: other.hash() });
    state.hashes.set(1, {
      hash: key.hash(packet.source, packet.destination, packet.sourcePort, packet.destinationPort),
      previous: key.previous.hash(packet.source, packet.destination, packet.sourcePort, packet.destinationPort),
      other: other.hash(packet.source, packet.destination, packet.sourcePort, packet.destinationPort),
    });
    state.hashes.set(2, {
      hash: key.hash(
        u8(0),
        u8(1),
        u8(2),
        u8(3),
        u8(4),
        u8(5),
        u8(6),
        u8(7),
        u8(8),
        u8(9),
        u8(10),
        u8(11),
        u8(12),
        u8(13),
        u8(14),
      ),
      previous: key.previous.hash(0x0302_0100, 0x0706_0504, 0x0b0a_0908, u16(0x0d0c), u8(14)),
      other: other.hash(0x0706_0504_0302_0100n, 0x0b0a_0908, u16(0x0d0c), u8(14)),
    });
    state.hashes.set(3, {
      hash: key.hash(u8(port), packet.ethernet().source, i32(0) - 2, packet.tcp() === null, packet.source),
      previous: key.hash(u64(port), port, u64(port), u8(port)),
      other: key.hash(u8(port), u16(port), u8(port), u32(port)),
    });
    const most = key.hash(...WORDS.map((n) => u64(port) * u64(n)), u32(port), u16(port), u8(port));
    state.hashes.set(4, { hash: most, previous: 0n, other: 0n });
    return pass();
  },
});

export default service("hashing", { chain: [hashing] });
