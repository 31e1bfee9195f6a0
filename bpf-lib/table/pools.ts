/**
 * Ports of a pool, as the head of a flow's bucket gives them: those by which the way back falls into the same bucket. They are
 * computed, not searched, and no other head gives them (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md).
 */
import { program, subprogram, u32 as toU32, u16, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { hashAddress } from "../flow/hash.ts";
import type { Ports } from "../flow/mapping.ts";
import { withFamily } from "../flow/table.ts";
import { settleAcrossBy } from "../node/across/pools.ts";
import { settlePools } from "../node/pools.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { bucketOf, PORTS_OF_A_BUCKET, portAt } from "./bucket.ts";
import { decideIn, type Turn, withTurn } from "./hand.ts";
import { zeta_table_operation } from "./operation.ts";

/** A port of a bucket, if it is of the range `bounds`: its first and last port in one word. Called: its cases are one to the verifier. */
const portWithin = subprogram(
  "zeta_table_port",
  (index: u32, shift: u32, bounds: u32): u32 => {
    const port = portAt(index, shift);
    return port >= bounds >>> 16 && port <= (bounds & 0xffff) ? port : 0;
  },
  { verified: "alone" },
);

const portsOfBucket: Ports = (range, _own, hash) => {
  const hand = zeta_table_operation.at(0);
  const first = (hand === null ? 0 : hand.of.bucket) * PORTS_OF_A_BUCKET;
  const shift = hashAddress(range.address);
  const bounds = (toU32(range.first) << 16) | range.last;
  return (n) => u16(portWithin(first | ((hash + n) & (PORTS_OF_A_BUCKET - 1)), shift, bounds));
};

/**
 * A packet to an external address: whose it is, the head of that address's and port's bucket knows. A forwarder could not tell,
 * since only services know their pools.
 */
const bucketIn = ({ call, hand }: Turn): u32 =>
  (call.change & Change.DestinationPool) === 0 ? hand.of.bucket : bucketOf(call.destination, call.destinationPort);

const settle = withTurn((turn) => {
  const { parts, call } = turn;
  return decideIn(turn, bucketIn(turn), () =>
    withFamily(parts, (family) => settlePools(parts, family, call, portsOfBucket)),
  );
});

export const zeta_table_pools = program("zeta_table_pools", settle, {
  slot: { table: zeta_node_stages, index: Stage.Pools },
});
export const zeta_table_pools64 = program("zeta_table_pools64", settleAcrossBy(portsOfBucket), {
  slot: { table: zeta_node_stages, index: Stage.Pools64 },
});
