/** Globals of a program by name, in the form of their layouts. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Module } from "../../../compiler/ir/ir.ts";
import { decode, encode } from "../../../sdk/layout/codec.ts";
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { noSuchGlobal } from "../problems.ts";
import type { TestGlobals } from "./target.ts";

function layoutOf(module: Module, name: string): LayoutData {
  const global = module.globals.find((one) => one.name === name);
  const names = module.globals.map((one) => one.name);
  if (global === undefined) throw new ZetaError([noSuchGlobal(null, name, names)]);
  return global.layout;
}

export function globalsOf(
  module: Module,
  read: (name: string) => Uint8Array,
  write: (name: string, bytes: Uint8Array) => void,
): TestGlobals {
  return {
    names: module.globals.map((global) => global.name),
    get: (name) => decode(layoutOf(module, name), read(name)),
    set: (name, value) => write(name, encode(layoutOf(module, name), value)),
  };
}

/** Values by name → bytes by name. */
export const encodedGlobals = (module: Module, values: Readonly<Record<string, unknown>>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, encode(layoutOf(module, name), value)]));
