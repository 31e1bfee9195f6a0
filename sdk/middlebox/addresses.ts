/** Between the address families. These are programs of the language, compiled like the author's. */

import { address, ipv4, ipv6 } from "../layout/layouts.ts";
import type * as T from "../layout/types.ts";

const MAPPED = address("::ffff:0.0.0.0");
const LOW = address("::ffff:ffff");

/** ::ffff:a.b.c.d */
export const fromIpv4 = (of: T.ipv4): T.address => address(of) | MAPPED;
export const fromIpv6 = (of: T.ipv6): T.address => address(of);
/** The last 32 bits. */
export const toIpv4 = (of: T.address): T.ipv4 => ipv4(of & LOW);
export const toIpv6 = (of: T.address): T.ipv6 => ipv6(of);
export const isIpv4 = (of: T.address): boolean => of >> 32n === MAPPED >> 32n;
