/** Narrowing of maps whose kind the code that fills them knows. */
import type { AnyTypedMap, KeyedMap, MapOfMaps } from "../../runtime/index.ts";

/** Keys and values as their layouts take them; text of prefixes and addresses too. */
export type Entries = KeyedMap<any, any, any>;

export function entries(map: object): Entries {
  if (!("setMany" in map)) throw new TypeError("The map has no entries by key.");
  return map as Entries;
}

export function generations(map: AnyTypedMap): MapOfMaps<number, object> {
  if (map.kind !== "arrayOfMaps") throw new TypeError("The map is no array of maps.");
  return map as MapOfMaps<number, object>;
}
