/** `zeta init`: a project of its own, there whole or not at all. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { isFree, placeProject } from "../../runtime/cli/init/place.ts";
import { projectFiles } from "../../runtime/cli/init/project.ts";
import { exampleNames, installation } from "../../runtime/cli/installation.ts";
import { temporaryFolder, zeta } from "./command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});

/** A tarball as `npm pack` makes them, by the machine's own tar, of a package with this description. */
function packed(path: string, description: object): void {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "package/dist"), { recursive: true });
  writeFileSync(join(folder, "package/dist/cli.js"), "x".repeat(1000));
  writeFileSync(join(folder, "package/package.json"), JSON.stringify(description));
  const files = ["package/dist/cli.js", "package/package.json"];
  execFileSync("tar", ["--format=ustar", "-czf", path, "-C", folder, ...files]);
}

describe("a project", () => {
  test.each(exampleNames())("from the example %s has its files, and depends on this installation", (template) => {
    const { code, stdout, stderr } = zeta(["init", "firewall", "--template", template], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("Next: cd firewall && npm install && npm test");
    const service = readFileSync(join(cwd, "firewall/service.ts"), "utf8");
    const original = readFileSync(join(root, "examples", template, "service.ts"), "utf8");
    expect(service).toBe(original.replaceAll('from "../', 'from "./'));
    const packageJson = JSON.parse(readFileSync(join(cwd, "firewall/package.json"), "utf8"));
    expect(packageJson).toMatchObject({
      name: "firewall",
      private: true,
      type: "module",
      dependencies: { zeta: `file:${root}` },
    });
    expect(Object.keys(packageJson.devDependencies)).toEqual(["@types/node", "typescript", "vitest"]);
    expect(readdirSync(cwd)).toEqual(["firewall"]);
  });

  test("depends on the packed package when one is given", () => {
    packed(join(cwd, "zeta-0.1.0.tgz"), { name: "zeta" });
    const [template = ""] = exampleNames();
    const { stdout } = zeta(["init", "apps/lb", "-t", template, "--zeta", "zeta-0.1.0.tgz", "--json"], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, folder: join(cwd, "apps/lb"), template });
    const { dependencies } = JSON.parse(readFileSync(join(cwd, "apps/lb/package.json"), "utf8"));
    expect(dependencies).toEqual({ zeta: `file:${join(cwd, "zeta-0.1.0.tgz")}` });
  });

  test("extends a tsconfig that the package exports", () => {
    const files = projectFiles("p", exampleNames()[0] ?? "", "*", installation());
    const { extends: extended } = JSON.parse(String(files.get("tsconfig.json")));
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const path = exports[extended.replace(/^zeta/, ".")];
    expect(JSON.parse(readFileSync(join(root, path), "utf8")).compilerOptions).toMatchObject({
      strict: true,
      exactOptionalPropertyTypes: true,
    });
  });

  test("gives the first compilation of a slow machine its time: tests compile before they run", () => {
    const config = String(projectFiles("p", exampleNames()[0] ?? "", "*", installation()).get("vitest.config.ts"));
    expect(config).toMatch(/testTimeout: 60_000, hookTimeout: 60_000/);
  });

  test("brings what its example imports from others, and what that imports in turn", () => {
    const from = { root: cwd, package: { name: "zeta", version: "0" } };
    const texts = {
      "all/service.ts": 'import { a } from "../a/part.ts";\nimport { own } from "./own.ts";\nimport "zeta";\n',
      "all/own.ts": 'export * from "../b/service.ts";\n',
      "all/README.md": "From `../a`, but not from ../away.\n",
      "a/part.ts": 'import { b } from "../b/service.ts";\n',
      "a/README.md": "a",
      "a/a.test.ts": "",
      "b/service.ts": "",
    };
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(join(cwd, "examples", dirname(path)), { recursive: true });
      writeFileSync(join(cwd, "examples", path), text);
    }
    const files = projectFiles("p", "all", "*", from);
    const made = new Set([".gitignore", "package.json", "tsconfig.json", "vitest.config.ts"]);
    expect(
      Object.fromEntries([...files].filter(([path]) => !made.has(path)).map(([path, t]) => [path, `${t}`])),
    ).toEqual({
      "service.ts": 'import { a } from "./a/part.ts";\nimport { own } from "./own.ts";\nimport "zeta";\n',
      "own.ts": 'export * from "./b/service.ts";\n',
      "README.md": "From `./a`, but not from ../away.\n",
      "a/part.ts": 'import { b } from "../b/service.ts";\n',
      "a/README.md": "a",
      "b/service.ts": "",
    });
  });

  test("leaves out what building an example leaves in it", () => {
    const from = { root: cwd, package: { name: "zeta", version: "0" } };
    mkdirSync(join(cwd, "examples/e/build/e"), { recursive: true });
    mkdirSync(join(cwd, "examples/e/data"));
    for (const path of ["service.ts", "build/e/e.o", "data/a.json", "package.json"]) {
      writeFileSync(join(cwd, "examples/e", path), path);
    }
    const files = projectFiles("p", "e", "*", from);
    expect([...files.keys()].sort()).toEqual([
      ".gitignore",
      "data/a.json",
      "package.json",
      "service.ts",
      "tsconfig.json",
      "vitest.config.ts",
    ]);
    expect(String(files.get("package.json"))).toBe("package.json");
  });
});

