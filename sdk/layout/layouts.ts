/**
 * Layout values: one exported name serves as type, as layout and, for scalars, as conversion (`u16`, `u16(a + b)`).
 * `struct` places fields as C does on x86-64 and arm64 (natural alignment, little-endian, tail padding);
 * `header` packs fields without padding in network byte order, as packet headers are.
 */
import { parseAddress, parseIpv4, parseIpv6, parseMac } from "./address.ts";
import {
  type ByteOrder,
  type LayoutData,
  roundUp,
  type ScalarLayout,
  type ScalarName,
  type StructField,
} from "./data.ts";
import type { Flavour, SpinLock } from "./types.ts";

declare const carried: unique symbol;

/** A memory layout of `T`. `layout` is the plain description; the type parameter is what reading it gives. */
export interface Layout<T> {
  readonly layout: LayoutData;
  readonly [carried]?: () => T;
}

/** The value type of a layout: `Of<typeof entry>`. */
export type Of<L> = L extends Layout<infer V> ? V : never;

/** A tuple of `N` items, built only for small `N`. */
type Tuple<N extends number, Items extends unknown[] = []> = Items["length"] extends N | 64
  ? Items
  : Tuple<N, [...Items, unknown]>;
/** "0", "1", … below `N`. */
type Indices<N extends number> = number extends N ? never : Exclude<keyof Tuple<N>, keyof unknown[]>;
/** `N` values in memory. Constant indices below `N` (up to 64) are certainly there; others may not be. */
export type FixedArray<V, N extends number = number> = Iterable<V> & { readonly length: N; [index: number]: V } & {
  [I in Indices<N>]: V;
};

type Convert<To> = (value: number | bigint) => To;
/** Value conversions run only inside compiled programs; called as plain JavaScript they convert the same way. */
type ScalarOf<V> = Layout<V> & Convert<V>;
type AddressOf<V> = Layout<V> & ((value: string | number | bigint) => V);

const SIZE: Readonly<Record<ScalarName, number>> = {
  bool: 1,
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i32: 4,
  i64: 8,
  ipv4: 4,
  ipv6: 16,
  mac: 6,
  address: 16,
};
const NETWORK: ReadonlySet<ScalarName> = new Set(["ipv4", "ipv6", "mac", "address"]);

/** Alignment follows C: `unsigned char[6]` for a MAC, `__be32` for ipv4, two `__be64` for 128-bit addresses. */
export function scalarLayout(type: ScalarName, order?: ByteOrder): ScalarLayout {
  const size = SIZE[type];
  const align = type === "mac" ? 1 : Math.min(size, 8);
  return { kind: "scalar", type, size, align, order: order ?? (NETWORK.has(type) ? "big" : "little") };
}

function scalar<V>(type: ScalarName, convert: (value: number | bigint) => V): ScalarOf<V> {
  return Object.assign((value: number | bigint) => convert(value), { layout: scalarLayout(type) });
}

function addressLike<V>(
  type: ScalarName,
  parse: (text: string) => V | null,
  convert: (value: number | bigint) => V,
): AddressOf<V> {
  const read = (value: string | number | bigint): V => {
    if (typeof value !== "string") return convert(value);
    const parsed = parse(value);
    if (parsed === null) throw new RangeError(`'${value}' is not the text of an ${type} value`);
    return parsed;
  };
  return Object.assign(read, { layout: scalarLayout(type) });
}

const unsigned = (bits: number) => (value: number | bigint) => Number(BigInt.asUintN(bits, BigInt(value)));

/** 0 to 255. */
export type u8 = Flavour<number, 8>;
/** 0 to 65 535. */
export type u16 = Flavour<number, 8 | 16>;
/** 0 to 2^32 − 1; arithmetic is modulo 2^32. A plain `number` is a u32. */
export type u32 = Flavour<number, 8 | 16 | 32>;
/** 0 to 2^64 − 1, written as bigint; arithmetic is modulo 2^64. A plain `bigint` is a u64. */
export type u64 = Flavour<bigint, 64>;
/** −2^31 to 2^31 − 1, two's complement, modulo 2^32. */
export type i32 = Flavour<number, "i32">;
/** −2^63 to 2^63 − 1, two's complement, modulo 2^64. */
export type i64 = Flavour<bigint, "i64">;
/** An IPv4 address as a 32-bit value in host order: compare, mask and shift it, no arithmetic. */
export type ipv4 = Flavour<number, "ipv4">;
/** An IPv6 address as a 128-bit value in host order. */
export type ipv6 = Flavour<bigint, "ipv6">;
/** A MAC address as a 48-bit value in host order. */
export type mac = Flavour<bigint, "mac">;
/** Either family in 128 bits; IPv4 is ::ffff:a.b.c.d, so that one table and one comparison serve both. */
export type address = Flavour<bigint, "address">;

