/**
 * Ports of a pool, as the head of a flow's bucket gives them: those by which the way back falls into the same bucket. They are
 * computed, not searched, and no other head gives them (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md).
 */
import { program, u16 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Ports } from "../flow/mapping.ts";
import { withFamily } from "../flow/table.ts";
import { settleAcrossBy } from "../node/across/pools.ts";
import type { Call } from "../node/call.ts";
import { settlePools } from "../node/pools.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { bucketOf, portOf } from "./bucket.ts";
import { lost, TableFault } from "./faults.ts";
import { sendAlong, withTurn } from "./hand.ts";
import { Operation, zeta_table_operation } from "./operation.ts";
import { pathAt } from "./view.ts";

const portsOfBucket: Ports = (range, _own, hash, n) => {
  const hand = zeta_table_operation.at(0);
  if (hand === null) return u16(0);
  const port = portOf(range.address, hand.of.bucket, hash + n);
  return port >= range.first && port <= range.last ? port : u16(0);
};

/**
 * A packet to an external address: whose it is, the head of that address's and port's bucket knows. A forwarder could not tell,
 * since only services know their pools.
 */
const elsewhere = (call: Call): number | null => {
  const hand = zeta_table_operation.at(0);
  if (hand === null || (call.change & Change.DestinationPool) === 0) return null;
  const bucket = bucketOf(call.destination, call.destinationPort);
  return bucket === hand.of.bucket ? null : bucket;
};

const settle = withTurn((turn) => {
  const { parts, call, hand, view } = turn;
  const bucket = elsewhere(call);
  if (bucket === null) return withFamily(parts, (family) => settlePools(parts, family, call, portsOfBucket));
  const path = pathAt(view.epoch, bucket);
  if (path === null) return lost(TableFault.Role);
  hand.of.bucket = u16(bucket);
  hand.withEntry = 0;
  return sendAlong(turn, path, 0, Operation.Decide);
});

export const zeta_table_pools = program("zeta_table_pools", settle, {
  slot: { table: zeta_node_stages, index: Stage.Pools },
});
export const zeta_table_pools64 = program("zeta_table_pools64", settleAcrossBy(portsOfBucket), {
  slot: { table: zeta_node_stages, index: Stage.Pools64 },
});
