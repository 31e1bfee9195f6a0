/** What is folded into a service's programs, by its manifest; without what it takes to check values. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { Config } from "./live.ts";

/** Bytes of the fields that are folded, by path. */
export const foldedIn = ({ service }: Pick<Manifest, "service">): ReadonlyMap<string, Uint8Array> =>
  new Map(
    (service?.config ?? []).flatMap(({ path, folded }) =>
      folded === undefined ? [] : [[path, new Uint8Array(Buffer.from(folded, "hex"))] as const],
    ),
  );

/** A config without what a version of the service has folded: that comes with its programs. */
export function withoutFolded(manifest: Pick<Manifest, "service">, config: Config): Config {
  const folded = foldedIn(manifest);
  const parts: Record<string, Record<string, unknown>> = {};
  for (const [part, fields] of Object.entries(config)) {
    for (const [name, value] of Object.entries(fields))
      if (!folded.has(`${part}.${name}`)) parts[part] = { ...parts[part], [name]: value };
  }
  return parts;
}
