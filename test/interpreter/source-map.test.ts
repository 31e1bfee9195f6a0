import { SourceMap } from "node:module";
import { describe, expect, test } from "vitest";
import { createMachine, generate, InterpreterFault } from "../../compiler/interpreter/index.ts";
import type { Place, Statement } from "../../compiler/ir/ir.ts";
import { ModuleBuilder, u32 } from "../kit/ir.ts";

/** Two files: a library's function on far-away lines, and a program that calls it. */
function twoFiles() {
  const module = new ModuleBuilder("program");
  const double = module.function("double", ["u32"], "u32", (to, [value]) => {
    to.return(to.binary("mul", "u32", value as never, u32(2)));
  });
  module.program("main", (to) => {
    to.repeat(u32(3), () => to.effect({ op: "call", function: double, values: [u32(1)], type: "u32" }));
    const place = to.let("packet", { op: "packetAt", offset: u32(0), max: 0 });
    to.return(to.load("u32", 1, place));
  });
  const built = module.buildUnchecked();
  const moved = (at: Place): Place => ({ file: 1, line: at.line + 500, column: at.column + 20 });
  const functions = built.functions.map((func) => ({
    ...func,
    at: moved(func.at),
    body: func.body.map((one): Statement => ({ ...one, at: moved(one.at) })),
  }));
  const files = [...built.files, { path: "lib/double.ts", text: "// far away\n" }];
  return { ...built, functions, files };
}

describe("source maps", () => {
  const module = twoFiles();
  const { code, map } = generate(module);
  const lines = code.split("\n");
  const source = new SourceMap({
    ...map,
    sources: [...map.sources],
    sourcesContent: [...map.sourcesContent],
    names: [],
  });
  const original = (needle: string) => {
    const line = lines.findIndex((text) => text.includes(needle));
    const column = (lines[line] as string).search(/\S/);
    const entry = source.findEntry(line, column);
    return "originalLine" in entry
      ? `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
      : "none";
  };

  test("lead each statement to the author's line and column, in each file", () => {
    expect(original("Math.imul")).toBe("lib/double.ts:502:23");
    expect(original("return t$1")).toBe("lib/double.ts:503:23");
    expect(original("for (let")).toBe("program.ts:5:3");
    expect(original("double$f0(1)")).toBe("program.ts:6:3");
    expect(original("frame.getUint8")).toBe("program.ts:8:3");
  });

  test("carry the sources, and are inlined where debuggers look", () => {
    expect(map.sources).toEqual(["program.ts", "lib/double.ts"]);
    expect(map.sourcesContent[0]).toContain("line 7\n");
    expect(code).toContain("\n//# sourceURL=zeta-interpreter/program.js\n");
    const inline = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(code)?.[1] as string;
    expect(JSON.parse(Buffer.from(inline, "base64").toString())).toEqual(map);
  });

  test("resolve against the root that the caller names", () => {
    expect(generate(module, { sourceRoot: "file:///src/" }).map.sourceRoot).toBe("file:///src/");
  });

  test("a fault names the author's line too", () => {
    expect(() => createMachine(module).run("main", new Uint8Array(0))).toThrow(InterpreterFault);
    expect(() => createMachine(module).run("main", new Uint8Array(0))).toThrow(/program\.ts:8:3/);
  });
});
