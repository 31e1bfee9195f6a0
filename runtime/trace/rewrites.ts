/** What each middlebox of a chain has changed, from how each has left the flow (bpf-lib/trace/said.ts). */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { formatAddress } from "../../sdk/layout/address.ts";
import { decode } from "../../sdk/layout/codec.ts";
import { endText } from "../node/flows.ts";
import { layoutOf, NODE_MAP } from "../node/shapes.ts";
import type { Rewrite } from "./records.ts";

/** How a middlebox has left the flow. */
interface Left {
  readonly source: bigint;
  readonly destination: bigint;
  readonly place: bigint;
  readonly placeVni: number;
  readonly change: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Bits of `change` (bpf-lib/flow/entry.ts). */
const DELIVER = 4;
const SOURCE_POOL = 32;
const DESTINATION_POOL = 64;
const POOL = "from a pool";

const FIELDS: Readonly<Record<Rewrite["field"], (left: Left) => string | null>> = {
  source: ({ change, source, sourcePort }) => ((change & SOURCE_POOL) !== 0 ? POOL : endText(source, sourcePort)),
  destination: ({ change, destination, destinationPort }) =>
    (change & DESTINATION_POOL) !== 0 ? POOL : endText(destination, destinationPort),
  place: ({ change, place, placeVni }) =>
    (change & DELIVER) !== 0 ? `${formatAddress(place)} in network ${placeVni}` : null,
};

const between = (before: Left, after: Left): Rewrite[] =>
  (Object.keys(FIELDS) as Rewrite["field"][]).flatMap((field) => {
    const [was, is] = [FIELDS[field](before), FIELDS[field](after)];
    return is === null || was === is ? [] : [{ field, before: was, after: is }];
  });

/** Gives, by its place in the chain, what each middlebox that has let the packet pass has changed. */
export function rewritesReader(manifest: Manifest): (record: Uint8Array) => ReadonlyMap<number, readonly Rewrite[]> {
  const layout = layoutOf(manifest, NODE_MAP.said, "value");
  return (record) => {
    const { boxes, ends } = decode(layout, record) as { readonly boxes: number; readonly ends: readonly Left[] };
    const told = new Map<number, readonly Rewrite[]>();
    let [before] = ends;
    for (const [at, after] of ends.slice(1).entries()) {
      if (((boxes >>> at) & 1) === 0 || before === undefined) continue;
      told.set(at, between(before, after));
      before = after;
    }
    return told;
  };
}
