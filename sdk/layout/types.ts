/**
 * The value types of the language. Widths nest, so widening is implicit and narrowing asks for a conversion
 * (`u16(x)`). The mark is optional: plain results of arithmetic flow in, and the compiler's own check decides.
 */
type Flavour<Base, Mark> = Base & { readonly __zeta?: Mark };

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

declare const lock: unique symbol;
/** A spin lock inside a map value; only `lock` and `unlock` of `zeta/bpf` touch it. */
export interface SpinLock {
  readonly [lock]: true;
}
