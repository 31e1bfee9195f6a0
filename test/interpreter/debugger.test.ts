import { SourceMap } from "node:module";
import { expect, test } from "vitest";
import { createMachine, generate } from "../../compiler/interpreter/index.ts";
import { moduleOf, u32 } from "../kit/ir.ts";
import { debug } from "./debugger.ts";

/** Lines of the IR's source: the function is line 1, its statements follow. */
const summing = moduleOf((to) => {
  const sum = to.variable("u32", "sum");
  to.set(sum, u32(1));
  to.set(sum, u32(2));
  to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: to.get(sum), b: u32(2) }), () =>
    to.set(sum, u32(40)),
  );
  to.set(sum, to.binary("add", "u32", to.get(sum), u32(2)));
  to.return(to.get(sum));
}, "summing");

test("a debugger breaks at an author's line, steps line by line, and sees the author's variables", async () => {
  const { map, url } = generate(summing);
  const source = new SourceMap({
    ...map,
    sources: [...map.sources],
    sourcesContent: [...map.sourcesContent],
    names: [],
  });
  const authored = (line: number, column: number): number => {
    const entry = source.findEntry(line, column);
    return "originalLine" in entry ? entry.originalLine + 1 : -1;
  };
  const generated = map.mappings.split(";").map((_, line) => authored(line, 99));

  const machine = createMachine(summing);
  await using session = await debug({ url, line: generated.indexOf(3), steps: 6, watch: "sum$v0" });
  expect(machine.run("main", new Uint8Array(0)).action).toBe(42);
  const stops = await session.stops;
  expect(stops.map(({ line, column }) => authored(line, column))).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(stops.map(({ watched }) => watched)).toEqual(["1", "2", "2", "2", "2", "40", "40"]);
});
