/** What a version that was replaced had counted, where its successor counts anew. */
import { counts, dropCounts, readAll } from "../service/counts.ts";
import type { NodeService } from "./api.ts";
import type { Carry } from "./carry.ts";

/** By name, together with what versions before had left. Drops are named "drop REASON". */
export function countedBefore(
  { manifest: { service }, object, counted }: Pick<NodeService, "manifest" | "object" | "counted">,
  { maps }: Carry,
): Readonly<Record<string, bigint>> {
  if (service === null) return counted;
  const taken = new Set(maps.values());
  const drops = dropCounts(service, object.maps).map((drop) => ({ ...drop, name: `drop ${drop.name}` }));
  const anew = [...counts(service, object.maps), ...drops].filter(({ map }) => !taken.has(map.name));
  const sums: Record<string, bigint> = { ...counted };
  for (const [name, value] of Object.entries(readAll(anew))) sums[name] = (sums[name] ?? 0n) + value;
  return sums;
}
