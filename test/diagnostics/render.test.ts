import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { drawMarked } from "../../compiler/diagnostics/cells.ts";
import { collectProblems } from "../../compiler/diagnostics/collect.ts";
import { wantsColour } from "../../compiler/diagnostics/colour.ts";
import { renderProblem, renderProblems, summary } from "../../compiler/diagnostics/render.ts";
import { problemsAsText } from "../../compiler/diagnostics/text.ts";
import { source, span, unboundedLoop, unused, withNote } from "./sample.ts";

describe("one problem", () => {
  test("shows its line, a caret under the place, and the fix", () => {
    expect(renderProblem(unboundedLoop(span(2, 11, 17), "for"), { source })).toBe(`error ZT9001: This 'for' has no end.
  ┌ service.ts:2:11
2 │   const { source } = packet;
  │           ^^^^^^
fix: Count to a constant.`);
  });

  test("shows other places that explain it", () => {
    const problem = withNote(unused(span(2, 11, 17), "source"), "The table is declared here:", span(1, 7, 12));
    expect(renderProblem(problem, { source })).toBe(`warning ZT9002: 'source' is not used.
  ┌ service.ts:2:11
2 │   const { source } = packet;
  │           ^^^^^^
fix: Remove it.
note: The table is declared here:
  ┌ service.ts:1:7
1 │ const rules = table();
  │       ^^^^^`);
  });

  test("without a place has no frame; with an unknown file only the place", () => {
    expect(renderProblem(unboundedLoop(null, "for"))).toBe(
      "error ZT9001: This 'for' has no end.\nfix: Count to a constant.",
    );
    const elsewhere = { ...span(7, 2, 3), file: "gone.ts" };
    expect(renderProblem(unboundedLoop(elsewhere, "for"), { source })).toContain("\n  ┌ gone.ts:7:2\nfix:");
  });

  test("over several lines is marked to the end of the first", () => {
    expect(renderProblem(unboundedLoop(span(1, 15, 3, 3), "for"), { source })).toContain(
      "1 │ const rules = table();\n  │               ^^^^^^^^…\n",
    );
  });

  test("counts tabs and wide characters as the terminal does", () => {
    expect(renderProblem(unboundedLoop(span(3, 2, 4), "if"), { source })).toContain("3 │     if (source");
    expect(renderProblem(unboundedLoop(span(3, 2, 4), "if"), { source })).toContain("\n  │     ^^\n");
    expect(renderProblem(unboundedLoop(span(4, 24, 26), "x"), { source })).toContain(`\n  │ ${" ".repeat(26)}^^^^\n`);
  });

  test("at the end of a line still shows a caret", () => {
    expect(renderProblem(unboundedLoop(span(1, 23, 23), "x"), { source })).toContain(`\n  │ ${" ".repeat(22)}^\n`);
  });

  test("keeps its log for --verbose", () => {
    const problem = { ...unboundedLoop(null, "for"), detail: "0: (b7) r0 = 2\n1: (95) exit\n" };
    expect(renderProblem(problem)).toMatch(/--verbose\.$/);
    expect(renderProblem(problem, { verbose: true })).toMatch(/log:\n {2}0: \(b7\) r0 = 2\n {2}1: \(95\) exit$/);
  });

  test("is coloured only when asked", () => {
    expect(renderProblem(unboundedLoop(span(1, 1, 6), "for"), { source })).not.toContain("\u001b");
    const coloured = renderProblem(unboundedLoop(span(1, 1, 6), "for"), { source, colour: true });
    expect(coloured).toContain("\u001b[1;31merror ZT9001:\u001b[22;39m");
    expect(stripVTControlCharacters(coloured)).toBe(renderProblem(unboundedLoop(span(1, 1, 6), "for"), { source }));
  });
});

