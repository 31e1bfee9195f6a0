/** Things declared with the SDK that only another of its calls understands. */
import { badName } from "../problems.ts";
import type { BuiltinCall, DeclaredValue, Value } from "../values.ts";
import { textArgument } from "./arguments.ts";

export const declared = (what: string, data: unknown): DeclaredValue => ({
  kind: "declared",
  what,
  data,
  names: [],
  member: () => null,
});
/** What was declared, where the value is such a thing. */
export const dataOf = <T>(value: Value, what: string): T | null =>
  value.kind === "declared" && value.what === what ? (value.data as T) : null;

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const NAME_RULE = "a lower-case letter, then lower-case letters, digits or '-', at most 31";

/** The first argument, where it can name a middlebox or a service. */
export function nameOf(call: BuiltinCall, what: string): string {
  const name = textArgument(call, 0, `the name of ${what}`);
  // The service's own config, such as its addresses, has paths that begin so.
  const taken = what === "a middlebox" && name === "service";
  const rule = taken ? "another name: the service's own config is called so" : NAME_RULE;
  return NAME.test(name) && !taken ? name : call.to.refuse((at) => badName(at, what, name, rule), call.argument(0));
}
