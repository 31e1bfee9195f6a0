/**
 * What a node's programs are told of its tables' content, so that they ask the tables less: bits that say which addresses
 * nobody has (bpf-lib/node/sieve.ts), each counting the entries that it stands for; and who takes all outside overlays.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode, encode } from "../../sdk/layout/codec.ts";
import { word } from "../loader/word.ts";
import { layoutOf, NODE_MAP } from "./shapes.ts";
import type { NodeTables } from "./store.ts";

const FIRST = 0x9e37_79b9_7f4a_7c15n;
const SPREAD = 0xbf58_476d_1ce4_e5b9n;
const LOW = 2n ** 64n - 1n;
const WORDS = 1024;
/** Whose addresses are sieved, by kind. */
const SIEVED = [NODE_MAP.listen, NODE_MAP.endpoints];

/** The bit of an address in a network: 0 to 65 535. */
export function sievePlace(address: bigint, vni: number): number {
  const folded = (address & LOW) ^ (((address >> 64n) * FIRST) & LOW);
  return Number((((folded ^ (BigInt(vni) << 40n)) * SPREAD) & LOW) >> 48n);
}

/** The same tables; an address is known to the sieve no later than to its table, and no shorter. */
export function sieved(tables: NodeTables, manifest: Manifest): NodeTables {
  const words = new BigUint64Array(WORDS * SIEVED.length);
  const kinds = new Map(
    SIEVED.map((map, kind) => {
      const layout = layoutOf(manifest, map, "key");
      const holders = new Map<number, number>();
      const count = (key: Uint8Array, by: 1 | -1): void => {
        const { address, vni } = decode(layout, key) as { readonly address: bigint; readonly vni: number };
        const place = sievePlace(address, vni);
        const held = (holders.get(place) ?? 0) + by;
        holders.set(place, held);
        if (held !== (by === 1 ? 1 : 0)) return;
        const at = (place >> 6) + kind * WORDS;
        words[at] = (words[at] ?? 0n) ^ (1n << BigInt(place & 63));
        tables.write(NODE_MAP.sieve, word(at), new Uint8Array(words.buffer.slice(at * 8, at * 8 + 8)));
      };
      return [map as string, count] as const;
    }),
  );
  const all = encode(layoutOf(manifest, NODE_MAP.listen, "key"), { address: 0n, vni: 0, port: 0, protocol: 0 });
  const isAll = (map: string, key: Uint8Array): boolean => map === NODE_MAP.listen && Buffer.compare(key, all) === 0;
  return {
    read: (map, key) => tables.read(map, key),
    write(map, key, value) {
      const count = kinds.get(map);
      if (count !== undefined && tables.read(map, key) === null) count(key, 1);
      tables.write(map, key, value);
      if (isAll(map, key)) tables.write(NODE_MAP.everything, word(0), value);
    },
    remove(map, key) {
      const count = kinds.get(map);
      const there = count !== undefined && tables.read(map, key) !== null;
      if (isAll(map, key)) tables.write(NODE_MAP.everything, word(0), word(0));
      tables.remove(map, key);
      if (there) count(key, -1);
    },
  };
}
