import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Cpu } from "../../compiler/api.ts";
import { type ManifestFile, manifestSchema } from "../../compiler/bundle/manifest.ts";
import { mapMemory, mapsMemory } from "../../compiler/bundle/memory.ts";
import { replaceFolder } from "../../compiler/bundle/replace.ts";
import { bundleFiles, type CompiledModule, writeBundle } from "../../compiler/bundle/write.ts";
import { openBundle } from "../../runtime/loader/bundle.ts";
import { u32 } from "../../sdk/layout/layouts.ts";
import { counting } from "../ir/sample.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zeta-bundle-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function compiled(cpu: Cpu = "v3", more: Partial<CompiledModule> = {}): CompiledModule {
  return {
    ok: true,
    inputs: [],
    module: counting,
    manifest: {
      format: 1,
      name: "sample",
      zeta: "0.1.0",
      programs: [{ name: "main", section: "xdp" }],
      maps: counting.maps.map(({ at: _, ...map }) => map),
      globals: [],
      service: null,
      objects: [],
      sources: [],
    },
    code: {
      object: Buffer.from(`object for ${cpu}`),
      llvm: null,
      assembly: null,
      toolchain: { llvm: "19.1.7", irBuilder: "text", cpu },
      programs: [{ name: "main", instructions: 12, stack: 8 }],
    },
    problems: [],
    ...more,
  };
}

type Content = ManifestFile;

/** What a service adds to a manifest, with enough in it to be changed. */
const SERVICE = {
  globals: [{ name: "limit", layout: u32.layout, constant: true, offset: 0 }],
  service: {
    name: "sample",
    filter: null,
    decide: null,
    sole: null,
    sees: { client: true, replies: false },
    middleboxes: ["acl"],
    listen: null,
    endpoints: null,
    config: [{ path: "acl.limit", kind: "scalar", of: u32.layout, key: null, max: 0, size: 0, maps: ["config"] }],
    state: [],
    drops: ["acl: not allowed", "acl: rate"],
    dropsMap: "drops",
  },
} satisfies Partial<ManifestFile>;

