/** `service`: a chain of middleboxes. */
import type { Lowering } from "../lowering.ts";
import { badDeclaration, duplicateName, wrongArgument } from "../problems.ts";
import type { MiddleboxSpec, ServiceSpec } from "../services/spec.ts";
import {
  type BuiltinCall,
  type DeclaredValue,
  describe,
  type ObjectValue,
  placeOfField,
  placeOfItem,
  type Value,
} from "../values.ts";
import { builtin, option, optionsArgument, wholeOption, wordOption } from "./arguments.ts";
import { dataOf, declared, nameOf } from "./declared.ts";
import { ENTRIES } from "./fields.ts";
import { sharedMap, tooMany } from "./limits.ts";

/** Refuses one of the chain's items, where it stands. */
type RefuseItem = (index: number, make: Parameters<Lowering["refuse"]>[0]) => never;

/** The chain's middleboxes, without those that have been refused themselves: `isWhole` where there are none of these. */
function boxesOf(
  options: ObjectValue,
  call: BuiltinCall,
): { readonly chain: MiddleboxSpec[]; readonly refuse: RefuseItem; readonly isWhole: boolean } {
  const place = placeOfField(options, "chain", call.argument(1));
  const list = option(options, "chain", place, call.to);
  if (list.kind !== "list")
    return call.to.refuse((at) => wrongArgument(at, "a list of middleboxes as 'chain'", describe(list)), place);
  if (list.items.length === 0)
    return call.to.refuse((at) => badDeclaration(at, EMPTY_CHAIN, "Name at least one: `chain: [box]`."), place);
  const items = list.items.flatMap((item, at) => (item.kind === "poison" ? [] : [{ item, at }]));
  const refuse: RefuseItem = (index, make) => call.to.refuse(make, placeOfItem(list, items[index]?.at ?? 0, place));
  const chain = items.map(
    ({ item }, index) =>
      dataOf<MiddleboxSpec>(item, "a middlebox") ??
      refuse(index, (at) => wrongArgument(at, "a middlebox, as `middlebox(...)` gives it", describe(item))),
  );
  return { chain, refuse, isWhole: items.length === list.items.length };
}
const IDLE_CHAIN = "No middlebox of the chain filters or decides, so nothing would see the service's packets.";
const EMPTY_CHAIN = "A service's chain has no middlebox, so nothing would see its packets.";

function chainOf(options: ObjectValue, call: BuiltinCall): MiddleboxSpec[] {
  const { chain, refuse, isWhole } = boxesOf(options, call);
  if (isWhole && !call.to.module.mistakes.any && chain.every((box) => box.filter === null && box.decide === null))
    call.to.refuse(
      (at) => badDeclaration(at, IDLE_CHAIN, "Give one of them a `filter` or a `decide`."),
      placeOfField(options, "chain", call.argument(1)),
    );
  const names = chain.map((box) => box.name);
  const again = chain.findIndex((box) => chain.indexOf(box) !== names.indexOf(box.name));
  const twice = chain.findIndex((box, i) => chain.indexOf(box) !== i);
  if (twice >= 0)
    refuse(twice, (at) =>
      badDeclaration(
        at,
        `The middlebox '${names[twice]}' stands in the chain twice, with one config and one state.`,
        "Name it once, or declare another middlebox with a name of its own.",
      ),
    );
  if (again >= 0) refuse(again, (at) => duplicateName(at, "middleboxes of the chain", names[again] ?? ""));
  const waiting = chain.flatMap((box, index) => (box.complete === null ? [] : [index]));
  const [, second] = waiting;
  if (second !== undefined) {
    const boxes = waiting.map((index) => names[index]).join(" and ");
    refuse(second, (at) => badDeclaration(at, `One middlebox of a chain has 'complete', and here ${boxes} have it.`));
  }
  const place = placeOfField(options, "chain", call.argument(1));
  const reason = tooMany(chain);
  if (reason !== null) call.to.refuse((at) => badDeclaration(at, reason, "Make two services of it."), place);
  const shared = sharedMap(chain);
  if (shared !== null)
    call.to.refuse(
      (at) => badDeclaration(at, `${shared.join(" and ")} would be one map.`, "Give one of them another name."),
      place,
    );
  return chain;
}

function service(call: BuiltinCall): Value {
  const options = optionsArgument(call, 1);
  const chain = chainOf(options, call);
  const decides = chain.some((box) => box.decide !== null);
  const spec: ServiceSpec = {
    name: nameOf(call, "a service"),
    chain,
    listensToAll: wordOption(options, "listen", ["addresses", "all"], call, 1, decides ? "addresses" : "all") === "all",
    flows: wholeOption(options, "flows", ENTRIES, call, 1, 65_536),
  };
  return declared("a service", spec);
}

export const isService = (value: Value): value is DeclaredValue & { readonly data: ServiceSpec } =>
  value.kind === "declared" && value.what === "a service";

export const serviceBuiltins: readonly (readonly [string, Value])[] = [["service", builtin("service", service)]];
