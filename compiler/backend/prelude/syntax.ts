/** How pointers are spelled: `ptr` from LLVM 15 on, `i8*` and friends before (and for llvm-bindings, which is LLVM 14). */
import type { LlvmType } from "../builder.ts";

export interface Syntax {
  readonly opaque: boolean;
  /** The spelling of a type. */
  type(type: LlvmType): string;
  /** The spelling of a pointer to something already spelled. */
  pointerTo(pointee: string): string;
  /** Instructions that turn the `ptr` named `pointer` into one for accesses of `pointee`, and the operand to access by. */
  access(pointer: string, pointee: string): { readonly before: string; readonly operand: string };
  /** A constant `ptr` to a global whose type is spelled `valueType`. */
  address(global: string, valueType: string): string;
}

/** A symbol as LLVM spells it: with quotes unless its letters are plain, as those of TypeScript's names need not be. */
export const symbol = (name: string): string =>
  /^[-a-zA-Z$._][-a-zA-Z$._0-9]*$/.test(name) ? `@${name}` : `@${quoted(name)}`;

const opaque: Syntax = {
  opaque: true,
  type: (type) => type,
  pointerTo: () => "ptr",
  access: (pointer) => ({ before: "", operand: `ptr ${pointer}` }),
  address: symbol,
};

const typed: Syntax = {
  opaque: false,
  type: (type) => (type === "ptr" ? "i8*" : type),
  pointerTo: (pointee) => `${pointee}*`,
  access: (pointer, pointee) =>
    pointee === "i8"
      ? { before: "", operand: `i8* ${pointer}` }
      : { before: `  ${pointer}.as = bitcast i8* ${pointer} to ${pointee}*\n`, operand: `${pointee}* ${pointer}.as` },
  address: (global, valueType) => `bitcast (${valueType}* ${symbol(global)} to i8*)`,
};

export const syntaxFor = (pointers: "opaque" | "typed"): Syntax => (pointers === "opaque" ? opaque : typed);

/** The content of a quoted LLVM string: everything but plain printable ASCII as two hexadecimal digits. */
export function quoted(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let out = "";
  for (const byte of bytes) {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
    out += plain ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }
  return `"${out}"`;
}
