/** What the library remembers of flows, read from user space. Its shapes are those of bpf-lib/flow/entry.ts. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { formatAddress } from "../../sdk/layout/address.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { LoadedObject } from "../loader/load.ts";
import { walk } from "../loader/map-batches.ts";

const FLOWS = "zeta_flows";
/** The bit of an entry's `change` that marks the entry of replies: every flow has one for its packets, and mostly one of these. */
const REPLY = 16;

const offsetOf = (layout: LayoutData | null | undefined, name: string): number | undefined =>
  layout?.kind === "struct" ? layout.fields.find((field) => field.name === name)?.offset : undefined;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Flows, not entries. */
export function countFlows({ maps }: Manifest, object: LoadedObject): number {
  const table = object.maps.get(FLOWS);
  const change = offsetOf(maps.find(({ name }) => name === FLOWS)?.value, "change");
  if (table === undefined || change === undefined) return 0;
  let flows = 0;
  for (const { value } of walk(table)) if ((viewOf(value).getUint32(change, true) & REPLY) === 0) flows += 1;
  return flows;
}

/** Keys are an address and a port as they lie in packets. */
const PORT_OFFSET = 16;

export function openedFlows({ service }: Manifest, object: LoadedObject): Record<string, bigint> {
  const table = object.maps.get(service?.opened ?? "");
  if (table === undefined) return {};
  const opened: Record<string, bigint> = {};
  for (const { key, value } of walk(table)) {
    const view = viewOf(key);
    const address = formatAddress((view.getBigUint64(0) << 64n) | view.getBigUint64(8));
    const port = view.getUint16(PORT_OFFSET);
    const name = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    opened[name] = (opened[name] ?? 0n) + viewOf(value).getBigUint64(0, true);
  }
  return opened;
}
