/** Shares of what a service limits as a whole: agents give each node its own. */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { update } from "../loader/map-operations.ts";
import { failure, nameUnknown } from "../loader/problems.ts";
import { word } from "../loader/word.ts";

const SHARES = "zeta_shares";
/** Shares are kept in units of 2^-16, and a node has one unit at least: 0 says that it was told nothing. */
const UNITS = 65_536;

/** Limits that are the service's as a whole. */
export const sharedLimits = ({ state }: NonNullable<Manifest["service"]>): readonly string[] =>
  state.flatMap(({ kind, scope, path }) => (kind === "rateLimiter" && scope === "service" ? [path] : []));

/**
 * Gives this node a part of a limit, from 0 to 1 (2^-16 at least); packets see it from now on.
 * @throws ZetaError ZT4015 for a path that names no such limit; RangeError for what is no part of a whole.
 */
export function setShare(
  service: NonNullable<Manifest["service"]>,
  maps: ReadonlyMap<string, MapHandle>,
  path: string,
  part: number,
): void {
  if (!(part >= 0 && part <= 1)) throw new RangeError(`${part} is not a part of a whole: 0 to 1 was expected`);
  const limit = service.state.find((each) => each.path === path && sharedLimits(service).includes(path));
  const map = maps.get(SHARES);
  if (limit === undefined || map === undefined)
    throw failure(nameUnknown(null, "limit of the service as a whole", path, sharedLimits(service)));
  update(map, word(limit.index), word(Math.max(1, Math.round(part * UNITS))));
}
