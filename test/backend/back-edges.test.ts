import { expect, test } from "vitest";
import { fallsBack } from "../../compiler/backend/back-edges.ts";

/** Opcode and offset; 64-bit constants take two. */
const code = (...instructions: readonly (readonly [opcode: number, offset?: number])[]): DataView => {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([opcode, offset = 0], index) => {
    view.setUint8(index * 8, opcode);
    view.setInt16(index * 8 + 2, offset, true);
  });
  return view;
};
const [add, goto, exit, call, load64, ifEqual, ifEqual32] = [0x07, 0x05, 0x95, 0x85, 0x18, 0x15, 0x16] as const;

test.each([
  ["straight code", code([add], [load64], [0], [call], [exit]), false],
  ["a loop that jumps back", code([add], [ifEqual, 1], [goto, -3], [exit]), false],
  ["a loop that ends by a test", code([add], [ifEqual32, -2], [exit]), false],
  [
    "a loop entered in its middle, whose end falls through to it",
    code([goto, 1], [add], [add], [ifEqual, -3], [exit]),
    true,
  ],
  ["the same with a call at its end", code([goto, 1], [call], [add], [ifEqual, -3], [exit]), true],
  ["the same with a 64-bit constant at its end", code([goto, 2], [load64], [0], [add], [ifEqual, -4], [exit]), true],
  ["the same with a test at its end", code([goto, 1], [ifEqual, 2], [add], [ifEqual, -3], [exit]), false],
  ["two ways that meet", code([ifEqual, 1], [add], [add], [exit]), false],
  ["nothing", code(), false],
])("%s", (_, instructions, expected) => expect(fallsBack(instructions)).toBe(expected));
