/** What a port pool's config is in memory: the shapes are those of bpf-lib/config/port-pool.ts. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { isMapped } from "../../sdk/layout/address.ts";
import { encode, encodeInto } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { type Entries, writeEntries } from "./entries.ts";
import type { ConfigField } from "./fields.ts";
import type { PoolContent, PoolForward } from "./port-pool.ts";

const U32: LayoutData = { kind: "scalar", type: "u32", size: 4, align: 4, order: "little" };

interface Row {
  readonly key: unknown;
  readonly value: unknown;
}

function entriesOf(key: LayoutData, value: LayoutData, rows: readonly Row[]): Entries {
  const out = writeEntries(rows.length, key.size, value.size);
  for (const row of rows) {
    encodeInto(key, row.key, out.keys, out.keyAt);
    encodeInto(value, row.value, out.values, out.valueAt);
    out.next();
  }
  return out.finish();
}

/** Of several forwards to one inside endpoint, the first says where its own flows come from. */
function outward(forwards: readonly PoolForward[]): Row[] {
  const first = new Map<string, Row>();
  for (const { inside, external, protocol } of forwards) {
    const name = `${inside.address} ${inside.port} ${protocol}`;
    if (!first.has(name)) first.set(name, { key: { ...inside, protocol }, value: external });
  }
  return [...first.values()];
}

/** The entries of each of its maps, in their order. */
export function poolMaps(manifest: Manifest, { maps }: ConfigField, { addresses, forwards }: PoolContent) {
  const rows: readonly (readonly Row[])[] = [
    addresses.map((range, key) => ({ key, value: range })),
    addresses.map(({ address, first, last }) => ({ key: address, value: { first, last } })),
    forwards.map(({ external, inside, protocol }) => ({ key: { ...external, protocol }, value: inside })),
    outward(forwards),
  ];
  return maps.map((map, index) => {
    const inner = manifest.maps.find(({ name }) => name === map)?.inner;
    if (inner?.value == null) throw new TypeError(`The manifest does not say what the inner maps of '${map}' are.`);
    return { map, entries: entriesOf(inner.key ?? U32, inner.value, rows[index] ?? []) };
  });
}

/** Its part of the config global. */
export function poolCounts({ of }: ConfigField, { addresses }: PoolContent): Uint8Array {
  const ipv4 = addresses.filter(({ address }) => isMapped(address)).length;
  return encode(of, { ipv4, ipv6: addresses.length - ipv4 });
}
