/** Editing addresses and ports by value; the packet's words and all checksums follow. */
import type { address, u16 } from "zeta/bpf";
import type { Parts } from "./open.ts";
import { type End, putEndpoint } from "./rewrite.ts";
import { wordsOf } from "./words.ts";

export const putAddress = (parts: Parts, end: End, to: address): void =>
  putEndpoint(parts, end, wordsOf(to, end === "source" ? parts.sourcePort : parts.destinationPort));

export const putPort = (parts: Parts, end: End, to: u16): void =>
  putEndpoint(parts, end, wordsOf(end === "source" ? parts.source : parts.destination, to));
