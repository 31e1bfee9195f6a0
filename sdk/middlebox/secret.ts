/** Keys that the nodes of a service share, and nobody else has. */
import { compiledOnly } from "../compiled.ts";
import type { u64 } from "../layout/layouts.ts";
import type { Field } from "./config.ts";

interface Keyed {
  /**
   * SipHash-2-4 under the secret of the values, one after the other, each of its own width and least significant byte
   * first (an address 16 bytes, a u16 two; a plain number is a u32, a plain bigint a u64).
   */
  hash(...values: readonly (number | bigint | boolean)[]): u64;
}
export interface Secret extends Keyed {
  /** The secret from before the last change: what was made under it is still recognised. */
  readonly previous: Keyed;
}

/**
 * A secret for cookies and the like. In a config file, at least 16 bytes in hexadecimal or base64:
 * `"00112233445566778899aabbccddeeff"`, or `{ "current": …, "previous": … }`. Setting a new one makes the one before it
 * `previous`; left out, a random one is made, which is good for one node. It is not shown by `config get`.
 */
export const secret = (): Field<Secret> => compiledOnly("secret");
