/** What an ICMP error quotes of the packet it is about: from its outermost IP header on. */

import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { dissect } from "../packet/dissect.ts";
import { describe } from "../packet/fields.ts";
import type { Packet } from "../packet/packet.ts";
import { noSuchLayer } from "../problems.ts";

export function quote(about: Packet, limit: number): Uint8Array {
  const place = dissect(about.bytes).places.find(({ path }) => path === "ipv4" || path === "ipv6");
  if (place === undefined) throw new ZetaError([noSuchLayer(null, "ipv4 or ipv6", describe(about))]);
  return about.bytes.slice(place.at, place.at + limit);
}
