/** What a node is told of the cluster that it is in, as it travels. Interfaces are named, or numbered. */
import { z } from "zod";
import { BUCKETS } from "../cluster/buckets.ts";
import { MOST_PLACES } from "../cluster/data-plane.ts";
import { MOST_EPOCH, MOST_NODES } from "../cluster/view-schema.ts";
import { failure } from "../loader/problems.ts";
import type { Node } from "../node/node.ts";
import { badRequest, notInCluster, oldView } from "./problems.ts";

const id = z.int().min(1).max(MOST_NODES);
const link = z.union([z.int().min(1), z.string().min(1)]);
const key = z.hex().length(32, "a key is 16 bytes in hexadecimal");

const member = z.strictObject({
  id,
  address: z.ipv4(),
  interface: link,
  destination: z.mac(),
  source: z.mac(),
});

const path = z
  .strictObject({ members: z.array(id).min(1).max(MOST_PLACES), complete: z.int().min(1) })
  .refine(({ members, complete }) => complete <= members.length, "more are complete than there are");

export const clusterSchema = z.strictObject({
  keys: z.strictObject({ keys: z.tuple([key.nullable(), key.nullable()]), own: z.literal([0, 1]) }).optional(),
  members: z.array(member).optional(),
  view: z
    .strictObject({
      self: z.strictObject({ id, address: z.ipv4(), interfaces: z.array(link).min(1).max(4) }),
      epoch: z.int().min(1).max(MOST_EPOCH),
      paths: z.array(path).length(BUCKETS),
    })
    .optional(),
});
/** Parts that are left out stay as they are. */
export type ClusterMessage = z.input<typeof clusterSchema>;

const bytesOf = (hex: string | null): Uint8Array | null => (hex === null ? null : Buffer.from(hex, "hex"));

/**
 * In force for the next packet. `interfaces` are those that the node is on, by name. Gives the epoch that it acts by now.
 * @throws ZetaError: ZT8112, ZT8118, ZT8119; nothing has changed then.
 */
export function tellCluster(
  { cluster }: Pick<Node, "cluster">,
  { keys, members, view }: z.output<typeof clusterSchema>,
  interfaces: ReadonlyMap<string, number>,
): number | null {
  if (cluster === null) throw failure(notInCluster(null));
  if (view !== undefined && cluster.epoch !== null && view.epoch <= cluster.epoch)
    throw failure(oldView(null, view.epoch, cluster.epoch));
  const numbered = (given: string | number): number => {
    const found = typeof given === "number" ? given : interfaces.get(given);
    if (found === undefined) throw failure(badRequest(null, `the node is not on an interface '${given}'`));
    return found;
  };
  const neighbours = members?.map((one) => ({ ...one, interface: numbered(one.interface) }));
  const self = view === undefined ? null : { ...view.self, interfaces: view.self.interfaces.map(numbered) };
  if (keys !== undefined) cluster.keys({ keys: [bytesOf(keys.keys[0]), bytesOf(keys.keys[1])], own: keys.own });
  if (neighbours !== undefined) cluster.members(neighbours);
  if (view !== undefined && self !== null) cluster.view(self, { epoch: view.epoch, paths: view.paths });
  return cluster.epoch;
}
