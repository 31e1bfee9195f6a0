/**
 * Lowers nothing: notes what a lowering will ask for, so that the prelude can declare exactly that. The same lowering
 * runs once over this and once over a real builder.
 */
import type { Place } from "../../ir/ir.ts";
import type { Callee, IrBuilder, LlvmType, Value } from "../builder.ts";
import { placeKey } from "../prelude/functions.ts";

export interface Survey {
  /** Helpers by first use. */
  readonly helpers: readonly Callee[];
  /** Texts by first use. */
  readonly texts: readonly string[];
  /** By routine, its places in the order of first use. */
  readonly places: ReadonlyMap<string, readonly Place[]>;
}

export function surveyBuilder(): { readonly builder: IrBuilder; readonly survey: () => Survey } {
  const helpers = new Map<string, Callee>();
  const texts = new Set<string>();
  const places = new Map<string, Map<string, Place>>();
  let current = new Map<string, Place>();
  const value = (type: LlvmType): Value => ({ type, constant: null, handle: null });
  const pointer = value("ptr");
  const nothing = (): void => {};
  const label = { handle: null };
  const builder: IrBuilder = {
    begin(routine, parameters) {
      current = new Map();
      places.set(routine, current);
      return parameters.map(value);
    },
    locate(at) {
      const key = placeKey(at);
      if (!current.has(key)) current.set(key, at);
    },
    block: () => label,
    enter: nothing,
    constant: (type, constant) => ({ type, constant, handle: null }),
    nullPointer: () => pointer,
    global: () => pointer,
    routine: () => pointer,
    text(content) {
      texts.add(content);
      return pointer;
    },
    allocate: () => pointer,
    load: value,
    store: nothing,
    offset: () => pointer,
    binary: (_, a) => value(a.type),
    compare: () => value("i1"),
    cast: (_, __, to) => value(to),
    select: (_, a) => value(a.type),
    call(callee) {
      if (callee.define !== null) helpers.set(callee.name, callee);
      return value(callee.result);
    },
    jump: nothing,
    branch: nothing,
    choose: nothing,
    leave: nothing,
  };
  const survey = (): Survey => ({
    helpers: [...helpers.values()],
    texts: [...texts],
    places: new Map([...places].map(([name, known]) => [name, [...known.values()]])),
  });
  return { builder, survey };
}
