/** What the command takes for a file of config, and what it says of the rest. */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { readConfig } from "../../runtime/cli/run/config-file.ts";
import { openSession } from "../../runtime/cli/session.ts";
import { temporaryFolder } from "./command.ts";

const silent = { isTTY: false, columns: undefined, write: () => undefined };

/** Reads it as the file `given` of an otherwise empty folder; what it is told, where it is refused. */
function read(make: (path: string) => void): unknown {
  const cwd = temporaryFolder();
  make(join(cwd, "given"));
  try {
    return readConfig(openSession({ stdout: silent, stderr: silent, env: {}, cwd }, {}), "given");
  } catch (error) {
    return (error as ZetaError).problems.map(({ code, message }) => `${code} ${message}`);
  }
}
/** A hole of that size, which is not read. */
function emptyGigabyte(path: string): void {
  writeFileSync(path, "");
  truncateSync(path, 2 ** 30);
}
const holding = (content: string | Uint8Array) => (path: string) => writeFileSync(path, content);

test.each<[string, string | Uint8Array]>([
  ["plain", '{ "acl": { "rules": {} } }'],
  ["with a byte order mark", '\ufeff{ "acl": { "rules": {} } }'],
  ["that names its schema", '{ "$schema": "x", "acl": { "rules": {} } }'],
])("an object, %s", (_, content) => {
  expect(read(holding(content))).toEqual({ acl: { rules: {} } });
});

test("names may come again in another object, and look like anything", () => {
  const config = { a: { b: "}", c: [{ b: '":{' }, { b: "\\" }], '"b': 1, "b:": 2 }, b: {} };
  expect(read(holding(JSON.stringify(config)))).toEqual(config);
});

test.each<[string, (path: string) => void, RegExp]>([
  ["an empty file", holding(""), /Unexpected end/],
  ["a folder", (path) => void mkdirSync(path), /EISDIR/],
  ["a link to itself", (path) => symlinkSync(path, path), /ELOOP/],
  ["no JSON", holding("{ acl }"), /position 2/],
  ["null", holding("null"), /it holds no object/],
  ["a list", holding("[]"), /it holds no object/],
  ["a text", holding('"acl"'), /it holds no object/],
  ["bytes that are no UTF-8", holding(Buffer.from('{ "\xff": 1 }', "latin1")), /it is not UTF-8/],
  ["a name twice", holding('{ "a": 1,\n "b": {},\n "a": 2 }'), /'a' stands there twice in one object \(line 3\)/],
  ["a name twice, once in disguise", holding('[{ "a": { "x": 1, "\\u0078": 2 } }]'), /'x' stands there twice/],
  ["nesting without end", holding("[".repeat(100_000) + "]".repeat(100_000)), /nests deeper than 64 \(line 1\)/],
  ["a file of a gigabyte", emptyGigabyte, /longer than 134217728/],
])("%s is refused", (_, make, reason) => {
  expect(read(make)).toEqual([expect.stringMatching(/^ZT6006 The config file 'given' cannot be read: .*[^.]\.$/)]);
  expect(String(read(make))).toMatch(reason);
});

test("a file that is not there is said to be missing", () => {
  expect(read(() => undefined)).toEqual(["ZT6006 There is no config file 'given'."]);
});
