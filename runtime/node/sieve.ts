/**
 * Keeps the bits by which a node knows addresses that nobody listens at (bpf-lib/node/sieve.ts) in step with its listeners: each
 * bit counts the listeners that it stands for.
 */
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { word } from "../loader/word.ts";
import { NODE_MAP } from "./shapes.ts";
import type { NodeTables } from "./store.ts";

const FIRST = 0x9e37_79b9_7f4a_7c15n;
const SPREAD = 0xbf58_476d_1ce4_e5b9n;
const LOW = 2n ** 64n - 1n;

/** The bit of an address in a network: 0 to 65 535. */
export function sievePlace(address: bigint, vni: number): number {
  const folded = (address & LOW) ^ (((address >> 64n) * FIRST) & LOW);
  return Number((((folded ^ (BigInt(vni) << 40n)) * SPREAD) & LOW) >> 48n);
}

/** The same tables; what is written to the listeners' is known to the sieve too, at no moment later than there. */
export function sieved(tables: NodeTables, listener: LayoutData): NodeTables {
  const holders = new Map<number, number>();
  const words = new BigUint64Array(1024);
  const placeOf = (key: Uint8Array): number => {
    const { address, vni } = decode(listener, key) as { readonly address: bigint; readonly vni: number };
    return sievePlace(address, vni);
  };
  const count = (place: number, by: 1 | -1): void => {
    const held = (holders.get(place) ?? 0) + by;
    holders.set(place, held);
    if (held !== (by === 1 ? 1 : 0)) return;
    const at = place >> 6;
    words[at] = (words[at] ?? 0n) ^ (1n << BigInt(place & 63));
    tables.write(NODE_MAP.sieve, word(at), new Uint8Array(words.buffer.slice(at * 8, at * 8 + 8)));
  };
  return {
    read: (map, key) => tables.read(map, key),
    write(map, key, value) {
      if (map === NODE_MAP.listen && tables.read(map, key) === null) count(placeOf(key), 1);
      tables.write(map, key, value);
    },
    remove(map, key) {
      const there = map === NODE_MAP.listen && tables.read(map, key) !== null;
      tables.remove(map, key);
      if (there) count(placeOf(key), -1);
    },
  };
}
