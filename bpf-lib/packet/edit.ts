/** Editing addresses and ports by value; the packet's words and all checksums follow. */
import type { address, u16 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Parts } from "./open.ts";
import { putEnds } from "./rewrite.ts";
import { wordsOf } from "./words.ts";

export type End = "source" | "destination";

const put = (parts: Parts, end: End, at: address, port: u16): void => {
  const words = wordsOf(at, port);
  putEnds(parts, { change: end === "source" ? Change.Source : Change.Destination, source: words, destination: words });
};

export const putAddress = (parts: Parts, end: End, to: address): void =>
  put(parts, end, to, end === "source" ? parts.sourcePort : parts.destinationPort);

export const putPort = (parts: Parts, end: End, to: u16): void =>
  put(parts, end, end === "source" ? parts.source : parts.destination, to);
