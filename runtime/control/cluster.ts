/** What a node is told of the cluster that it is in, as it travels. Interfaces are named, or numbered. */
import { isAbsolute } from "node:path";
import { z } from "zod";
import type { Self } from "../cluster/data-plane.ts";
import type { NodeAgentStatus } from "../cluster/node-agent.ts";
import type { View } from "../cluster/view.ts";
import { checkedView, MOST_NODES } from "../cluster/view-schema.ts";
import { failure } from "../loader/problems.ts";
import { badRequest, notInCluster, oldView } from "./problems.ts";
import type { Served } from "./routes.ts";

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

const self = z.strictObject({ id, address: z.ipv4(), interfaces: z.array(link).min(1).max(4) });

export const clusterSchema = z.strictObject({
  keys: z.strictObject({ keys: z.tuple([key.nullable(), key.nullable()]), own: z.literal([0, 1]) }).optional(),
  members: z.array(member).optional(),
  /** Null says that there is none yet: a node has no part in a view that is older than it. */
  view: z
    .strictObject({
      self,
      /** The whole view, as runtime/cluster/view.ts has it. */
      of: z.custom<View>((given) => typeof given === "object" && given !== null, "a view was expected"),
      /** Milliseconds for which the node may act by it, from when it takes this up; for good unless told. */
      lease: z.number().positive().max(86_400_000).optional(),
    })
    .nullable()
    .optional(),
  /**
   * In place of views: the file in which the node finds the newest one (runtime/cluster/view-store.ts), now and from now on. Its leases
   * are those of the times that it was started with. Told again, it reads that at once.
   */
  store: z.strictObject({ self, file: z.string().refine(isAbsolute, "an absolute path was expected") }).optional(),
});
/** Parts that are left out stay as they are. */
export type ClusterMessage = z.input<typeof clusterSchema>;

const bytesOf = (hex: string | null): Uint8Array | null => (hex === null ? null : Buffer.from(hex, "hex"));

/**
 * In force for the next packet. `interfaces` are those that the node is on, by name.
 * @throws ZetaError: ZT8112, ZT8118, ZT8119, ZT8502, ZT8504, ZT8505; nothing has changed then.
 */
export function tellCluster(
  { node: { cluster }, agent }: Pick<Served, "node" | "agent">,
  { keys, members, view, store }: z.output<typeof clusterSchema>,
  interfaces: ReadonlyMap<string, number>,
): NodeAgentStatus {
  if (cluster === null || agent === null) throw failure(notInCluster(null));
  const numbered = (given: string | number): number => {
    const found = typeof given === "number" ? given : interfaces.get(given);
    if (found === undefined) throw failure(badRequest(null, `the node is not on an interface '${given}'`));
    return found;
  };
  const neighbours = members?.map((one) => ({ ...one, interface: numbered(one.interface) }));
  const placed = (one: z.output<typeof self>): Self => ({ ...one, interfaces: one.interfaces.map(numbered) });
  const told = view == null ? null : { ...view, of: checkedView(view.of), self: placed(view.self) };
  const follows = store === undefined ? null : { ...store, self: placed(store.self) };
  const acting = cluster.epoch ?? 0;
  if (told !== null && (told.of.epoch < acting || (told.of.epoch === acting && told.lease === undefined)))
    throw failure(oldView(null, told.of.epoch, acting));
  for (const one of [told, follows]) if (one !== null) agent.check(one.self);
  if (keys !== undefined) cluster.keys({ keys: [bytesOf(keys.keys[0]), bytesOf(keys.keys[1])], own: keys.own });
  if (neighbours !== undefined) cluster.members(neighbours);
  if (view === null) agent.storeIsEmpty();
  if (told !== null) agent.told(told.self, told.of, told.lease);
  if (follows !== null) agent.follow(follows.self, follows.file);
  return agent.status();
}
