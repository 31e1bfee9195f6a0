/** All that can be seen of a side between two packets, as text. */

import type { Watched } from "./contents.ts";
import type { Side } from "./targets/side.ts";

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** By name of the map or global. */
export type State = ReadonlyMap<string, string>;

function drained({ raw }: Watched, stack: boolean): string {
  const values: Uint8Array[] = [];
  for (let value = raw.pop(); value !== null; value = raw.pop()) values.push(value);
  for (const value of stack ? values.toReversed() : values) raw.push(value);
  return values.map(toHex).join("\n");
}

function contentsOf(watched: Watched): string {
  const { data, raw } = watched;
  if (data.kind === "queue" || data.kind === "stack") return drained(watched, data.kind === "stack");
  if (data.kind === "ringBuffer") return raw.records().map(toHex).join("\n");
  return [...raw.entries()]
    .map(([key, value]) => `${toHex(key)} = ${toHex(value)}`)
    .sort()
    .join("\n");
}

export function stateOf(side: Side, watched: readonly Watched[], globals: readonly string[]): State {
  return new Map([
    ...watched.map((map) => [`map ${map.path}`, contentsOf(map)] as const),
    ...globals.map((name) => [`global ${name}`, toHex(side.global(name))] as const),
  ]);
}
