import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type LoadOptions, load, mountBpffs, openPinnedMap, unmountBpffs } from "../../runtime/index.ts";
import { lookup } from "../../runtime/loader/map-operations.ts";
import { type TestBpffs, testBpffs } from "./bpffs.ts";
import { bpfDescriptors } from "./descriptors.ts";
import { fixture, runTimes } from "./fixtures.ts";

let bpffs: TestBpffs;
let pins: NonNullable<LoadOptions["pins"]>;
beforeAll(async () => {
  bpffs = await testBpffs();
  pins = { totals: join(bpffs.path, "totals") };
});
afterAll(() => bpffs[Symbol.asyncDispose]());

test("a pinned map outlives its object, and the next one goes on with it", async () => {
  const first = await load(fixture("shared"), { pins });
  runTimes(first.program("total"), 5);
  const { id } = first.map("totals");
  first.close();
  using second = await load(fixture("shared"), { pins });
  expect(second.map("totals").id).toBe(id);
  runTimes(second.program("total"), 2);
  using map = await openPinnedMap(join(bpffs.path, "totals"));
  expect(Buffer.from(lookup(map, Buffer.alloc(4)) ?? []).readUInt32LE(0)).toBe(7);
});

test.each([
  ["another value size", ["WIDE"], "packets@0: u64", "packets@0: u32"],
  ["other names of fields", ["RENAMED"], "octets@4: u32", "bytes@4: u32"],
  ["another order of fields", ["SWAPPED"], "bytes@0: u32", "packets@0: u32"],
  ["another size", ["ENTRIES=32"], "32 entries", "16 entries"],
])("%s is refused with both layouts, and nothing stays open or pinned", async (_, defines, wanted, pinned) => {
  using _first = await load(fixture("shared"), { pins });
  const before = bpfDescriptors();
  const both = { ...pins, other: join(bpffs.path, "other") };
  const refused = load(fixture("shared", defines), { pins: both });
  await expect(refused).rejects.toMatchObject({ code: "ZT4009" });
  await expect(refused).rejects.toThrow(wanted);
  await expect(refused).rejects.toThrow(pinned);
  expect(bpfDescriptors()).toEqual(before);
  expect(bpffs.names()).toEqual(["totals"]);
});

test("when one of several pins cannot be made, none is", async () => {
  const before = bpfDescriptors();
  for (const path of ["/tmp/zeta-other", join(bpffs.path, "missing", "other"), join(bpffs.path, "eth0.100")]) {
    await expect(load(fixture("shared"), { pins: { ...pins, other: path } })).rejects.toMatchObject({ code: "ZT4014" });
  }
  await expect(load(fixture("shared"), { pins: { nothing: join(bpffs.path, "x") } })).rejects.toMatchObject({
    code: "ZT4015",
  });
  expect(bpfDescriptors()).toEqual(before);
  expect(bpffs.names()).toEqual(["totals"]);
});

test("a pin that fails takes back those made before it", async () => {
  const before = bpfDescriptors();
  const both = join(bpffs.path, "both");
  const refused = load(fixture("shared"), { pins: { totals: both, other: both } });
  await expect(refused).rejects.toThrow(/ZT4017.*EEXIST/);
  expect(bpfDescriptors()).toEqual(before);
  expect(bpffs.names()).toEqual(["totals"]);
});

test("a refused program leaves no pin", async () => {
  const path = join(bpffs.path, "cells");
  await expect(load(fixture("refused"), { pins: { cells: path } })).rejects.toMatchObject({ code: "ZT4007" });
  expect(bpffs.names()).toEqual(["totals"]);
});

test("a file system that is in use is not unmounted, and mounting twice is one mount", async () => {
  expect(await mountBpffs(bpffs.path)).toBe(false);
  expect(bpffs.names()).toEqual(["totals"]);
  expect(await unmountBpffs(bpffs.path)).toBe(false);
  await expect(openPinnedMap(join(bpffs.path, "nothing"))).rejects.toMatchObject({ code: "ZT4017" });
});

test("a folder that is no BPF file system, or not ours, is left alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zeta-plain-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  expect(await unmountBpffs(folder)).toBe(true);
  expect(readdirSync(folder)).toEqual(["file"]);
  execFileSync("mount", ["-t", "bpf", "bpf", folder]);
  try {
    expect(await mountBpffs(folder)).toBe(false);
    expect(await unmountBpffs(folder)).toBe(false);
  } finally {
    execFileSync("umount", [folder]);
  }
});
