/** Encoded config as people write it: the way back from fields.ts. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { formatAddress, formatIpv6 } from "../../sdk/layout/address.ts";
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { present } from "../maps/present.ts";
import { type Entries, eachEntry } from "./entries.ts";
import type { ConfigField, FieldContent } from "./fields.ts";
import { presentListener } from "./listener.ts";
import { presentPool } from "./port-pool.ts";
import { type DirectPath, directMaps } from "./schema.ts";

const decoded = (layout: LayoutData, bytes: Uint8Array): unknown => present(layout, decode(layout, bytes));

/** IPv4 begins after this many bits of the 128-bit form. */
const MAPPED_BITS = 96;

function prefixText(key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  const length = view.getUint32(0, true);
  const address = (view.getBigUint64(4) << 64n) | view.getBigUint64(12);
  const text = formatAddress(address);
  return length >= MAPPED_BITS && !text.includes(":")
    ? `${text}/${length - MAPPED_BITS}`
    : `${formatIpv6(address)}/${length}`;
}

const PRESENT: { readonly [K in ConfigField["kind"]]: (field: ConfigField, content: FieldContent[K]) => unknown } = {
  scalar: ({ of }, bytes) => decoded(of, bytes),
  prefixes: ({ of }, entries) =>
    Object.fromEntries(Array.from(eachEntry(entries), ({ key, value }) => [prefixText(key), decoded(of, value)])),
  table: ({ of, key: layout }, entries) =>
    Array.from(eachEntry(entries), ({ key, value }) => ({
      key: decoded(layout ?? of, key),
      value: decoded(of, value),
    })),
  maglev: ({ of }, choices) =>
    choices.map(({ bytes, weight }) => (weight === 1 ? decoded(of, bytes) : { value: decoded(of, bytes), weight })),
  portPool: (_, content) => presentPool(content),
  // Nobody needs to see it, and left out it stays.
  secret: () => undefined,
};

/** The content of a field, as `set` takes it. */
export function presentField(manifest: Manifest, path: string, content: unknown): unknown {
  const map = directMaps(manifest).get(path as DirectPath);
  if (map !== undefined) {
    const { key: layout, value: of } = map;
    if (layout === null || of === null) return [];
    return Array.from(eachEntry(content as Entries), ({ key, value }) =>
      path === "service.listen"
        ? presentListener(layout, key)
        : { ...(decoded(layout, key) as object), ...(decoded(of, value) as object) },
    );
  }
  const field = manifest.service?.config.find((each) => each.path === path);
  if (field === undefined) return undefined;
  return (PRESENT[field.kind] as (of: ConfigField, content: unknown) => unknown)(field, content);
}
