/** Parts of a lab by their names. */
import { labError } from "../command.ts";
import { type Namespace, openNamespace } from "../namespace.ts";
import { noSuchPart } from "../problems.ts";
import type { StandingPlace } from "./place.ts";
import type { LabRecord, MemberRecord } from "./record.ts";

export const namesOf = (parts: readonly { readonly name: string }[]): readonly string[] =>
  parts.map(({ name }) => name);

/** @throws ZetaError: ZT7014. */
export function memberNamed({ members }: LabRecord, name: string): MemberRecord {
  const found = members.find((one) => one.name === name);
  if (found === undefined) throw labError(noSuchPart(null, "member", name, namesOf(members)));
  return found;
}

/** @throws ZetaError: ZT7014. */
export function namespaceNamed({ run }: StandingPlace, { hosts, members }: LabRecord, name: string): Namespace {
  const known = namesOf([...hosts, ...members]);
  if (!known.includes(name)) throw labError(noSuchPart(null, "namespace", name, known));
  return openNamespace(name, `${run}-${name}`, { started: () => undefined });
}