export const u8: ScalarOf<u8> = scalar("u8", unsigned(8));
export const u16: ScalarOf<u16> = scalar("u16", unsigned(16));
export const u32: ScalarOf<u32> = scalar("u32", unsigned(32));
export const u64: ScalarOf<u64> = scalar("u64", (v) => BigInt.asUintN(64, BigInt(v)));
export const i32: ScalarOf<i32> = scalar("i32", (v) => Number(BigInt.asIntN(32, BigInt(v))));
export const i64: ScalarOf<i64> = scalar("i64", (v) => BigInt.asIntN(64, BigInt(v)));
export const bool: Layout<boolean> = { layout: scalarLayout("bool") };
export const ipv4: AddressOf<ipv4> = addressLike("ipv4", parseIpv4, unsigned(32));
export const ipv6: AddressOf<ipv6> = addressLike("ipv6", parseIpv6, (v) => BigInt.asUintN(128, BigInt(v)));
export const mac: AddressOf<mac> = addressLike("mac", parseMac, (v) => BigInt.asUintN(48, BigInt(v)));
export const address: AddressOf<address> = addressLike("address", parseAddress, (v) => BigInt.asUintN(128, BigInt(v)));
/** A kernel spin lock; the struct that holds it must be a map value. */
export const spinLock: Layout<SpinLock> = { layout: { kind: "spinLock", size: 4, align: 4 } };

type Fields = Record<string, Layout<any>>;
type FieldsOf<F> = { -readonly [K in keyof F]: Of<F[K]> };

/** A C struct: natural alignment, host (little-endian) order, padding zeroed. Field order is memory order. */
export function struct<F extends Fields>(fields: F): Layout<FieldsOf<F>> {
  let end = 0;
  let align = 1;
  const placed: StructField[] = [];
  for (const [name, { layout }] of Object.entries(fields)) {
    const offset = roundUp(end, layout.align);
    placed.push({ name, offset, layout });
    end = offset + layout.size;
    align = Math.max(align, layout.align);
  }
  return { layout: { kind: "struct", fields: placed, size: roundUp(end, align), align } };
}

function inNetworkOrder(layout: LayoutData): LayoutData {
  switch (layout.kind) {
    case "scalar":
    case "bits":
      return { ...layout, align: 1, order: "big" };
    case "array": {
      const of = inNetworkOrder(layout.of);
      return { ...layout, of, size: of.size * layout.length, align: 1 };
    }
    case "struct": {
      let end = 0;
      const fields = layout.fields.map((field) => {
        const packed = inNetworkOrder(field.layout);
        const placed = { name: field.name, offset: end, layout: packed };
        end += packed.size;
        return placed;
      });
      return { kind: "struct", fields, size: end, align: 1 };
    }
    case "spinLock":
      throw new TypeError("A spin lock has no place in a packet header.");
  }
}

/** A packet header: fields packed without padding, multi-byte fields big-endian (network order), nested ones too. */
export function header<F extends Fields>(fields: F): Layout<FieldsOf<F>> {
  return { layout: inNetworkOrder(struct(fields).layout) };
}

/** The same layout with big-endian scalars, natural alignment kept: for kernel structs that carry `__be16`, `__be32`. */
export function bigEndian<V>(of: Layout<V>): Layout<V> {
  const { layout } = of;
  if (layout.kind !== "scalar" && layout.kind !== "bits")
    throw new TypeError("bigEndian takes a scalar or bit fields.");
  return { layout: { ...layout, order: "big" } };
}

/** `length` values of one layout, one after another. */
export function array<V, const N extends number>(of: Layout<V>, length: N): Layout<FixedArray<V, N>> {
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`An array's length is a positive whole number, not ${length}.`);
  return { layout: { kind: "array", of: of.layout, length, size: of.layout.size * length, align: of.layout.align } };
}

/**
 * Unsigned bit fields, most significant first, in one integer of 8, 16, 32 or 64 bits; widths must add up to that.
 * `bits({ version: 4, headerWords: 4 })`. Fields of up to 32 bits read as u32.
 */
export function bits<const F extends Record<string, number>>(widths: F): Layout<{ -readonly [K in keyof F]: u32 }> {
  const total = Object.values(widths).reduce((sum, width) => sum + width, 0);
  if (total !== 8 && total !== 16 && total !== 32 && total !== 64) {
    throw new RangeError(`Bit fields add up to 8, 16, 32 or 64 bits, not ${total}.`);
  }
  let used = 0;
  const fields = Object.entries(widths).map(([name, width]) => {
    if (!Number.isInteger(width) || width < 1 || width > 32)
      throw new RangeError(`Bit field '${name}' is 1 to 32 bits wide, not ${width}.`);
    used += width;
    return { name, shift: total - used, width };
  });
  const size = (total / 8) as 1 | 2 | 4 | 8;
  return { layout: { kind: "bits", size, align: size, order: "little", fields } };
}
