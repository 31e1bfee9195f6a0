import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { manifestDigest } from "../../compiler/bundle/digest.ts";
import { BUNDLE_FORMAT, type Manifest, type ManifestFile } from "../../compiler/bundle/manifest.ts";
import { load, openBundle, testRun } from "../../runtime/index.ts";
import { u16, u32 } from "../../sdk/layout/layouts.ts";
import { fixture, frame } from "./fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zeta-bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A bundle of globals.c, with what is given instead of what is right. */
function bundle(
  change: Partial<Record<keyof ManifestFile, unknown>> = {},
  object: Uint8Array = fixture("globals"),
): Manifest {
  const manifest: Manifest = {
    format: BUNDLE_FORMAT,
    name: "judge",
    zeta: "0.1.0",
    programs: [{ name: "judge", section: "xdp" }],
    maps: [],
    globals: [
      { name: "verdict", layout: u32.layout, constant: true, offset: 0 },
      { name: "unused_before", layout: u16.layout, constant: true, offset: 4 },
    ],
    service: null,
    objects: [{ file: "v3.o", cpu: "v3", sha256: digest(object), llvm: "19.1.7", irBuilder: "text" }],
    sources: [],
  };
  const content = JSON.parse(JSON.stringify({ ...manifest, ...change }));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ digest: manifestDigest(content), ...content }));
  writeFileSync(join(folder, "v3.o"), object);
  return manifest;
}

test("a bundle loads, and its globals have the types of its manifest", async () => {
  bundle();
  using object = await load(await openBundle(folder), { constants: { verdict: 3 } });
  expect(object.name).toBe("judge");
  expect(object.globals.read("verdict")).toBe(3);
  expect(object.globals.read("unused_before")).toBe(7);
  expect(testRun(object.program("judge"), { packet: frame() }).action).toBe(3);
  await expect(load(await openBundle(folder), { constants: { verdict: -1 } })).rejects.toMatchObject({
    code: "ZT4016",
  });
});

test("an object and its manifest load without a folder", async () => {
  using object = await load({ object: fixture("globals"), manifest: bundle() });
  expect(object.globals.read("verdict")).toBe(1);
});

test("the newest instruction set that the kernel takes is chosen", async () => {
  const manifest = bundle();
  const v2 = fixture("globals", [], "v2");
  writeFileSync(join(folder, "v2.o"), v2);
  const objects = [...manifest.objects, { ...manifest.objects[0], file: "v2.o", cpu: "v2", sha256: digest(v2) }];
  bundle({ objects });
  const opened = await openBundle(folder);
  expect([...opened.objects.keys()].sort()).toEqual(["v2", "v3"]);
  (await load(opened)).close();
  (await load(opened, { cpu: "v2" })).close();
  await expect(load(opened, { cpu: "v4" })).rejects.toMatchObject({ code: "ZT4019" });
});

test.each([
  ["newer", { format: BUNDLE_FORMAT + 1 }, "ZT4011", "Update Zeta"],
  ["of no format", { format: undefined }, "ZT4010", "format"],
  ["without programs", { programs: undefined }, "ZT4010", "programs"],
  ["with a map of an unknown kind", { maps: [{ kind: "rope" }] }, "ZT4010", "maps.0"],
  ["without objects", { objects: [] }, "ZT4010", "no object"],
  ["without a digest of its manifest", { digest: null }, "ZT4010", "no digest of its content"],
  ["with another digest", { digest: "0".repeat(64) }, "ZT4010", "changed since it was built"],
  [
    "whose object lies elsewhere",
    { objects: [{ file: "../v3.o", cpu: "v3", sha256: "", llvm: "", irBuilder: "text" }] },
    "ZT4010",
    "beside the manifest",
  ],
])("a bundle %s is refused", async (_, change, code, words) => {
  bundle(change);
  await expect(openBundle(folder)).rejects.toMatchObject({ code });
  await expect(openBundle(folder)).rejects.toThrow(words);
});

test("an object that is not the manifest's is refused, were it a byte", async () => {
  bundle();
  const changed = Buffer.from(fixture("globals"));
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  writeFileSync(join(folder, "v3.o"), changed);
  await expect(openBundle(folder)).rejects.toMatchObject({ code: "ZT4012" });
  rmSync(join(folder, "v3.o"));
  await expect(openBundle(folder)).rejects.toMatchObject({ code: "ZT4010" });
});

test("a cut manifest and a folder that is no bundle are refused", async () => {
  writeFileSync(join(folder, "manifest.json"), '{ "format": 1, ');
  await expect(openBundle(folder)).rejects.toMatchObject({ code: "ZT4010" });
  await expect(openBundle(join(folder, "nowhere"))).rejects.toMatchObject({ code: "ZT4010" });
});

test.each(["manifest.json", "v3.o"])("a FIFO in the place of %s is refused, not waited for", async (name) => {
  bundle();
  rmSync(join(folder, name));
  expect(spawnSync("mkfifo", [join(folder, name)]).status).toBe(0);
  await expect(openBundle(folder)).rejects.toMatchObject({
    problems: [{ code: "ZT4010", message: expect.stringContaining("it is a FIFO") }],
  });
});
