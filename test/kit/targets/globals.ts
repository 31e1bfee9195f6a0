/** Globals of a program by name, in the form of their layouts. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Module } from "../../../compiler/ir/ir.ts";
import { decode, encode } from "../../../sdk/layout/codec.ts";
import { noSuchGlobal } from "../problems.ts";
import type { TestGlobals } from "./target.ts";

export function globalsOf(
  module: Module,
  read: (name: string) => Uint8Array,
  write: (name: string, bytes: Uint8Array) => void,
): TestGlobals {
  const names = module.globals.map((global) => global.name);
  const layoutOf = (name: string) => {
    const global = module.globals.find((one) => one.name === name);
    if (global === undefined) throw new ZetaError([noSuchGlobal(null, name, names)]);
    return global.layout;
  };
  return {
    names,
    get: (name) => decode(layoutOf(name), read(name)),
    set: (name, value) => write(name, encode(layoutOf(name), value)),
  };
}
