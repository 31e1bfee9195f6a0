/** The machine that counts instructions on a packet's way: its arithmetic as RFC 9669 has it. What it runs is held to the kernel by every measurement. */
import { expect, test } from "vitest";
import { compute, exchanged, holds, turned } from "../../bench/executed/arithmetic.ts";
import { Memory } from "../../bench/executed/memory.ts";

const MINUS_ONE = 0xffff_ffffn;

test.each([
  ["addition wraps", compute(0, MINUS_ONE, 1n, 32), 0n],
  ["32-bit results have no upper half", compute(1, 0n, 1n, 32), MINUS_ONE],
  ["division by zero gives 0", compute(3, 7n, 0n, 64), 0n],
  ["the remainder by zero is the dividend", compute(9, 7n, 0n, 64), 7n],
  ["a shift goes by the count's lower bits", compute(6, 1n, 33n, 32), 2n],
  ["a shift to the right keeps the sign", compute(12, 0xffff_fff0n, 4n, 32), MINUS_ONE],
  ["a word turned round", turned(0x1122_3344n, 32), 0x4433_2211n],
  ["what stands above it is gone", turned(0x11_2233_4455n, 16), 0x5544n],
  ["an exchange that finds what it expected", exchanged(0xf1, 5n, 6n, 5n), 6n],
  ["an exchange that does not", exchanged(0xf1, 5n, 6n, 4n), 5n],
  ["an addition that gives the old value", exchanged(0x01, 5n, 6n, 0n), 11n],
])("%s", (_, got, wanted) => expect(got).toBe(wanted));

test("jumps compare with or without sign, words or halves", () => {
  expect(holds(2, MINUS_ONE, 1n, 32)).toBe(true);
  expect(holds(6, MINUS_ONE, 1n, 32)).toBe(false);
  expect(holds(6, MINUS_ONE, 1n, 64)).toBe(true);
  expect(holds(4, 0b1010n, 0b0101n, 64)).toBe(false);
});

test("memory is little-endian, and ends where its regions do", () => {
  const memory = new Memory();
  const at = memory.add(Uint8Array.of(1, 2, 3, 4));
  memory.add(new Uint8Array(4));
  expect(memory.read(at + 1n, 2)).toBe(0x0302n);
  memory.write(at, 4, 0xaabb_ccddn);
  expect([...memory.bytes(at, 4)]).toEqual([0xdd, 0xcc, 0xbb, 0xaa]);
  expect(() => memory.read(at + 1n, 4)).toThrow(RangeError);
});
