/** What the kit keeps of the node's programs between processes: found again as it was, and never needed. */
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { kept } from "../kit/targets/kept.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "zeta-kept-"));
  vi.stubEnv("XDG_CACHE_HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const value = { words: [1n, 2n ** 63n], bytes: Uint8Array.of(1, 2, 3), names: new Map([["a", null]]) };
const files = (): string[] => readdirSync(join(home, "zeta", "nodes"));

test("what was made once is found again, as it was", async () => {
  const make = vi.fn(async () => value);
  expect(await kept("one", make)).toEqual(value);
  expect(await kept("one", make)).toEqual(value);
  expect(await kept("two", make)).toEqual(value);
  expect(make).toHaveBeenCalledTimes(2);
  expect(files()).toHaveLength(2);
});

test("what is cut is made anew", async () => {
  const make = vi.fn(async () => value);
  await kept("one", make);
  truncateSync(join(home, "zeta", "nodes", files()[0] as string), 10);
  expect(await kept("one", make)).toEqual(value);
  expect(make).toHaveBeenCalledTimes(2);
});

test("without a place to keep it, it is made every time", async () => {
  writeFileSync(join(home, "zeta"), "");
  const make = vi.fn(async () => value);
  expect(await kept("one", make)).toEqual(value);
  expect(await kept("one", make)).toEqual(value);
  expect(make).toHaveBeenCalledTimes(2);
});
