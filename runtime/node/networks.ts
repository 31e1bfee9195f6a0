/** All that a node is told of its networks, as one document: what `zeta node networks` reads. */
import { failure } from "../loader/problems.ts";
import { badUnderlay } from "./problems.ts";
import type { QuotasOfTenants } from "./quotas.ts";
import type { Entrance, NodeAddress, RemoteEndpoint, Underlay } from "./underlay.ts";

/** Interfaces may be named, where the node is attached to them. */
type Named<T> = Omit<T, "interface"> & { readonly interface?: number | string };

/** Parts that are left out stay as they are; an empty list takes all of a part away. */
export interface Networks {
  readonly tunnels?: readonly string[];
  readonly endpoints?: readonly Named<RemoteEndpoint>[];
  readonly entrances?: readonly Named<Entrance>[];
  readonly addresses?: readonly NodeAddress[];
  /** By network. */
  readonly quotas?: QuotasOfTenants;
}

/** How many entries were given of each part. */
export type Told = { readonly [part in keyof Required<Networks>]: number };

/** Entries with numbers for names. What is no entry at all is left for whoever checks the whole. */
function numbered(part: string, all: unknown, interfaces: ReadonlyMap<string, number>): unknown {
  if (!Array.isArray(all)) return all;
  return all.map((entry: unknown, index) => {
    if (typeof entry !== "object" || entry === null || !("interface" in entry)) return entry;
    const name = entry.interface;
    if (typeof name !== "string") return entry;
    const number = interfaces.get(name);
    if (number !== undefined) return { ...entry, interface: number };
    const reason = `the node is not on an interface '${name}'; it is on ${[...interfaces.keys()].join(", ")}`;
    throw failure(badUnderlay(null, `${part}[${index}].interface`, reason));
  });
}

/**
 * Checked as a whole, and then in force; `interfaces` are those that the node is on, by name.
 * @throws ZetaError: ZT8201 to ZT8203, ZT8002; nothing has changed then.
 */
export async function tellNetworks(
  node: Underlay,
  given: object,
  interfaces: ReadonlyMap<string, number>,
): Promise<Told> {
  const { checked } = await import("./underlay-schema.ts");
  const parts = Object.entries(given).map(([part, all]) => [part, numbered(part, all, interfaces)] as const);
  const { quotas, ...lists } = Object.fromEntries(parts);
  const limits = quotas === undefined ? undefined : (await import("./quota-schema.ts")).checkedQuotas(quotas);
  const { tunnels, endpoints, entrances, addresses } = checked.networks(lists);
  // The one that may still be refused, by what services hold.
  if (endpoints !== undefined) await node.endpoints.set(endpoints);
  if (tunnels !== undefined) await node.tunnels.set(tunnels);
  if (entrances !== undefined) await node.entrances.set(entrances);
  if (addresses !== undefined) await node.addresses.set(addresses);
  if (limits !== undefined) await node.quotas.set(Object.fromEntries(limits));
  const count = (all: readonly unknown[] | undefined): number => all?.length ?? 0;
  return {
    tunnels: count(tunnels),
    endpoints: count(endpoints),
    entrances: count(entrances),
    addresses: count(addresses),
    quotas: limits?.size ?? 0,
  };
}
