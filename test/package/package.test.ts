import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installed, installPacked, root } from "./installed.ts";

const subpaths = ["zeta", "zeta/bpf", "zeta/compiler", "zeta/runtime", "zeta/testing"];
const peers = ["typescript", "ts-morph", "llvm-bindings"];

let installed: Installed;
beforeAll(async () => {
  installed = await installPacked();
});
afterAll(() => installed?.[Symbol.dispose]());

const load = (subpath: string, type: "module" | "commonjs") =>
  type === "module"
    ? `console.log(Object.keys(await import("${subpath}")).sort().join())`
    : `console.log(Object.keys(require("${subpath}")).sort().join())`;

test("the tarball brings what is read at run time, and nothing else of ours", () => {
  for (const needed of ["dist/cli.js", "sdk/index.ts", "sdk/bpf/index.ts", "LICENSE", "README.md", "CHANGELOG.md"])
    expect(installed.packed).toContain(needed);
  expect(
    installed.packed.filter((path) => /^(test|bench|scripts|compiler|runtime|node_modules|\.)/.test(path)),
  ).toEqual([]);
});

test("nothing in the tarball names the machine it was built on", () => {
  const naming = installed.packed.filter((path) =>
    readFileSync(join(installed.home, path), "utf8").includes(`${root}/`),
  );
  expect(naming).toEqual([]);
});

test("no file of the tarball seems to bring a source map inside it, which test runners would try to read", () => {
  const bringing = installed.packed.filter((path) =>
    readFileSync(join(installed.home, path), "utf8").includes("sourceMappingURL=data:"),
  );
  expect(bringing).toEqual([]);
});

test("the optional peers are not installed by themselves", () => {
  const modules = readdirSync(join(installed.folder, "node_modules"));
  expect(peers.filter((peer) => modules.includes(peer))).toEqual([]);
});

describe.each(["module", "commonjs"] as const)("as %s", (type) => {
  test.each(subpaths.filter((subpath) => subpath !== "zeta/compiler"))(
    "%s loads without the peers",
    async (subpath) => {
      expect((await installed.node(load(subpath, type), type)).length).toBeGreaterThan(0);
    },
  );
});

test("the command tells the package's version", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { stdout } = await installed.run(join(installed.folder, "node_modules/.bin/zeta"), ["--version"]);
  expect(stdout.trim()).toContain(version);
});

test("the command says what to install where TypeScript is missing", async () => {
  installed.write("lone.ts", "export {};\n");
  const check = [join(installed.home, "dist/cli.js"), "check", "lone.ts", "--json"];
  const { stdout } = await installed.run(process.execPath, check, { accept: [3] });
  expect(JSON.parse(stdout).problems).toMatchObject([{ code: "ZT5027" }]);
});

describe("with the peers beside it", () => {
  beforeAll(() => installed.link(...peers, "@types/node", "undici-types"));

  test.each(["module", "commonjs"] as const)("zeta/compiler loads as %s", async (type) => {
    expect(await installed.node(load("zeta/compiler", type), type)).toContain("compile");
  });

  test("every subpath loads the same names as ESM and as CJS", async () => {
    for (const subpath of subpaths) {
      const [esm, cjs] = await Promise.all([
        installed.node(load(subpath, "module"), "module"),
        installed.node(load(subpath, "commonjs"), "commonjs"),
      ]);
      expect(
        cjs.split(",").filter((name) => name !== "default"),
        subpath,
      ).toEqual(esm.split(",").filter((name) => name !== "default"));
    }
  });

  test("every subpath has types, for ESM and for CommonJS", async () => {
    const uses = subpaths.map(
      (subpath, index) => `import * as part${index} from "${subpath}";\nexport { part${index} };`,
    );
    for (const ending of ["mts", "cts"]) {
      installed.write(`right.${ending}`, uses.join("\n"));
      installed.write(`wrong.${ending}`, `import { noSuchName } from "zeta";\nexport const wrong = noSuchName;`);
    }
    const target = { target: "ES2023", module: "NodeNext", lib: ["ES2023", "ESNext.Disposable"] };
    const compilerOptions = { ...target, strict: true, noEmit: true, types: ["node"] };
    installed.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["right.*", "wrong.*"] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await installed.run(process.execPath, [tsc, "-p", "."], { accept: [1, 2] });
    const files = stdout.split("\n").filter((line) => line.includes("error TS"));
    expect(files.map((line) => line.split("(")[0]).sort()).toEqual(["wrong.cts", "wrong.mts"]);
  });

  test("a service is checked and built against the installed sources, by the command", async () => {
    installed.write("service.ts", passService);
    const zeta = join(installed.folder, "node_modules/.bin/zeta");
    const { stdout } = await installed.run(zeta, ["check", "service.ts", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    await installed.run(zeta, ["build", "service.ts", "--out", "bundle", "--no-verify"]);
    expect(readdirSync(join(installed.folder, "bundle"))).toContain("manifest.json");
  });

  test("a service is checked by the library, as CommonJS", async () => {
    installed.write("service.ts", passService);
    const code = `require("zeta/compiler").check("service.ts").then((result) => console.log(JSON.stringify(result)))`;
    expect(JSON.parse(await installed.node(code, "commonjs"))).toEqual({ ok: true, problems: [] });
  });
});

const passService = `import { Action, program } from "zeta/bpf";
export default program("pass", () => Action.Pass);
`;
