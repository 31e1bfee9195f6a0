import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { load } from "../../runtime/index.ts";
import type { SourceLine } from "../../runtime/loader/lines.ts";
import { placeOf, reasonOf, refusal } from "../../runtime/loader/refusal.ts";
import { bpfDescriptors } from "./descriptors.ts";
import { fixture } from "./fixtures.ts";

const source = readFileSync(new URL("./fixtures/refused.c", import.meta.url), "utf8").split("\n");

async function refused(program: string): Promise<ZetaError> {
  const error: unknown = await load(fixture("refused"), { programs: ["innocent", program] }).catch(
    (caught: unknown) => caught,
  );
  if (error instanceof ZetaError) return error;
  throw new Error(`${program} was not refused`);
}

test.each([
  ["unchecked_packet", "if (data[0] == 1)", /outside of the packet/],
  ["unchecked_null", "*cell = 1;", /map_value_or_null/],
  ["unbounded_index", "return cell[index];", /unbounded|max value is outside|invalid access/],
])("%s is refused at the author's line, in the kernel's words", async (program, line, words) => {
  const [problem] = (await refused(program)).problems;
  expect(problem?.code).toBe("ZT4007");
  expect(problem?.message).toContain(`'${program}'`);
  expect(problem?.message).toMatch(words);
  expect(source[(problem?.at?.line ?? 0) - 1]?.trim()).toBe(line);
  expect(problem?.at?.file).toMatch(/test\/loader\/fixtures\/refused\.c$/);
  expect(problem?.at?.column).toBeGreaterThan(1);
  expect(problem?.detail).toContain("processed");
});

test("a log that outgrows its buffer is read whole", async () => {
  const [problem] = (await refused("endless")).problems;
  expect(problem?.message).toMatch(/infinite loop|too large|too complex/i);
  expect(problem?.detail?.startsWith("0: ")).toBe(true);
  expect(problem?.at?.line).toBeGreaterThan(0);
});

test("after a refusal nothing stays open", async () => {
  const before = bpfDescriptors();
  await refused("unchecked_null");
  expect(bpfDescriptors()).toEqual(before);
});

const known: readonly SourceLine[] = [
  { section: "xdp", instruction: 0, file: "lib/a.ts", text: "const a = 1;", line: 3, column: 7 },
  { section: "xdp", instruction: 4, file: "lib/a.ts", text: "return a;", line: 9, column: 3 },
  { section: "xdp", instruction: 9, file: "lib/b.ts", text: "return a;", line: 2, column: 5 },
];

test("kernels before 6.9 name no place: the text and the instruction find it", () => {
  const log =
    "; const a = 1;\n0: (b7) r0 = 0\n; return a;\n10: (95) exit\nR0 !read_ok\nprocessed 2 insns (limit 1000000)\n";
  expect(placeOf(log, "xdp", known)).toMatchObject({ file: "lib/b.ts", line: 2, column: 5 });
  expect(reasonOf(log)).toBe("R0 !read_ok");
});

test("a refusal before the first instruction is found by the instruction it names", () => {
  expect(placeOf("unreachable insn 5\n", "xdp", known)).toMatchObject({ file: "lib/a.ts", line: 9 });
  expect(placeOf("combined stack size of 2 calls is 544. Too large\n", "xdp", known)).toBeNull();
});

test("a place that only the log knows is taken from it", () => {
  expect(placeOf("; x @ other.ts:12\n0: (95) exit\nbad\n", "xdp", known)).toMatchObject({ file: "other.ts", line: 12 });
});

test("what is refused in the library is told at the author's line before it", () => {
  const at = (instruction: number, file: string, line: number, text: string): SourceLine => ({
    section: "xdp",
    instruction,
    file,
    text,
    line,
    column: 3,
  });
  const lines = [
    at(0, "zeta/bpf-lib/service/filter.ts", 5, "start();"),
    at(2, "service.ts", 8, "packet.payload(n, 8);"),
    at(4, "zeta/bpf-lib/packet/packet.ts", 40, "return start;"),
    at(6, "service.ts", 9, "return pass();"),
  ];
  const log = "; return start; @ packet.ts:40\n4: (95) exit\nBPF program is too large. Processed 1000001 insn\n";
  const problem = refusal("box", "xdp", log, lines, "E2BIG");
  expect(problem.at).toMatchObject({ file: "service.ts", line: 8 });
  expect(problem.notes).toMatchObject([{ at: { file: "zeta/bpf-lib/packet/packet.ts", line: 40 } }]);
  const early = refusal(
    "box",
    "xdp",
    log.replaceAll("return start; @ packet.ts:40", "start(); @ filter.ts:5"),
    lines,
    "E2BIG",
  );
  expect(early.at).toMatchObject({ file: "service.ts", line: 8 });
});