describe("a written bundle", () => {
  test("takes away what a killed writer left beside it, and nothing else", () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const left = `.sample-${pid}-aB3dE9`;
    const others = [`.sample-${process.pid}-aB3dE9`, `.sample-two-${pid}-aB3dE9`, ".sample-old"];
    for (const name of [left, ...others]) mkdirSync(join(folder, name, "new"), { recursive: true });
    expect(writeBundle(join(folder, "sample"), compiled()).ok).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([...others, "sample"].sort());
  });

  test("is what the loader opens", async () => {
    const out = join(folder, "new/sample");
    const written = writeBundle(out, compiled());
    expect(written).toMatchObject({ ok: true, files: ["manifest.json", "sample.o"] });
    const bundle = await openBundle(out);
    expect(Buffer.from(bundle.objects.get("v3") ?? []).toString()).toBe("object for v3");
    expect(written.ok && bundle.manifest).toEqual(written.ok && written.manifest);
  });

  test.each([
    ["programs", (content: Content) => ({ ...content, programs: [] })],
    ["maps", (content: Content) => ({ ...content, maps: [] })],
    [
      "their sizes",
      (content: Content) => ({ ...content, maps: content.maps.map((map) => ({ ...map, maxEntries: 3 })) }),
    ],
    ["globals", (content: Content) => ({ ...content, globals: [] })],
    ["config", (content: Content) => ({ ...content, service: { ...content.service, config: [] } })],
    ["middleboxes", (content: Content) => ({ ...content, service: { ...content.service, middleboxes: [] } })],
    [
      "the order of drop reasons",
      (content: Content) => ({
        ...content,
        service: { ...content.service, drops: content.service?.drops.toReversed() },
      }),
    ],
    ["sources", (content: Content) => ({ ...content, sources: [] })],
    ["what no schema knows", (content: Content) => ({ ...content, note: "by hand" })],
    ["the digest", ({ digest: _, ...content }: Content) => content],
  ])("is refused once its manifest says something else: %s", async (_, change) => {
    const out = join(folder, "b");
    writeBundle(out, compiled("v3", { manifest: { ...compiled().manifest, ...SERVICE } }));
    const path = join(out, "manifest.json");
    const content: Content = JSON.parse(readFileSync(path, "utf8"));
    const write = (data: object) => writeFileSync(path, JSON.stringify(data));
    // Another order of properties, and no white space: the same content.
    write(Object.fromEntries(Object.entries(content).reverse()));
    expect((await openBundle(out)).manifest.service).toEqual(SERVICE.service);
    write(change(content));
    await expect(openBundle(out)).rejects.toMatchObject({ code: "ZT4010" });
  });

  test("names the digests of objects and sources", () => {
    writeBundle(join(folder, "b"), compiled());
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, "b/manifest.json"), "utf8")));
    const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");
    expect(manifest.objects).toEqual([
      { file: "sample.o", cpu: "v3", sha256: sha256("object for v3"), llvm: "19.1.7", irBuilder: "text" },
    ]);
    expect(manifest.sources).toEqual([{ path: "service.ts", sha256: sha256(counting.files[0]?.text ?? "") }]);
  });

  test("has the same bytes whatever the order of properties and objects", () => {
    const shuffled = Object.fromEntries(Object.entries(compiled().manifest).reverse());
    const again = bundleFiles(compiled("v2"), compiled("v3", { manifest: manifestSchema.parse(shuffled) }));
    expect(bundleFiles(compiled("v3"), compiled("v2")).files).toEqual(again.files);
  });

  test("holds one object per CPU level", async () => {
    expect(writeBundle(join(folder, "b"), compiled("v3"), compiled("v4"))).toMatchObject({
      files: ["manifest.json", "sample.v3.o", "sample.v4.o"],
    });
    expect([...(await openBundle(join(folder, "b"))).objects.keys()].sort()).toEqual(["v3", "v4"]);
  });

  test("replaces an older one as a whole", () => {
    const out = join(folder, "b");
    writeBundle(out, compiled("v3"), compiled("v4"));
    expect(writeBundle(out, compiled()).ok).toBe(true);
    expect(readdirSync(out).sort()).toEqual(["manifest.json", "sample.o"]);
    expect(readdirSync(folder)).toEqual(["b"]);
  });

  test("goes where a link to a folder leads, and the link stays", async () => {
    mkdirSync(join(folder, "releases/one"), { recursive: true });
    symlinkSync("releases/one", join(folder, "current"));
    for (const cpu of ["v3", "v2"] as const) {
      expect(writeBundle(join(folder, "current"), compiled(cpu)).ok).toBe(true);
      expect([...(await openBundle(join(folder, "releases/one"))).objects.keys()]).toEqual([cpu]);
    }
    expect(readlinkSync(join(folder, "current"))).toBe("releases/one");
    expect(readdirSync(join(folder, "releases"))).toEqual(["one"]);
  });

  test("never names a file outside its folder", () => {
    const hostile = compiled("v3", { manifest: { ...compiled().manifest, name: "../../etc/x" } });
    expect(writeBundle(join(folder, "b"), hostile)).toMatchObject({ files: ["______etc_x.o", "manifest.json"] });
  });
});

/** What is said of a folder that a bundle cannot go into. */
function refusal(out: string): readonly (string | undefined)[] {
  const written = writeBundle(out, compiled());
  const [problem] = written.ok ? [] : written.problems;
  return [problem?.code, problem?.message];
}

