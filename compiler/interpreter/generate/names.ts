/** JavaScript names for things of the IR: the author's name, made unique by a number, so that a debugger reads well. */
import type { IrFunction, MapDeclaration, Temp, Variable } from "../../ir/ir.ts";

const clean = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, "_");

/** A leading digit is no identifier; a name alone might be a keyword. The number cures both. */
const named = (prefix: string, name: string, id: number): string => {
  const text = clean(name);
  return /^[A-Za-z_]/.test(text) ? `${text}$${prefix}${id}` : `$${prefix}${id}`;
};

export const tempName = (temp: Temp): string => named("", temp.name, temp.id);
export const variableName = (variable: Variable): string => named("v", variable.name, variable.id);
export const functionName = (func: IrFunction, index: number): string => named("f", func.name, index);
export const programName = (program: IrFunction, index: number): string => named("p", program.name, index);
export const mapName = (map: MapDeclaration, index: number): string => named("m", map.name, index);
export const globalName = (name: string, index: number): string => named("g", name, index);
export const slotName = (func: string, name: string, id: number): string => `${func}$${clean(name)}$s${id}`;
export const labelName = (label: number): string => `L${label}`;
/** The second variable of a pointer. */
export const offsetName = (name: string): string => `${name}$at`;
