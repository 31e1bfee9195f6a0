import { expect, test } from "vitest";
import { readConsole } from "./console.ts";
import { canaries, judge, table } from "./judge.ts";
import type { Kernel } from "./kernels.ts";

const kernel: Kernel = { name: "6.1", metaPackage: "linux-image-cloud-amd64", cpus: ["v2", "v3"] };
const healthy = [
  `ZETA LOAD ${canaries.refused}`,
  `ZETA FAIL ${canaries.refused}`,
  `ZETA LOAD ${canaries.taken}`,
  `ZETA PASS ${canaries.taken}`,
];
const judged = (objects: readonly string[], lines: readonly string[]) => {
  const rows = judge(kernel, objects, readConsole(lines.join("\r\n")));
  return rows.map(({ object, result }) => [object, result]);
};

test("an object that was taken passes, one that was refused fails with the verifier's words", () => {
  const lines = [
    "ZETA KERNEL 6.1.0-50-cloud-amd64",
    "ZETA LOAD a.v3.o",
    "ZETA PASS a.v3.o",
    "ZETA LOAD b.o",
    "R0 !read_ok",
    "ZETA FAIL b.o",
  ];
  const outcome = readConsole([...lines, ...healthy, "ZETA DONE"].join("\r\n"));
  const rows = judge(kernel, ["a.v3.o", "b.o"], outcome);
  expect(rows).toMatchObject([
    { result: "pass", log: "" },
    { result: "FAIL", log: "R0 !read_ok" },
  ]);
  expect(table(rows, false)).toContain("b.o on Linux 6.1:\n  R0 !read_ok");
});

test("an object of a level that the kernel does not know is not its concern", () => {
  expect(judged(["a.v4.o"], ["ZETA KERNEL 6.1.0-50", ...healthy, "ZETA DONE"])).toEqual([
    ["a.v4.o", "not for this kernel"],
  ]);
});

test.each([
  ["a guest that hangs", ["ZETA KERNEL 6.1.0-50", ...healthy]],
  ["a guest that never starts", ["Kernel panic"]],
  ["another kernel", ["ZETA KERNEL 6.12.1", ...healthy, "ZETA DONE"]],
  [
    "a loader that takes anything",
    ["ZETA KERNEL 6.1.0-50", `ZETA PASS ${canaries.taken}`, `ZETA PASS ${canaries.refused}`, "ZETA DONE"],
  ],
  [
    "a loader that takes nothing",
    ["ZETA KERNEL 6.1.0-50", `ZETA FAIL ${canaries.taken}`, `ZETA FAIL ${canaries.refused}`, "ZETA DONE"],
  ],
])("%s fails, whatever became of the objects", (_, lines) => {
  expect(judged([], lines)).toEqual([["(the test itself)", "FAIL"]]);
});

test("an object that the guest never came to fails", () => {
  const rows = judged(["a.o"], ["ZETA KERNEL 6.1.0-50", ...healthy, "ZETA DONE"]);
  expect(rows).toEqual([["a.o", "FAIL"]]);
});
