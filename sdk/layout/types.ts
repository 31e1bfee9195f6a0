/**
 * What the value types of the language (layouts.ts) are made of. Widths nest, so widening is implicit and narrowing asks for a
 * conversion (`u16(x)`). The mark is optional: plain results of arithmetic flow in, and the compiler's own check decides.
 */
export type Flavour<Base, Mark> = Base & { readonly __zeta?: Mark };

declare const lock: unique symbol;
/** A spin lock inside a map value; only `lock` and `unlock` of `zeta/bpf` touch it. */
export interface SpinLock {
  readonly [lock]: true;
}
