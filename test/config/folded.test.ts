/** Config that is folded into the programs: fewer instructions, the same results, and no other value than that. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { createCompiler } from "../../compiler/index.ts";
import { foldedConfig } from "../../runtime/config/folded.ts";
import { withoutFolded } from "../../runtime/config/folded-fields.ts";
import type { Config } from "../../runtime/config/live.ts";
import { zeta } from "../cli/command.ts";
import { interpreter, kernel, type Running, tcp, udp } from "../kit/index.ts";

const SOURCE = fileURLToPath(new URL("./programs/switchboard.ts", import.meta.url));
const SITE: Config = {
  switchboard: { mode: 0, limits: { first: 100, last: 200, gate: "10.1.0.9" }, only: "2001:db8::5" },
};
const REST: Config = { switchboard: { blocked: { "10.6.0.0/16": 1 }, pair: { ports: [1, 2] } } };

const compiler = createCompiler();
async function lowered(config: Config | null) {
  const plain = await compiler.lower(SOURCE, { testBuild: true });
  if (!plain.ok) throw new ZetaError(plain.problems);
  if (config === null) return plain;
  const folded = await compiler.lower(SOURCE, { testBuild: true, fold: foldedConfig(plain.manifest, config) });
  if (!folded.ok) throw new ZetaError(folded.problems);
  return folded;
}
const sourceOf = ({ module, manifest }: Awaited<ReturnType<typeof lowered>>) => ({ module, manifest, object: null });

const packets = [
  ...[99, 100, 150, 200, 201].map((port) => udp(`10.0.0.7:${port}`, "10.1.0.1:53").payload("?")),
  udp("10.0.0.7:1", "10.1.0.9:53").payload("?"),
  udp("10.6.0.7:150", "10.1.0.1:53").payload("?"),
  tcp("10.0.0.7:150", "10.1.0.1:80").syn(),
  udp("[2001:db8::5]:150", "[2001:db8:1::1]:53").payload("?"),
  udp("[2001:db8::6]:150", "[2001:db8:1::1]:53").payload("?"),
];

describe.each([interpreter, kernel])("on the $name", (target) => {
  let plain: Running;
  let folded: Running;
  beforeAll(async () => {
    const missing = await target.missing();
    if (missing !== null) throw new Error(`this test needs ${missing}`);
    plain = await target.load(sourceOf(await lowered(null)));
    folded = await target.load(sourceOf(await lowered(SITE)));
    plain.config.set({ switchboard: { ...SITE.switchboard, ...REST.switchboard } });
    folded.config.set(REST);
  });
  afterAll(async () => {
    await plain?.close();
    await folded?.close();
  });

  test("the same becomes of every packet", async () => {
    const [one, other] = [await plain.run(...packets), await folded.run(...packets)];
    const told = (all: typeof one) => all.map(({ verdict, reason, packet }) => [verdict, reason, [...packet.bytes]]);
    expect(told(other)).toEqual(told(one));
    // The packets tell values apart.
    expect(new Set(one.map(({ reason }) => reason)).size).toBeGreaterThan(3);
  });

  test("what is folded is shown, may be said again, and cannot become another", () => {
    expect(folded.config.get("switchboard.mode")).toBe(0);
    expect(folded.config.get("switchboard.limits")).toEqual(SITE.switchboard?.limits);
    folded.config.set("switchboard.mode", 0);
    folded.config.set({ switchboard: { ...SITE.switchboard, ...REST.switchboard } });
    const { generation } = folded.config;
    const refusal = (change: () => void): string => {
      try {
        change();
        return "accepted";
      } catch (error) {
        return String(error);
      }
    };
    expect(refusal(() => folded.config.set("switchboard.mode", 1))).toMatch(/ZT6009.*'switchboard.mode'.*as 0/s);
    const whole = { switchboard: { ...SITE.switchboard, ...REST.switchboard, only: "2001:db8::6" } };
    expect(refusal(() => folded.config.set(whole))).toMatch(/ZT6009.*'switchboard.only'/s);
    expect(folded.config.generation).toBe(generation);
    // What is not folded changes as ever.
    folded.config.set("switchboard.blocked", {});
    folded.config.set("switchboard.blocked", REST.switchboard?.blocked);
  });
});

test("its programs are shorter, and what is never reached is gone; the manifest tells it", async () => {
  const plain = await compiler.compile(SOURCE);
  if (!plain.ok) throw new ZetaError(plain.problems);
  const fold = foldedConfig(plain.manifest, SITE);
  const folded = await compiler.compile(SOURCE, { fold });
  if (!folded.ok) throw new ZetaError(folded.problems);
  const length = ({ code }: typeof plain) => code.programs[0]?.instructions ?? 0;
  expect(length(folded)).toBeLessThan(length(plain) - 10);
  const fields = (of: typeof plain) => of.manifest.service?.config.filter(({ folded: bytes }) => bytes !== undefined);
  expect(fields(plain)).toEqual([]);
  expect(fields(folded)?.map(({ path }) => path)).toEqual([
    "switchboard.mode",
    "switchboard.limits",
    "switchboard.only",
  ]);
  // Built again, it is the same, byte for byte.
  const again = await compiler.compile(SOURCE, { fold });
  expect(again.ok && Buffer.from(again.code.object).equals(Buffer.from(folded.code.object))).toBe(true);
  // Config that serves goes on in a version that has folded some of it.
  const serving = { switchboard: { ...SITE.switchboard, ...REST.switchboard, mode: 1 } };
  expect(withoutFolded(folded.manifest, serving)).toEqual(REST);
});

test.each([
  ["a table", { switchboard: { blocked: {} } }, "ZT6010"],
  ["an array", { switchboard: { pair: { ports: [1, 2] } } }, "ZT6010"],
  ["a value of another shape", { switchboard: { mode: "fast" } }, "ZT6001"],
  ["what is no field", { switchboard: { colour: 1 } }, "ZT6002"],
])("%s is refused", async (_, config, code) => {
  const { manifest } = await lowered(null);
  expect(() => foldedConfig(manifest, config as Config)).toThrow(code);
});

test("the command folds what a file gives, and refuses what cannot be, with its name", () => {
  const folder = mkdtempSync(join(tmpdir(), "zeta-fold-"));
  try {
    const build = (config: unknown) => {
      writeFileSync(join(folder, "site.json"), JSON.stringify(config));
      const words = ["--fold", "site.json", "--out", "out", "--no-verify"];
      return zeta(["build", SOURCE, ...words], { cwd: folder });
    };
    expect(build(SITE).code).toBe(0);
    const manifest = JSON.parse(readFileSync(join(folder, "out", "manifest.json"), "utf8"));
    const fields = manifest.service.config as { path: string; folded?: string }[];
    expect(fields.find(({ path }) => path === "switchboard.mode")?.folded).toBe("00");
    expect(fields.find(({ path }) => path === "switchboard.blocked")?.folded).toBeUndefined();
    const wrong = build({ switchboard: { blocked: {} } });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("'switchboard.blocked' cannot be folded")]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
