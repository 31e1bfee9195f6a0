import { address, boundedTable, isIpv4, middlebox, pass, portPool, service, u8, u16, u32 } from "zeta";
import type { OpenPool } from "../../../bpf-lib/config/port-pool.ts";

/** Writes down what the second of its pools says of each packet. */
const asking = middlebox("asking", {
  config: {
    other: portPool({ max: 4, mapping: "per-endpoint" }),
    external: portPool({ max: 64, mapping: "per-destination", forwards: 8 }),
  },
  state: {
    /** By the packet's source port. */
    answers: boundedTable({
      key: u16,
      of: {
        address,
        first: u16,
        last: u16,
        has: u8,
        inside: address,
        insidePort: u16,
        external: address,
        externalPort: u16,
      },
      max: 1000,
    }),
    numbers: boundedTable({ key: u8, of: { pool: u32, perDestination: u8, ipv4: u32, ipv6: u32 }, max: 8 }),
  },
  filter(packet, { config, state }) {
    const pool = config.external as unknown as OpenPool;
    const other = config.other as unknown as OpenPool;
    const hash = packet.tcp()?.sequence ?? 0;
    const range = pool.pick(hash, isIpv4(packet.source));
    const inside = pool.inside(packet.destination, packet.destinationPort, packet.protocol);
    const external = pool.external(packet.source, packet.sourcePort, packet.protocol);
    state.answers.set(packet.sourcePort, {
      address: range?.address ?? 0n,
      first: range?.first ?? 0,
      last: range?.last ?? 0,
      has: config.external.has(packet.destination) ? 1 : 0,
      inside: inside?.address ?? 0n,
      insidePort: inside?.port ?? 0,
      external: external?.address ?? 0n,
      externalPort: external?.port ?? 0,
    });
    state.numbers.set(0, note(other));
    state.numbers.set(1, note(pool));
    return pass();
  },
});

const note = (of: OpenPool) => ({
  pool: of.pool,
  perDestination: of.perDestination ? u8(1) : u8(0),
  ipv4: of.count(true),
  ipv6: of.count(false),
});

export default service("pools", { chain: [asking], listen: "all" });
