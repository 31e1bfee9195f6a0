/** Config that is folded into a service's programs (see `fold` of the compiler's options): what may be. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { isPlain } from "../../sdk/layout/data.ts";
import { failure } from "../loader/problems.ts";
import type { Config } from "./live.ts";
import { notFoldable } from "./problems.ts";
import { validatorOf } from "./validate.ts";

type Field = NonNullable<Manifest["service"]>["config"][number];

const whatItIs = ({ kind, of }: Field): string =>
  kind === "scalar" ? `of a layout of kind '${of.kind}'` : `'${kind}'`;

/**
 * What the compiler is to fold: the fields that a config names, of a service as its manifest describes it without folding.
 * @throws ZetaError: ZT6001 to ZT6005 for wrong values, ZT6010 for fields that cannot be folded.
 */
export function foldedConfig(manifest: Manifest, config: Config): ReadonlyMap<string, Uint8Array> {
  const validator = validatorOf(manifest);
  const folded = new Map<string, Uint8Array>();
  for (const [part, fields] of Object.entries(config)) {
    for (const [name, value] of Object.entries(fields)) {
      const path = `${part}.${name}`;
      const validated = validator.field(path, value);
      if (!validated.ok) throw new ZetaError(validated.problems);
      const field = manifest.service?.config.find((each) => each.path === path);
      if (field === undefined) throw failure(notFoldable(null, path, "no middlebox's"));
      if (field.kind !== "scalar" || !isPlain(field.of)) throw failure(notFoldable(null, path, whatItIs(field)));
      folded.set(path, validated.content.get(path) as Uint8Array);
    }
  }
  return folded;
}
