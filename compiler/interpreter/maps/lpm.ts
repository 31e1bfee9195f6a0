/**
 * Longest-prefix match: a path-compressed binary trie (the kernel's lpm_trie has the same shape). A key is a prefix
 * length (u32) and then the bits, most significant first; bits beyond the length do not count.
 */
import type { MapData } from "../../../sdk/maps/data.ts";
import { EINVAL, ENOENT, ENOSPC } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { snapshot } from "../kernel/memory.ts";
import { refuseExistence } from "./hash.ts";
import { BPF_EXIST, MapBase } from "./map.ts";

const LENGTH_BYTES = 4;

interface Node {
  readonly length: number;
  readonly bits: Uint8Array;
  /** Null in nodes that only fork. */
  value: DataView | null;
  zero: Node | null;
  one: Node | null;
}

const bitAt = (bits: Uint8Array, index: number): number => ((bits[index >>> 3] as number) >>> (7 - (index & 7))) & 1;

export class LpmMap extends MapBase {
  readonly #longest: number;
  #root: Node | null = null;
  #count = 0;
  /** The bits of the key being searched for: one buffer, so that look-ups allocate nothing. */
  readonly #bits: Uint8Array;

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#longest = (this.keySize - LENGTH_BYTES) * 8;
    this.#bits = new Uint8Array(this.keySize - LENGTH_BYTES);
  }

  /** Reads the key into #bits; gives its length, or -1 when it is longer than keys can be. */
  #read(key: DataView, at: number): number {
    const length = key.getUint32(at, true);
    if (length > this.#longest) return -1;
    for (let i = 0; i < this.#bits.length; i++) this.#bits[i] = key.getUint8(at + LENGTH_BYTES + i);
    return length;
  }

  /** Leading bits, at most `limit`, that the key shares with a node. */
  #shared(node: Node, limit: number): number {
    let byte = 0;
    while (byte * 8 < limit && node.bits[byte] === this.#bits[byte]) byte++;
    if (byte * 8 >= limit) return limit;
    const different = (node.bits[byte] as number) ^ (this.#bits[byte] as number);
    return Math.min(limit, byte * 8 + Math.clz32(different) - 24);
  }

  override find(key: DataView, at: number): DataView | null {
    const length = this.#read(key, at);
    let best: DataView | null = null;
    let node = length < 0 ? null : this.#root;
    while (node !== null && node.length <= length && this.#shared(node, node.length) === node.length) {
      best = node.value ?? best;
      if (node.length === length) break;
      node = bitAt(this.#bits, node.length) === 1 ? node.one : node.zero;
    }
    return best;
  }

  #exact(length: number): Node | null {
    let node = this.#root;
    while (node !== null && node.length <= length && this.#shared(node, node.length) === node.length) {
      if (node.length === length) return node;
      node = bitAt(this.#bits, node.length) === 1 ? node.one : node.zero;
    }
    return null;
  }

  override put(key: DataView, keyAt: number, value: DataView, valueAt: number, flags: number): number {
    if (flags > BPF_EXIST || flags < 0) return -EINVAL;
    const length = this.#read(key, keyAt);
    if (length < 0) return -EINVAL;
    const existing = this.#exact(length);
    const exists = existing !== null && existing.value !== null;
    const refusal = refuseExistence(exists, flags);
    if (refusal !== 0) return refusal;
    if (!exists && this.#count === this.data.maxEntries) return -ENOSPC;
    const memory = new DataView(new ArrayBuffer(this.valueSize));
    this.assign(memory, value, valueAt);
    if (!exists) this.#count++;
    this.#root = this.#insert(this.#root, { length, bits: this.#bits.slice(), value: memory, zero: null, one: null });
    return 0;
  }

  /** Puts a leaf below `node` and gives the subtree that takes its place. */
  #insert(node: Node | null, leaf: Node): Node {
    if (node === null) return leaf;
    const shared = this.#shared(node, Math.min(node.length, leaf.length));
    if (shared === node.length && shared === leaf.length) return { ...leaf, zero: node.zero, one: node.one };
    if (shared === node.length) {
      if (bitAt(leaf.bits, shared) === 1) node.one = this.#insert(node.one, leaf);
      else node.zero = this.#insert(node.zero, leaf);
      return node;
    }
    const above: Node =
      shared === leaf.length ? leaf : { length: shared, bits: leaf.bits, value: null, zero: null, one: null };
    if (bitAt(node.bits, shared) === 1) above.one = node;
    else above.zero = node;
    return above === leaf ? leaf : this.#insert(above, leaf);
  }

  override remove(key: DataView, at: number): number {
    const length = this.#read(key, at);
    if (length < 0) return -EINVAL;
    const node = this.#exact(length);
    if (node === null || node.value === null) return -ENOENT;
    node.value = null;
    this.#count--;
    this.#root = prune(this.#root, this.#bits, length);
    return 0;
  }

  /** User space looks up by longest match too. */
  override entries(): [Uint8Array, Uint8Array][] {
    const all: [Uint8Array, Uint8Array][] = [];
    const visit = (node: Node | null): void => {
      if (node === null) return;
      if (node.value !== null) all.push([this.#key(node), this.visible(node.value)]);
      visit(node.zero);
      visit(node.one);
    };
    visit(this.#root);
    return all;
  }

  #key(node: Node): Uint8Array {
    const key = new DataView(new ArrayBuffer(this.keySize));
    key.setUint32(0, node.length, true);
    for (const [i, byte] of node.bits.entries()) key.setUint8(LENGTH_BYTES + i, byte);
    return snapshot(key, 0, this.keySize);
  }
}

/** Takes out nodes on the way to a key that neither hold a value nor fork. */
function prune(node: Node | null, bits: Uint8Array, length: number): Node | null {
  if (node === null) return null;
  if (node.length < length) {
    if (bitAt(bits, node.length) === 1) node.one = prune(node.one, bits, length);
    else node.zero = prune(node.zero, bits, length);
  }
  if (node.value !== null || (node.zero !== null && node.one !== null)) return node;
  return node.zero ?? node.one;
}