describe("is refused, and nothing written,", () => {
  test.each([
    ["for an unknown example", ["init", "x", "-t", "nothing"], "error ZT5024: There is no example named 'nothing'."],
    [
      "for a name that npm refuses",
      ["init", "My Firewall", "-t", "acl"],
      "error ZT5020: 'My Firewall' cannot name a package",
    ],
    [
      "for a package that is not there",
      ["init", "x", "-t", exampleNames()[0] ?? "", "--zeta", "no.tgz"],
      "error ZT5021",
    ],
  ])("%s", (_, words, message) => {
    const { code, stderr } = zeta(words, { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each<[string, (path: string) => void, string]>([
    ["an empty file", (path) => writeFileSync(path, ""), "it is a file without a package"],
    ["a text", (path) => writeFileSync(path, "hello"), "it is a file without a package"],
    [
      "what is compressed, but no archive",
      (path) => writeFileSync(path, gzipSync("x".repeat(5000))),
      "without a package",
    ],
    ["another package", (path) => packed(path, { name: "left-pad" }), "it is the package 'left-pad'"],
    ["an empty folder", (path) => mkdirSync(path), "it is a folder without a package"],
    ["a FIFO, which would be waited for,", (path) => void execFileSync("mkfifo", [path]), "it is a FIFO"],
  ])("for %s in the package's place", (_, make, message) => {
    make(join(cwd, "given.tgz"));
    const { code, stderr } = zeta(["init", "x", "-t", exampleNames()[0] ?? "", "--zeta", "given.tgz"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error ZT5034: 'given.tgz' is not the package that a project would depend on: /);
    expect(stderr).toContain(message);
    expect(readdirSync(cwd)).toEqual(["given.tgz"]);
  });

  test("where something stands already", () => {
    mkdirSync(join(cwd, "x"));
    writeFileSync(join(cwd, "x/keep.txt"), "mine");
    const { code, stderr } = zeta(["init", "x", "-t", exampleNames()[0] ?? ""], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("error ZT5025: 'x' exists and is not empty.");
    expect(readdirSync(join(cwd, "x"))).toEqual(["keep.txt"]);
  });
});

describe("placing files", () => {
  test("takes over an empty folder, but no other", () => {
    mkdirSync(join(cwd, "empty"));
    expect([isFree(join(cwd, "empty")), isFree(join(cwd, "new")), isFree(cwd)]).toEqual([true, true, false]);
    placeProject(join(cwd, "empty"), new Map([["a/b.txt", "text"]]));
    expect(readFileSync(join(cwd, "empty/a/b.txt"), "utf8")).toBe("text");
  });

  test("leaves nothing when it fails half-way", () => {
    const files = new Map([
      ["a", "a file"],
      ["a/b", "cannot be below a file"],
    ]);
    expect(() => placeProject(join(cwd, "p"), files)).toThrow();
    expect(readdirSync(cwd)).toEqual([]);
  });

  test("as a user who may not write says so", () => {
    chmodSync(cwd, 0o755);
    mkdirSync(join(cwd, "closed"), { mode: 0o755 });
    const words = ["init", "closed/x", "-t", exampleNames()[0] ?? ""];
    const { code, stderr } = zeta(words, { cwd, unprivileged: true });
    expect(code).toBe(3);
    expect(stderr).toContain("error ZT5026: The project 'closed/x' could not be written: ");
    expect(existsSync(join(cwd, "closed/x"))).toBe(false);
  });
});
