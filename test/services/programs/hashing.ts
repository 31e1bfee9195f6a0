import { boundedTable, i32, middlebox, pass, secret, service, u8, u16, u32, u64 } from "zeta";

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
    return pass();
  },
});

export default service("hashing", { chain: [hashing] });
