/** What commands keep is bounded: what was used longest ago goes first, and nobody is harmed by it. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cacheBytes, MOST_CACHE_BYTES, trimCache } from "../../runtime/cli/trim-cache.ts";
import { MAIN, zeta } from "./command.ts";

let home: string;
let cache: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "zeta-cache-"));
  cache = join(home, "zeta");
  mkdirSync(join(cache, "v1"), { recursive: true });
  mkdirSync(join(cache, "v2"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const HOUR = 3_600_000;
/** A file that was written and read so many hours ago. */
function file(
  name: string,
  { bytes = 100, written, read = written }: { bytes?: number; written: number; read?: number },
): string {
  const path = join(cache, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes));
  utimesSync(path, (Date.now() - read * HOUR) / 1000, (Date.now() - written * HOUR) / 1000);
  return path;
}
const left = (): string[] =>
  (readdirSync(cache, { recursive: true }) as string[]).filter((name) => name !== "trimmed").sort();

test("what was used longest ago goes, down to three quarters of what may be; empty folders go with it", () => {
  file("v1/old", { written: 9 });
  file("v1/older", { written: 10 });
  file("v2/read", { written: 20, read: 1 });
  file("v2/new", { written: 2 });
  const outside = join(home, "outside");
  writeFileSync(outside, "x".repeat(1000));
  symlinkSync(outside, join(cache, "v2/link"));
  // The link's own length counts, and what it leads to does not.
  expect(cacheBytes(cache)).toBe(400 + outside.length);
  expect(trimCache(cache, 350)).toBe(200);
  expect(left()).toEqual(["v2", "v2/link", "v2/new", "v2/read"]);
  expect(statSync(outside).size).toBe(1000);
});

test("what is within bounds stays; so does what may be being written", () => {
  file("v1/one", { written: 50 });
  expect(trimCache(cache, 100)).toBe(0);
  file("v1/fresh", { written: 0 });
  expect(trimCache(cache, 50, Date.now() + 2 * HOUR - 30_000)).toBe(200);
  file("v2/fresh", { written: 0 });
  expect(trimCache(cache, 50, Date.now() + 30_000)).toBe(0);
  expect(left()).toContain("v2/fresh");
});

test("it is looked after once an hour, by whoever comes first; a mark from the future binds nobody", () => {
  const again = (): string => file("v1/one", { written: 50 });
  again();
  expect(trimCache(cache, 10)).toBe(100);
  again();
  expect(trimCache(cache, 10)).toBe(0);
  expect(trimCache(cache, 10, Date.now() + HOUR + 1000)).toBe(100);
  again();
  expect(trimCache(cache, 10, Date.now())).toBe(100);
});

test("a folder that is not there, or is none, is nobody's mistake", () => {
  expect(trimCache(join(home, "nothing"))).toBe(0);
  writeFileSync(join(home, "text"), "");
  expect(trimCache(join(home, "text"))).toBe(0);
  expect([cacheBytes(join(home, "nothing")), existsSync(join(home, "nothing"))]).toEqual([0, false]);
});

test("a command trims the folder that it keeps things in, and says how much there is", () => {
  const env = { XDG_CACHE_HOME: home };
  const sparse = join(cache, "v1/large");
  writeFileSync(sparse, "");
  // Sparse: its length counts.
  const length = MOST_CACHE_BYTES + 1;
  expect(zeta(["--version"], { env }).code).toBe(0);
  const kept = left().length;
  expect(kept).toBeGreaterThan(10);
  rmSync(join(cache, "trimmed"));
  truncateSync(sparse, length);
  utimesSync(sparse, 1, 1);
  file("v2/recent", { written: 1 });
  const said = JSON.parse(zeta(["doctor", "--json"], { env }).stdout) as { facts: { id: string; found: string }[] };
  expect(said.facts.find(({ id }) => id === "cache")?.found).toMatch(/^25[78] MiB of at most 256 MiB in .*zeta-cache-/);
  expect(existsSync(sparse)).toBe(false);
  expect(left()).toContain("v2/recent");
  expect(left().length).toBeGreaterThan(kept);
});

test("commands that run while others trim all come to their ends", async () => {
  const env = { ...process.env, XDG_CACHE_HOME: home };
  const commands = Array.from({ length: 4 }, () => {
    const command = spawn(process.execPath, [MAIN, "explain", "ZT1001"], { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = Promise.withResolvers<number | null>();
    command.on("close", ended.resolve).on("error", ended.reject);
    return ended.promise;
  });
  let running = true;
  const all = Promise.all(commands).finally(() => {
    running = false;
  });
  // As if each time were an hour later, and everything were old.
  for (let round = 1; running; round++) {
    trimCache(cache, 0, Date.now() + round * 2 * HOUR);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await all).toEqual([0, 0, 0, 0]);
});
