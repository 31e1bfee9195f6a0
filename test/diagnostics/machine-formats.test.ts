import { expect, test } from "vitest";
import { problemsAsJson } from "../../compiler/diagnostics/json.ts";
import { problemsAsSarif } from "../../compiler/diagnostics/sarif.ts";
import { span, unboundedLoop, unused, withNote } from "./sample.ts";

const problems = [
  withNote(unboundedLoop(span(2, 11, 17), "for"), "declared here", span(1, 7, 12)),
  unused({ ...span(9, 1, 4), file: "lib/a b#c.ts" }, "x"),
  unboundedLoop(null, "do"),
];

test("JSON has exactly the documented properties, in order", () => {
  const extended = problems.map((problem) => ({ ...problem, internal: Symbol("ours") }));
  expect(JSON.stringify(problemsAsJson(extended)[2])).toBe(
    '{"code":"ZT9001","severity":"error","message":"This \'for\' has no end.","fix":"Count to a constant.",' +
      '"at":{"file":"service.ts","line":2,"column":11,"endLine":2,"endColumn":17},' +
      '"notes":[{"message":"declared here","at":{"file":"service.ts","line":1,"column":7,"endLine":1,"endColumn":12}}],' +
      '"detail":null}',
  );
  expect(problemsAsJson(problems)[0]?.at).toBeNull();
});

test("SARIF has what its schema requires", () => {
  const log = problemsAsSarif(problems, { version: "1.2.3", root: "/work folder" });
  expect(log.version).toBe("2.1.0");
  const [run] = log.runs;
  expect(run?.tool.driver).toMatchObject({ name: "zeta", version: "1.2.3" });
  expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(["ZT9001", "ZT9002"]);
  expect(run?.columnKind).toBe("utf16CodeUnits");
  expect(run?.originalUriBaseIds).toEqual({ ROOT: { uri: "file:///work%20folder/" } });
  for (const result of run?.results ?? []) {
    expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
    expect(result.message.text).not.toBe("");
    expect(["error", "warning"]).toContain(result.level);
  }
});

test("SARIF regions are 1-based with an exclusive end, and relate notes", () => {
  const results = problemsAsSarif(problems, { version: "1" }).runs[0]?.results;
  expect(results?.[2]).toMatchObject({
    ruleId: "ZT9001",
    level: "error",
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: "service.ts" },
          region: { startLine: 2, startColumn: 11, endLine: 2, endColumn: 17 },
        },
      },
    ],
    relatedLocations: [{ id: 0, message: { text: "declared here" } }],
  });
  expect(results?.[0]?.locations).toEqual([]);
  expect(results?.[1]?.locations[0]?.physicalLocation.artifactLocation).toEqual({ uri: "lib/a%20b%23c.ts" });
});

test("SARIF without problems is a run with no results, which clears earlier ones", () => {
  expect(problemsAsSarif([], { version: "1" }).runs[0]?.results).toEqual([]);
});
