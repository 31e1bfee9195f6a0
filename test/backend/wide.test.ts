/** Numbers of 128 bits: there is no library in the kernel, so LLVM must see none of them. */
import { describe, expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { COMBINATIONS } from "./emit.ts";

const FILE = "/zeta-wide/wide.ts";
/** Everything that the language does with them; what LLVM would make multiplications and shifts of comes first. */
const TEXT = `
import { Action, address, array, header, i64, ipv6, loop, map, program, struct, subprogram, u64, u8, variable } from "zeta/bpf";
const input = header({ n: u64, a: ipv6, b: ipv6, count: u8 });
const seen = variable(address, 0n);
const table = map.hash({ key: struct({ a: ipv6, n: u8 }), value: array(address, 3), max: 8 });
const mixed = subprogram("mixed", (a: address, b: address, count: u8): address => (a >> u64(count)) ^ (b << u64(count)));
export default program("wide", (frame) => {
  const h = frame.cursor().take(input);
  if (h === null) return Action.Drop;
  const { n, a, b, count } = h;
  const half = address(n);
  let all: address = half | (half << 64n);
  all ^= (half << 64n) ^ half;
  all ^= (half << 32n) | (half << 96n) | half;
  for (let i = 0; i < 20; i++) all = (all << 7n) | (all >> 121n);
  loop(9, (i) => {
    all = ~all & (all ^ (address(a) << u64(i)));
  });
  all ^= mixed(address(a), address(b), count) ^ address(u64(i64(n) >> i64(3n)));
  const entry = table.get({ a: a, n: count });
  if (entry !== null) {
    all ^= entry[count % 3]!;
    entry[1] = all;
  }
  if (a > b) all = a < ipv6("ff00::") ? address(a) : ~address(b);
  switch (b) {
    case ipv6("2001:db8::1"):
      return Action.Pass;
    case ipv6("::1"):
      all >>= 64n;
  }
  seen.value = all === half ? 0n : all;
  return u8(all >> 3n) > 9 ? Action.Transmit : Action.Pass;
});
`;

const compiler = createCompiler();

describe.each(COMBINATIONS)("LLVM $llvm, $cpu", (target) => {
  test.each(["text", "llvm-bindings"] as const)(
    "is asked for nothing wider than a register, by %s",
    async (irBuilder) => {
      const options = { ...target, irBuilder, emit: ["llvm"] as const, files: new Map([[FILE, TEXT]]) };
      const result = await compiler.compile(FILE, options);
      expect(result.problems).toEqual([]);
      expect(result.ok ? result.code.llvm?.match(/^.*\bi128\b.*$/gm) : null).toEqual([
        'target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"',
      ]);
    },
  );
});
