/** What the command says when it is asked about itself, or asked wrongly. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT_MEANINGS, exitCodeOf } from "../../runtime/cli/exit.ts";
import { nearest } from "../../runtime/cli/nearest.ts";
import { bytesText, textTable } from "../../runtime/cli/text-table.ts";
import { temporaryFolder, zeta } from "./command.ts";

const COMMANDS = [
  "check",
  "build",
  "run",
  "node",
  "flows",
  "top",
  "trace",
  "config",
  "lab",
  "ps",
  "detach",
  "doctor",
  "explain",
  "init",
  "completion",
];

describe("help", () => {
  test("names every command, with examples and exit codes, on standard output", () => {
    const { code, stdout, stderr } = zeta(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    for (const [exit, meaning] of EXIT_MEANINGS) expect(stdout).toContain(`${exit}  ${meaning}`);
    expect(stdout).toContain("Examples:");
  });

  test.each(COMMANDS)("of %s has examples", (name) => {
    const { code, stdout } = zeta([name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Usage: zeta ${name} `));
    expect(stdout).toMatch(/Examples:\n {2}\$ /);
  });

  test.each([
    ...["start", "status", "add", "upgrade", "remove", "stop"].map((name) => ["node", name]),
    ["config", "get"],
    ["config", "set"],
    ...["up", "status", "exec", "capture", "fail", "heal", "view", "rotate", "down"].map((name) => ["lab", name]),
  ])("of %s %s has examples", (group = "", name = "") => {
    const { code, stdout } = zeta([group, name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Usage: zeta ${group} ${name} `));
    expect(stdout).toMatch(/Examples:\n {2}\$ /);
  });

  test("without a command is shown as an error of usage", () => {
    const { code, stdout, stderr } = zeta([]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Usage: zeta");
  });

  test("the version is the package's", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(zeta(["--version"]).stdout).toBe(`${version}\n`);
  });
});

describe("wrong usage exits with 2 and says what was meant", () => {
  test.each([
    ["a mistyped command", ["biuld", "service.ts"], "Unknown command 'biuld'.", "Did you mean 'build'?"],
    ["a mistyped option", ["build", "--watc", "service.ts"], "Unknown option '--watc'.", "Did you mean '--watch'?"],
    ["a value outside the choices", ["build", "x.ts", "--cpu", "v9"], "v2, v3, v4", "See 'zeta build --help'."],
    ["an LLVM that nobody supports", ["build", "x.ts", "--llvm", "13"], "14 to 19", "See 'zeta build --help'."],
    ["a missing argument", ["check"], "Missing required argument 'file'.", "See 'zeta check --help'."],
    ["a missing option", ["run", "x.ts"], "--interface", "See 'zeta run --help'."],
    ["a missing option of an inner command", ["node", "start"], "--interface", "See 'zeta node start --help'."],
    ["a mistyped inner command", ["node", "ad"], "Unknown command 'ad'.", "Did you mean 'add'?"],
    ["a network beyond 24 bits", ["node", "add", "x.ts", "--vni", "16777216"], "0 to 16777215", "zeta node add --help"],
    ["a flush of what nobody named", ["flows", "--flush"], "--all", "See 'zeta flows --help'."],
    ["a flush of so many", ["flows", "--flush", "--all", "--limit", "3"], "--limit", "See 'zeta flows --help'."],
    ["an interface twice", ["run", "x.ts", "-i", "a", "-i", "a"], "twice", "See 'zeta run --help'."],
    ["a node's interface twice", ["node", "start", "-i", "a", "-i", "a"], "twice", "See 'zeta node start --help'."],
    ["a flush of some and all", ["flows", "--flush", "--all", "--vni", "7"], "--all", "See 'zeta flows --help'."],
    ["a field without a value", ["config", "set", "acl.burst"], "VALUE", "See 'zeta config set --help'."],
    [
      "a field and a file",
      ["config", "set", "acl.burst", "1", "--file", "x"],
      "--file",
      "See 'zeta config set --help'.",
    ],
    ["a missing file", ["check", "nowhere.ts"], "There is no file or folder 'nowhere.ts'.", "Check the path"],
    ["two ways at once", ["detach", "abc", "--all"], "only one of them", "See 'zeta detach --help'."],
    ["no way at all", ["detach"], "not told what to work on", "zeta ps"],
    [
      "an emission that is watched",
      ["build", "package.json", "--emit", "ir", "--watch"],
      "--watch",
      "zeta build --help",
    ],
  ])("%s", (_, words, message, fix) => {
    const { code, stdout, stderr } = zeta(words);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error ZT\d{4}: /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(fix);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("as JSON on standard output when asked", () => {
    const { code, stdout, stderr } = zeta(["build", "--cpu", "v9", "x.ts", "--json"]);
    expect(code).toBe(2);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ code: "ZT5020", severity: "error" }] });
  });
});

test("a Node.js that is too old is named, with what to do", () => {
  // One that has neither the number nor the newest functions.
  const older =
    'import m from "node:module"; delete m.enableCompileCache; Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } });';
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` };
  const { code, stderr } = zeta(["check", "x.ts"], { env });
  expect(stderr).toContain("error ZT5032: This is Node.js 18.20.4, and zeta needs 22.18 or later.");
  expect(code).toBe(3);
  expect(JSON.parse(zeta(["check", "x.ts", "--json"], { env }).stdout)).toMatchObject({
    problems: [{ code: "ZT5032" }],
  });
});

describe("colour", () => {
  const colourStart = "\u001b[";
  test("is left out of pipes", () => {
    expect(zeta(["biuld"]).stderr).not.toContain(colourStart);
  });
  test("is there when forced, by environment or option", () => {
    expect(zeta(["biuld"], { env: { FORCE_COLOR: "1" } }).stderr).toContain(colourStart);
    expect(zeta(["check", "nowhere.ts", "--color", "always"]).stderr).toContain(colourStart);
    expect(zeta(["check", "nowhere.ts", "--no-color"], { env: { FORCE_COLOR: "1" } }).stderr).not.toContain(
      colourStart,
    );
    expect(zeta(["biuld"], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }).stderr).not.toContain(colourStart);
  });
});

describe("explain", () => {
  test("prints a page", () => {
    const { code, stdout } = zeta(["explain", "zt2001"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# ZT2001: /);
    expect(JSON.parse(zeta(["explain", "ZT2001", "--json"]).stdout)).toMatchObject({
      ok: true,
      problems: [],
      code: "ZT2001",
    });
  });

  test("lists all codes", () => {
    expect(zeta(["explain"]).stdout).toMatch(/^ZT1001 {2}not TypeScript$/m);
    const { ok, problems, codes } = JSON.parse(zeta(["explain", "--json"]).stdout);
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    expect(codes).toContainEqual({ code: "ZT1001", title: "not TypeScript" });
  });

  test("suggests a near code for an unknown one", () => {
    const { code, stderr } = zeta(["explain", "ZT201"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/No problem has the code 'ZT201'.\nfix: Did you mean ZT2\d{3}\?/);
  });
});

describe("completion", () => {
  test("for bash is bash, and completes commands, options and their values", () => {
    const script = zeta(["completion", "bash"]).stdout;
    expect(spawnSync("bash", ["-n"], { input: script }).status).toBe(0);
    const complete = (...words: string[]): string[] => {
      const typed = words.map((word) => `'${word}'`).join(" ");
      const ask = `COMP_WORDS=(zeta ${typed}); COMP_CWORD=${words.length}; _zeta; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", `${script}\n${ask}`], { encoding: "utf8" });
      expect(stderr).toBe("");
      return stdout.trim().split("\n");
    };
    expect(complete("config", "")).toEqual(["get", "set"]);
    expect(complete("d")).toEqual(["detach", "doctor"]);
    expect(complete("build", "--cp")).toEqual(["--cpu"]);
    expect(complete("build", "--cpu", "")).toEqual(["v2", "v3", "v4"]);
    expect(complete("run", "--interface", "l")).toContain("lo");
    expect(complete("explain", "ZT100")).toContain("ZT1001");
    expect(complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(complete("node", "st")).toEqual(["start", "status", "stop"]);
    expect(complete("node", "add", "--vn")).toEqual(["--vni"]);
    expect(complete("ps", "--state", "packag")).toContain("package.json");
    expect(complete("node", "start", "--interface", "l")).toContain("lo");
  });

  test("for bash offers files with spaces as one word", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "my service.ts"), "");
    const script = zeta(["completion", "bash"]).stdout;
    const ask = `COMP_WORDS=(zeta check my); COMP_CWORD=2; _zeta; printf '%s|' "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync("bash", ["-c", `${script}\n${ask}`], { encoding: "utf8", cwd: folder });
    expect(stdout).toBe("my service.ts|");
  });

  test.each([
    ["zsh", ["-n"]],
    ["fish", ["--no-execute"]],
  ])("for %s describes every command", (shell, check) => {
    const script = zeta(["completion", shell]).stdout;
    for (const name of COMMANDS) expect(script).toContain(name);
    const { error, status } = spawnSync(shell, check, { input: script });
    // The shells are not part of the set-up; where they are, they judge.
    if (error === undefined) expect(status).toBe(0);
  });
});

test("docs/cli.md has the same table of exit codes, and every command", () => {
  const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => [Number(code), meaning]);
  expect(rows).toEqual(EXIT_MEANINGS);
  for (const name of COMMANDS) expect(`${name} ${page.includes(`\`zeta ${name}`)}`).toBe(`${name} true`);
});

test("an unexpected code is a bug's, and families have theirs", () => {
  expect(exitCodeOf("ZT9999")).toBe(70);
  expect([exitCodeOf("ZT1010"), exitCodeOf("ZT3101"), exitCodeOf("ZT4007"), exitCodeOf("ZT4002")]).toEqual([
    1, 3, 4, 3,
  ]);
});

test("names are near when few letters are wrong", () => {
  expect(nearest("biuld", COMMANDS)).toBe("build");
  expect(nearest("xyz", COMMANDS)).toBeNull();
});

test("tables align by cells, not characters", () => {
  expect(
    textTable(
      [
        ["値", "1"],
        ["abc", "22"],
      ],
      ["left", "right"],
    ),
  ).toBe("値    1\nabc  22\n");
  expect([bytesText(12), bytesText(4096), bytesText(1.5 * 1024 ** 3)]).toEqual(["12 B", "4.0 KiB", "1.5 GiB"]);
});
