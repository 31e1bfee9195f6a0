/** `zeta check`, `zeta build` and its stages, on real sources. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openBundle } from "../../runtime/loader/bundle.ts";
import { start, temporaryFolder, zeta } from "./command.ts";
import { BROKEN, COUNTER, DECIDERS } from "./sources.ts";

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
  writeFileSync(join(cwd, "counter.ts"), COUNTER);
  mkdirSync(join(cwd, "src"));
  writeFileSync(join(cwd, "src/broken.ts"), BROKEN);
});

describe("check", () => {
  test("is content with a right service", () => {
    expect(zeta(["check", "counter.ts"], { cwd })).toEqual({ code: 0, stdout: "", stderr: "ok counter.ts\n" });
  });

  test("shows every mistake where it stands, by a path that can be opened", () => {
    const { code, stdout, stderr } = zeta(["check", "src/broken.ts"], { cwd });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("  ┌ src/broken.ts:4:7\n4 │   if (frame.length == 60) return Action.Drop;\n  │       ^");
    expect(stderr).toContain("  ┌ src/broken.ts:5:");
    expect(stderr).toMatch(/\n2 errors\. More about a code: zeta explain ZT1025\n$/);
  });

  test("reports several files in one list", () => {
    const { code, stdout } = zeta(["check", "counter.ts", "src/broken.ts", "--json"], { cwd });
    expect(code).toBe(1);
    const { ok, problems, files } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(files).toEqual(["counter.ts", "src/broken.ts"]);
    expect(
      problems.map((problem: { code: string; at: { file: string; line: number } }) => [problem.code, problem.at.line]),
    ).toEqual([
      ["ZT1025", 4],
      ["ZT1016", 5],
    ]);
  });

  test("of several files tells of one that is missing beside what is wrong in the others", () => {
    const { code, stderr } = zeta(["check", "nowhere.ts", "src/broken.ts"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("There is no file or folder 'nowhere.ts'.");
    expect(stderr).toContain("src/broken.ts:4:7");
  });

  test("as SARIF and as text is for other programs, on standard output", () => {
    const sarif = JSON.parse(zeta(["check", "src/broken.ts", "--sarif"], { cwd }).stdout);
    expect(sarif.runs[0].results[0]).toMatchObject({ ruleId: "ZT1025", level: "error" });
    expect(sarif.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe("src/broken.ts");
    const { stdout, stderr } = zeta(["check", "src/broken.ts", "--format", "text"], { cwd });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^src\/broken\.ts:4:7: error ZT1025: .*\nsrc\/broken\.ts:5:\d+: error ZT1016: .*\n$/);
  });
});

test("without TypeScript says what to install, as an error of the machine", () => {
  const hide = `import { registerHooks } from "node:module";
    registerHooks({ resolve(name, context, next) {
      if (name !== "typescript") return next(name, context);
      throw Object.assign(new Error("Cannot find package 'typescript' imported from here"), { code: "ERR_MODULE_NOT_FOUND" });
    } });`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hide)}` };
  const { code, stderr } = zeta(["check", "counter.ts"], { cwd, env });
  expect(stderr).toMatch(
    /^error ZT5027: The compiler needs the package 'typescript', which is not installed\.\nfix: Install it/,
  );
  expect(code).toBe(3);
});

test("a bug of ours is told as one, without a stack trace unless asked", () => {
  const fail = `import { registerHooks } from "node:module";
    registerHooks({ resolve(name, context, next) {
      if (name === "typescript") throw new TypeError("something of ours broke");
      return next(name, context);
    } });`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fail)}` };
  const { code, stderr } = zeta(["check", "counter.ts"], { cwd, env });
  expect(code).toBe(70);
  expect(stderr).toMatch(/^bug: something of ours broke\nThis is a bug in Zeta; please report it/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(zeta(["check", "counter.ts", "--verbose"], { cwd, env }).stderr).toMatch(/^\s+at /m);
});

describe("build", () => {
  test("writes a bundle that opens, and reports its size", async () => {
    const { code, stdout, stderr } = zeta(["build", "counter.ts", "--no-verify"], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(/^built build\/counter in \d+ ms\nprogram +instructions +stack/);
    expect(stderr).toMatch(/^counter +\d+ +\d+ B +- +-$/m);
    const { manifest } = await openBundle(join(cwd, "build/counter"));
    expect(manifest.sources.map(({ path }) => path)).toContain("counter.ts");
  });

  test("of two services in files of one name stand beside each other, under the names that they give themselves", async () => {
    for (const name of ["first", "second"]) {
      mkdirSync(join(cwd, name));
      writeFileSync(join(cwd, name, "service.ts"), DECIDERS.replace('"deciders"', `"${name}"`));
      const { stderr } = zeta(["build", `${name}/service.ts`, "--no-verify"], { cwd });
      expect(stderr).toMatch(new RegExp(`^built build/${name} in`));
    }
    expect(readdirSync(join(cwd, "build")).sort()).toEqual(["first", "second"]);
    expect((await openBundle(join(cwd, "build/second"))).manifest.service?.name).toBe("second");
  });

  test("does not go where something else stands", () => {
    writeFileSync(join(cwd, "file"), "mine");
    symlinkSync("nowhere", join(cwd, "link"));
    for (const out of ["file", "link", "src"]) {
      const { code, stdout, stderr } = zeta(["build", "counter.ts", "--no-verify", "--out", out], { cwd });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(
        new RegExp(`^error ZT5001: '${out}' is not a bundle \\(it .*\\), so it is not replaced.\n`),
      );
    }
    expect(readdirSync(cwd).sort()).toEqual(["counter.ts", "file", "link", "src"]);
    expect(readFileSync(join(cwd, "file"), "utf8")).toBe("mine");
  });

  test("as JSON has the same numbers", () => {
    const { stdout } = zeta(["build", "counter.ts", "--json", "--no-verify", "--out", "out"], { cwd });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: true, out: "out", name: "counter", problems: [] });
    expect(report.programs).toMatchObject([{ name: "counter", section: "xdp", verifier: null }]);
    expect(report.programs[0].instructions).toBeGreaterThan(5);
    expect(report.maps).toMatchObject([{ name: "frames", kind: "perCpuArray", maxEntries: 4 }]);
  });

  test("leaves nothing after mistakes", () => {
    expect(zeta(["build", "src/broken.ts"], { cwd }).code).toBe(1);
    expect(existsSync(join(cwd, "build"))).toBe(false);
  });

  test("does not touch a folder that is no bundle", () => {
    const { code, stderr } = zeta(["build", "counter.ts", "--out", "src", "--no-verify"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("error ZT5001: 'src' is not a bundle (it holds 'broken.ts')");
    expect(readdirSync(join(cwd, "src"))).toEqual(["broken.ts"]);
  });

  test("refuses a CPU level that this LLVM does not know, as an error of the machine", () => {
    const { code, stderr } = zeta(["build", "counter.ts", "--llvm", "14", "--cpu", "v4"], { cwd });
    expect(stderr).toMatch(/^error ZT31\d\d: /);
    expect(code).toBe(3);
  });

  test.each([
    ["ir", /^module "counter"\n/],
    ["llvm", /^target triple = "bpf/m],
    ["asm", /^\s+\.section\s+xdp/m],
  ])("emits %s to standard output", (stage, expected) => {
    const { code, stdout, stderr } = zeta(["build", "counter.ts", "--emit", stage], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(expected);
    expect(zeta(["build", "counter.ts", "--emit", stage], { cwd }).stdout).toBe(stdout);
  });

  test("emits an object to a file", () => {
    expect(zeta(["build", "counter.ts", "--emit", "object", "--out", "counter.o"], { cwd }).code).toBe(0);
    expect(readFileSync(join(cwd, "counter.o")).subarray(0, 4)).toEqual(Buffer.from("\u007fELF"));
  });

  test("emits what the bundle holds", () => {
    zeta(["build", "counter.ts", "--emit", "object", "--out", "counter.o"], { cwd });
    zeta(["build", "counter.ts", "--no-verify"], { cwd });
    expect(readFileSync(join(cwd, "counter.o"))).toEqual(readFileSync(join(cwd, "build/counter/counter.o")));
  });
});

test("a service in which several decide has what traces need to tell of each", () => {
  writeFileSync(join(cwd, "deciders.ts"), DECIDERS);
  const { code } = zeta(["build", "deciders.ts", "--no-verify"], { cwd });
  expect(code).toBe(0);
  const { service } = JSON.parse(readFileSync(join(cwd, "build/deciders/manifest.json"), "utf8"));
  expect(service).toMatchObject({ decide: "deciders_decide", told: "deciders_told" });
});

test("a signal while the bundle is written leaves it whole, and nothing beside it", () => {
  const interrupting = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const make = fs.mkdtempSync;
    fs.mkdtempSync = (prefix, ...more) => {
      if (prefix.includes("/.counter-")) process.kill(process.pid, "SIGINT");
      return make(prefix, ...more);
    };
    syncBuiltinESMExports();`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(interrupting)}` };
  const { code } = zeta(["build", "counter.ts", "--no-verify"], { cwd, env });
  expect(code).toBe(130);
  expect(readdirSync(join(cwd, "build"))).toEqual(["counter"]);
  expect(readdirSync(join(cwd, "build/counter")).sort()).toEqual(["counter.o", "manifest.json"]);
});

describe("build --watch", () => {
  test("builds again after every change, through mistakes, until Ctrl-C", async () => {
    const running = start(["build", "counter.ts", "--watch", "--no-verify"], { cwd });
    await running.says("Watching for changes");
    running.forget();
    writeFileSync(join(cwd, "counter.ts"), COUNTER.replace("Action.Drop", "Action.Nowhere"));
    await running.says(/error ZT1002[\s\S]*Watching for changes/);
    expect(existsSync(join(cwd, "build/counter/counter.o"))).toBe(true);
    running.forget();
    writeFileSync(join(cwd, "counter.ts"), COUNTER.replace("max: 4", "max: 8"));
    await running.says("built build/counter");
    const manifest = JSON.parse(readFileSync(join(cwd, "build/counter/manifest.json"), "utf8"));
    expect(manifest.maps[0].maxEntries).toBe(8);
    running.forget();
    // What only traces need is left to a build that is not waited for.
    writeFileSync(join(cwd, "counter.ts"), DECIDERS);
    await running.says("built build/deciders");
    const { service } = JSON.parse(readFileSync(join(cwd, "build/deciders/manifest.json"), "utf8"));
    expect(service).toMatchObject({ decide: "deciders_decide", told: null });
    running.signal("SIGINT");
    expect((await running.ended).code).toBe(130);
  });

  test.each(["./limit.ts", "./limit"])("a module that was missing, '%s', is found when it comes", async (name) => {
    const [entry, beside] = [join(cwd, "counter.ts"), join(cwd, "limit.ts")];
    const importing = `import { LIMIT } from "${name}";\n${COUNTER.replace("max: 4", "max: LIMIT")}`;
    writeFileSync(entry, importing);
    const running = start(["build", "counter.ts", "--watch", "--no-verify"], { cwd });
    await running.says(/error ZT1023[\s\S]*Watching for changes/);
    for (const limit of [5, 6]) {
      running.forget();
      writeFileSync(beside, `export const LIMIT = ${limit};\n`);
      await running.says("built build/counter");
      const manifest = JSON.parse(readFileSync(join(cwd, "build/counter/manifest.json"), "utf8"));
      expect(manifest.maps[0].maxEntries).toBe(limit);
      running.forget();
      rmSync(beside);
      await running.says(/error ZT1023[\s\S]*Watching for changes/);
    }
    running.signal("SIGINT");
    expect((await running.ended).code).toBe(130);
  });
});
