/** A view as the store gives it: checked whole, with the path of what is wrong. */
import { z } from "zod";
import { failure } from "../loader/problems.ts";
import { BUCKETS } from "./buckets.ts";
import { MOST_PLACES } from "./data-plane.ts";
import { badView } from "./problems.ts";
import { pathOf, type View } from "./view.ts";

export const MOST_NODES = 4095;
/** 24 bits: what a version has room for. */
export const MOST_EPOCH = 0xff_ffff;

const epoch = z.int().min(1).max(MOST_EPOCH);
const node = z.int().min(1).max(MOST_NODES);
const id = z.int().min(0).max(0xffff);
const member = z.strictObject({ node, joined: epoch });

const schema = z.strictObject({
  epoch,
  chains: z.array(z.strictObject({ id, complete: z.array(member).min(1), joiners: z.array(member) })),
  keepers: z.array(id).length(BUCKETS),
  since: z.array(epoch).length(BUCKETS),
  lost: z.array(z.int().min(0).max(MOST_EPOCH)).length(BUCKETS),
  moves: z.record(z.string().regex(/^(0|[1-9]\d{0,3})$/), z.strictObject({ to: id, since: epoch })),
  forwarders: z.array(node),
  entrances: z.record(z.string(), node),
});

interface Wrong {
  readonly path: string;
  readonly reason: string;
}

/** What the form of a view does not say: the first that is not so. */
export function brokenInvariant(view: View): Wrong | null {
  const { epoch: now, chains, keepers, since, lost, moves } = view;
  const ids = new Set<number>();
  const nodes = new Map<number, string>();
  const listed = (number: number, path: string): Wrong | null => {
    const other = nodes.get(number);
    nodes.set(number, path);
    return other === undefined ? null : { path, reason: `node ${number} is at ${other} already` };
  };
  for (const [index, chain] of chains.entries()) {
    const at = `chains.${index}`;
    if (ids.has(chain.id)) return { path: `${at}.id`, reason: `another chain is ${chain.id} already` };
    ids.add(chain.id);
    for (const kind of ["complete", "joiners"] as const) {
      for (const [place, one] of chain[kind].entries()) {
        const path = `${at}.${kind}.${place}`;
        const twice = listed(one.node, path);
        if (twice !== null) return twice;
        if (one.joined > now) return { path: `${path}.joined`, reason: "is later than the view" };
      }
    }
  }
  for (const [index, number] of view.forwarders.entries()) {
    const twice = listed(number, `forwarders.${index}`);
    if (twice !== null) return twice;
  }
  for (const [address, number] of Object.entries(view.entrances))
    if (!view.forwarders.includes(number))
      return { path: `entrances.${address}`, reason: `node ${number} is no forwarder` };
  const none = keepers.findIndex((keeper) => !ids.has(keeper));
  if (none !== -1) return { path: `keepers.${none}`, reason: `there is no chain ${keepers[none]}` };
  for (const [name, epochs] of Object.entries({ since, lost })) {
    const late = epochs.findIndex((each) => each > now);
    if (late !== -1) return { path: `${name}.${late}`, reason: "is later than the view" };
  }
  for (const [key, move] of Object.entries(moves)) {
    const path = `moves.${key}`;
    if (Number(key) >= BUCKETS) return { path, reason: `there are ${BUCKETS} buckets` };
    if (!ids.has(move.to)) return { path: `${path}.to`, reason: `there is no chain ${move.to}` };
    if (keepers[Number(key)] === move.to) return { path: `${path}.to`, reason: "the bucket is there already" };
    if (move.since > now) return { path: `${path}.since`, reason: "is later than the view" };
  }
  const counted = new Set<number>();
  for (const [bucket, keeper] of keepers.entries()) {
    // Buckets that move the same way have paths of one length.
    const way = (keeper << 16) | (moves[bucket]?.to ?? keeper);
    if (counted.has(way)) continue;
    counted.add(way);
    const { length } = pathOf(view, bucket).members;
    if (length > MOST_PLACES)
      return {
        path: `keepers.${bucket}`,
        reason: `its path has ${length} nodes, and no more than ${MOST_PLACES} have room`,
      };
  }
  return null;
}

/** @throws ZetaError: ZT8502. */
export function checkedView(given: unknown): View {
  const result = schema.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw failure(badView(null, ["view", ...(issue?.path ?? [])].map(String).join("."), issue?.message ?? "not valid"));
  }
  const wrong = brokenInvariant(result.data);
  if (wrong !== null) throw failure(badView(null, `view.${wrong.path}`, wrong.reason));
  return result.data;
}