describe("is refused", () => {
  test("where a folder holds something else, which stays", () => {
    const out = join(folder, "home");
    mkdirSync(out);
    writeFileSync(join(out, "thesis.txt"), "years of work");
    expect(writeBundle(out, compiled())).toMatchObject({ ok: false, problems: [{ code: "ZT5001" }] });
    writeFileSync(join(out, "manifest.json"), "{}");
    expect(writeBundle(out, compiled())).toMatchObject({ ok: false, problems: [{ code: "ZT5001" }] });
    expect(readFileSync(join(out, "thesis.txt"), "utf8")).toBe("years of work");
  });

  test("where a file stands, or a link that leads to one or nowhere, which stay", () => {
    writeFileSync(join(folder, "file"), "a file");
    symlinkSync("file", join(folder, "to-file"));
    symlinkSync("nowhere", join(folder, "dangling"));
    const said = ["file", "to-file", "dangling", "dangling/"].map((name) => refusal(`${folder}/${name}`));
    expect(said.map(([code, message = ""]) => [code, message.replaceAll(folder, "")])).toEqual([
      ["ZT5001", "'/file' is not a bundle (it is a file), so it is not replaced."],
      ["ZT5001", "'/to-file' is not a bundle (it is a link to a file), so it is not replaced."],
      ["ZT5001", "'/dangling' is not a bundle (it is a link that leads nowhere), so it is not replaced."],
      ["ZT5001", "'/dangling/' is not a bundle (it is a link that leads nowhere), so it is not replaced."],
    ]);
    expect(readdirSync(folder).sort()).toEqual(["dangling", "file", "to-file"]);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("a file");
  });

  test("where a folder only looks like a bundle", () => {
    const out = join(folder, "b");
    mkdirSync(join(out, "sources.o"), { recursive: true });
    expect(refusal(out)).toEqual(["ZT5001", expect.stringContaining("(it holds 'sources.o')")]);
    rmSync(join(out, "sources.o"), { recursive: true });
    writeFileSync(join(out, "main.o"), "an object of somebody's");
    expect(refusal(out)).toEqual(["ZT5001", expect.stringContaining("(it holds 'main.o', and no 'manifest.json')")]);
    for (const text of ['{ "manifest_version": 3, "name": "an extension" }', "no JSON", "null", "[]"]) {
      writeFileSync(join(out, "manifest.json"), text);
      expect(refusal(out)).toEqual([
        "ZT5001",
        expect.stringContaining("(it holds a 'manifest.json' that is no bundle's)"),
      ]);
      expect(readFileSync(join(out, "manifest.json"), "utf8")).toBe(text);
    }
    expect(readdirSync(out).sort()).toEqual(["main.o", "manifest.json"]);
  });

  test("where nothing can be written", () => {
    writeFileSync(join(folder, "b"), "a file");
    expect(writeBundle(join(folder, "b/c"), compiled())).toMatchObject({ ok: false, problems: [{ code: "ZT5002" }] });
  });

  test("for results of different sources, or two of one CPU level", () => {
    const other = { ...counting, files: [{ path: "service.ts", text: "other" }] };
    const mixed = writeBundle(join(folder, "b"), compiled("v3"), compiled("v4", { module: other }));
    expect(mixed).toMatchObject({ ok: false, problems: [{ code: "ZT5003" }] });
    expect(writeBundle(join(folder, "b"), compiled(), compiled())).toMatchObject({ problems: [{ code: "ZT5003" }] });
    expect(existsSync(join(folder, "b"))).toBe(false);
  });
});

test("a failure while writing leaves the old bundle and nothing else", () => {
  const out = join(folder, "b");
  writeBundle(out, compiled());
  const files = new Map([
    ["manifest.json", Buffer.from("{}")],
    ["no/such/folder.o", Buffer.from("x")],
  ]);
  expect(() => replaceFolder(out, files)).toThrow(/ENOENT/);
  expect(readdirSync(out).sort()).toEqual(["manifest.json", "sample.o"]);
  expect(readdirSync(folder)).toEqual(["b"]);
});

test("files can be read by everybody, so that an agent with fewer privileges can load them", () => {
  const mask = process.umask(0o022);
  try {
    writeBundle(join(folder, "b"), compiled());
  } finally {
    process.umask(mask);
  }
  const modes = ["b", "b/manifest.json", "b/sample.o"].map((path) => statSync(join(folder, path)).mode & 0o777);
  expect(modes).toEqual([0o755, 0o644, 0o644]);
});

test("map memory counts entries, copies per CPU, rings, and maps in maps", () => {
  const [hash] = counting.maps;
  if (hash === undefined) throw new Error("the sample has a map");
  const itself = 1024;
  expect(mapMemory(hash, 8)).toBe(itself + 64 * (8 + 8 + 64));
  expect(mapMemory({ ...hash, kind: "perCpuArray", maxEntries: 10 }, 8)).toBe(itself + 10 * (8 * 8 + 8));
  const two = { ...hash, kind: "arrayOfMaps", maxEntries: 2, inner: hash } as const;
  expect(mapMemory(two, 8)).toBe(mapMemory({ ...two, inner: null }, 8) + 2 * mapMemory(hash, 8));
  expect(mapMemory({ ...hash, kind: "ringBuffer", key: null, value: null, maxEntries: 65536 }, 8)).toBe(65536 + 12288);
  expect(mapsMemory([hash, hash], 1)).toBe(2 * mapMemory(hash, 1));
});
