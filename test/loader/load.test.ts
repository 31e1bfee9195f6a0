import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { compile } from "../../compiler/index.ts";
import { type LoadedObject, load, testRun } from "../../runtime/index.ts";
import { xdpObject } from "../../runtime/lab/xdp-object.ts";
import { bpfDescriptors } from "./descriptors.ts";
import { fixture, frame } from "./fixtures.ts";

/** call bpf_skb_store_bytes; exit: a function that this kernel has, but not for XDP, as one has none of what came later. */
const FOREIGN_HELPER = [0x85, 0, 0, 0, 9, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];

const XDP_ABORTED = 0;
const XDP_PASS = 2;

async function loaded(...what: Parameters<typeof load>): Promise<LoadedObject> {
  const object = await load(...what);
  onTestFinished(() => object.close());
  return object;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs lines of TypeScript in a fresh Node. */
const inNode = (script: string, env: Readonly<Record<string, string>> = {}): string =>
  execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });

test("what the compiler gives is loaded as it is", async () => {
  const compiled = await compile(join(root, "examples/embed/service.ts"));
  if (!compiled.ok) throw new ZetaError(compiled.problems);
  const { programs, manifest } = await loaded(compiled);
  expect([...programs.keys()].sort()).toEqual(compiled.manifest.programs.map(({ name }) => name).sort());
  expect(manifest).toBe(compiled.manifest);
});

test("a loaded program runs on a packet", async () => {
  const object = await loaded(fixture("pass"));
  const result = testRun(object.program("pass"), { packet: frame(100) });
  expect(result.action).toBe(XDP_PASS);
  expect(result.packet).toEqual(frame(100));
  expect(object.btfLoaded).toBe(true);
  expect(object.program("pass").information.instructions).toBe(2);
});

test("the verifier's words are there when asked for", async () => {
  expect((await loaded(fixture("maps"))).program("count").log).toBeNull();
  const statistics = (await loaded(fixture("maps"), { log: "statistics" })).program("count").log;
  expect(statistics?.instructions).toBeGreaterThan(10);
  expect(statistics?.stack).toEqual([8]);
  const full = (await loaded(fixture("maps"), { log: "full" })).program("count").log;
  expect(full?.text).toContain("@ maps.c:");
});

test("constants are patched by name and width, and data stays writable", async () => {
  const object = await loaded(fixture("globals"), { constants: { verdict: XDP_PASS, threshold: 2n, seeded: 100 } });
  const run = () => testRun(object.program("judge"), { packet: frame() }).action;
  expect([run(), run(), run()]).toEqual([XDP_ABORTED, XDP_ABORTED, XDP_PASS]);
  const word = (name: string) => Buffer.from(object.globals.read(name) as Uint8Array).readUInt32LE(0);
  expect(word("seen")).toBe(3);
  expect(word("seeded")).toBe(103);
  expect(word("verdict")).toBe(XDP_PASS);
  object.globals.write("seen", 0n);
  expect(run()).toBe(XDP_ABORTED);
  expect(() => object.globals.write("verdict", 1)).toThrow("ZT4016");
});

test.each([
  [{ verdict: 2n ** 32n }, "ZT4016"],
  [{ verdict: new Uint8Array(3) }, "ZT4016"],
  [{ verdict: "2" }, "ZT4016"],
  [{ verdikt: 1 }, "ZT4015"],
])("a constant that does not fit is refused: %o", async (constants, code) => {
  await expect(load(fixture("globals"), { constants })).rejects.toMatchObject({ code });
});

test("only the programs asked for are loaded", async () => {
  const object = await loaded(fixture("refused"), { programs: ["innocent"] });
  expect([...object.programs.keys()]).toEqual(["innocent"]);
  expect(() => object.program("endless")).toThrow("It declares: innocent");
  await expect(load(fixture("refused"), { programs: ["nobody"] })).rejects.toMatchObject({ code: "ZT4015" });
});

test("a map's size can be set before loading", async () => {
  const object = await loaded(fixture("shared"), { maxEntries: { totals: 3 } });
  expect(object.map("totals").maxEntries).toBe(3);
});

test("a damaged object is refused, and nothing stays open", async () => {
  const good = fixture("pass");
  const before = bpfDescriptors();
  const broken = Buffer.from(good);
  broken.writeUInt16LE(62, 18); // x86-64
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(200),
    good.subarray(0, 70),
    good.subarray(0, good.length / 2),
    broken,
  ]) {
    await expect(load(bytes)).rejects.toMatchObject({ code: "ZT4008" });
  }
  expect(bpfDescriptors()).toEqual(before);
});

test("every truncation of an object is a problem of ours, never a crash", async () => {
  const good = fixture("globals");
  for (let length = 0; length < good.length; length += 97) {
    await expect(load(good.subarray(0, length))).rejects.toMatchObject({ name: "ZetaError" });
  }
});

test("importing the runtime loads neither koffi, zod, LLVM nor TypeScript", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zeta-import-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Bundled as the package is published: here Node would strip the types of each file first.
  const { metafile } = await build({
    entryPoints: [join(root, "runtime/index.ts")],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
    metafile: true,
  });
  const external = new Set<string>();
  const follow = (path: string): void => {
    for (const one of metafile.outputs[path]?.imports ?? []) {
      if (one.kind !== "import-statement") continue;
      if (one.external) external.add(one.path);
      else follow(one.path);
    }
  };
  follow(Object.keys(metafile.outputs).find((path) => path.endsWith("/index.mjs")) ?? "");
  expect([...external].filter((path) => !path.startsWith("node:"))).toEqual([]);
});

test("a missing libbpf is named, with the package that brings it", () => {
  const script = `
    const { load } = await import("./runtime/index.ts");
    await load(new Uint8Array(64)).catch((error) => console.log(error.message));`;
  const said = inNode(script, { ZETA_LIBBPF: "/nowhere/libbpf.so.1" });
  expect(said).toContain("ZT4001");
  expect(said).toContain("apt-get install libbpf1");
  expect(inNode(script, { ZETA_LIBBPF: "libc.so.6" })).toContain("ZT4001");
});

test("a function that the kernel does not offer is told from a program that is wrong", async () => {
  const refused = load(xdpObject(FOREIGN_HELPER));
  await expect(refused).rejects.toMatchObject({ code: "ZT4006" });
  await expect(refused).rejects.toThrow(
    /This kernel does not offer a helper function of this object: .*skb_store_bytes/,
  );
});
