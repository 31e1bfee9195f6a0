import { expect, test } from "vitest";
import { importsOf } from "../../scripts/lint/imports.ts";
import { walls } from "../../scripts/lint/walls.ts";

/** The names of the walls that a file breaks with one line of source whose import leads to `target`. */
const broken = (file: string, line: string, target: string) =>
  importsOf(file, line).flatMap((one) =>
    walls.filter((wall) => wall.covers(file) && wall.forbids(target, one) !== null).map((wall) => wall.name),
  );

test.each([
  ["sdk/maps/maps.ts", 'import fs from "node:fs";', "node:fs"],
  ["sdk/maps/maps.ts", 'export * from "../../compiler/api.ts";', "compiler/api.ts"],
  ["compiler/index.ts", 'import { load } from "../runtime/index.ts";', "runtime/index.ts"],
  ["compiler/index.ts", 'await import("node:net");', "node:net"],
  ["compiler/frontend/types.ts", 'import llvm from "llvm-bindings";', "llvm-bindings"],
  ["runtime/maps/keyed.ts", 'import koffi from "koffi";', "koffi"],
  ["runtime/maps/keyed.ts", 'const koffi = require("koffi");', "koffi"],
  ["runtime/index.ts", 'import ts from "typescript";', "typescript"],
  ["test/kit/index.ts", 'import { compile } from "../../compiler/index.ts";', "compiler/index.ts"],
  ["examples/acl/service.ts", 'import { load } from "zeta/runtime";', "runtime"],
  ["runtime/lab/lab.ts", 'import "../../test/kit/index.ts";', "test/kit/index.ts"],
])("%s may not say %s", (file, line, target) => {
  expect(broken(file, line, target)).not.toEqual([]);
});

test.each([
  ["sdk/maps/maps.ts", 'import type { LayoutData } from "../layout/data.ts";', "sdk/layout/data.ts"],
  ["compiler/backend/builders/bindings.ts", 'import llvm from "llvm-bindings";', "llvm-bindings"],
  ["runtime/loader/library.ts", 'import koffi from "koffi";', "koffi"],
  ["test/kit/targets/compile.ts", 'await import("../../../compiler/index.ts");', "compiler/index.ts"],
  ["runtime/cli/main.ts", 'import "../../compiler/index.ts";', "compiler/index.ts"],
  ["examples/acl/service.ts", 'import { pass } from "zeta";', "sdk"],
])("%s may say %s", (file, line, target) => {
  expect(broken(file, line, target)).toEqual([]);
});
