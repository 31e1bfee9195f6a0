import { existsSync, readdirSync, readFileSync } from "node:fs";
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

  test.each(["mts", "cts"])("every subpath has types for a .%s file", async (ending) => {
    const uses = subpaths.map(
      (subpath, index) => `import * as part${index} from "${subpath}";\nexport const n${index}: object = part${index};`,
    );
    const wrong = `import { thereIsNoSuchName } from "zeta";\nexport const wrong = thereIsNoSuchName;`;
    installed.write(`right.${ending}`, uses.join("\n"));
    installed.write(`wrong.${ending}`, wrong);
    const options = {
      strict: true,
      noEmit: true,
      target: "ES2023",
      module: "NodeNext",
      types: ["node"],
      lib: ["ES2023", "ESNext.Disposable"],
    };
    const check = async (file: string) => {
      installed.write("tsconfig.json", JSON.stringify({ compilerOptions: options, files: [file] }));
      return installed.run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."]).then(
        () => "",
        (error: { problems: { detail: string }[] }) => error.problems[0]?.detail ?? "failed",
      );
    };
    expect(await check(`right.${ending}`)).toBe("");
    expect(await check(`wrong.${ending}`)).toContain("thereIsNoSuchName");
  });

  test("a service compiles from the installed sources", async () => {
    const template = join(installed.home, "examples/acl/service.ts");
    expect(existsSync(template)).toBe(true);
    const { stdout } = await installed.run(join(installed.folder, "node_modules/.bin/zeta"), [
      "check",
      template,
      "--json",
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  });
});