describe("a long line", () => {
  const line = `${"a".repeat(200)}HERE${"b".repeat(200)}`;

  test("is clipped around the mark", () => {
    const drawn = drawMarked(line, 200, 204, 60);
    expect(drawn.text).toBe(`…${"a".repeat(20)}HERE${"b".repeat(34)}…`);
    expect(drawn.text).toHaveLength(60);
    expect(drawn.text.slice(drawn.before, drawn.before + drawn.marked)).toBe("HERE");
  });

  test("is clipped at its end alone when the mark is near its start", () => {
    const drawn = drawMarked(line, 3, 5, 60);
    expect(drawn).toEqual({ text: `${"a".repeat(59)}…`, before: 3, marked: 2 });
  });

  test("is clipped at its start alone when the mark is at its end", () => {
    const drawn = drawMarked(line, 400, 404, 60);
    expect(drawn.text).toBe(`…${"b".repeat(24)}`);
    expect(drawn.text.slice(drawn.before, drawn.before + drawn.marked)).toBe("bbbb");
  });

  test("with a mark wider than the screen is marked to the edge", () => {
    const drawn = drawMarked(line, 0, 404, 60);
    expect(drawn.before + drawn.marked).toBeLessThanOrEqual(60);
    expect(drawn.text).toHaveLength(60);
  });

  test("with wide characters never exceeds the screen, nor splits one", () => {
    const drawn = drawMarked("値".repeat(100), 50, 51, 41);
    expect(drawn.text).toBe(`…${"値".repeat(19)}…`);
    expect(drawn.before).toBe(21);
    expect(drawn.marked).toBe(2);
  });
});

test("control characters in a source cannot steer the terminal", () => {
  expect(drawMarked("a\u001b[2Jb", 0, 1, 80).text).toBe("a\ufffd[2Jb");
});

describe("many problems", () => {
  const late = unboundedLoop(span(4, 1, 2), "while");
  const early = unused(span(2, 3, 8), "x");

  test("stand in order of place, each once, with a count at the end", () => {
    const text = renderProblems([late, early, late, unboundedLoop(null, "do")], { source });
    expect([...text.matchAll(/ZT\d+: (.*)/g)].map((match) => match[1])).toEqual([
      "This 'do' has no end.",
      "'x' is not used.",
      "This 'while' has no end.",
    ]);
    expect(text).toMatch(/\n\n2 errors and 1 warning\. More about a code: zeta explain ZT9001\n$/);
  });

  test("of the same place and code but different words are all told", () => {
    expect(collectProblems([unboundedLoop(span(1, 1, 2), "a"), unboundedLoop(span(1, 1, 2), "b")])).toHaveLength(2);
  });

  test("none is silence", () => {
    expect(renderProblems([])).toBe("");
    expect(summary([])).toBe("no problems");
    expect(summary([late])).toBe("1 error");
  });

  test("as text are one per line, whatever their words", () => {
    const wordy = { ...late, message: "one\ntwo" };
    expect(problemsAsText([wordy, unused(null, "y")])).toBe(
      "warning ZT9002: 'y' is not used. Remove it.\nservice.ts:4:1: error ZT9001: one two Count to a constant.\n",
    );
  });
});

describe("colour", () => {
  const terminal = (isTTY: boolean, env = {}) => ({ isTTY, env });

  test.each([
    ["a terminal has it", "auto", terminal(true), true],
    ["a pipe has not", "auto", terminal(false), false],
    ["NO_COLOR turns it off", "auto", terminal(true, { NO_COLOR: "1" }), false],
    ["an empty NO_COLOR says nothing", "auto", terminal(true, { NO_COLOR: "" }), true],
    ["FORCE_COLOR turns it on", "auto", terminal(false, { FORCE_COLOR: "1" }), true],
    ["FORCE_COLOR=0 turns it off", "auto", terminal(true, { FORCE_COLOR: "0" }), false],
    ["NO_COLOR is stronger than FORCE_COLOR", "auto", terminal(true, { NO_COLOR: "1", FORCE_COLOR: "1" }), false],
    ["a dumb terminal has not", "auto", terminal(true, { TERM: "dumb" }), false],
    ["--color always is stronger than NO_COLOR", "always", terminal(false, { NO_COLOR: "1" }), true],
    ["--color never is stronger than FORCE_COLOR", "never", terminal(true, { FORCE_COLOR: "1" }), false],
  ] as const)("%s", (_, choice, where, expected) => {
    expect(wantsColour(choice, where)).toBe(expected);
  });
});
