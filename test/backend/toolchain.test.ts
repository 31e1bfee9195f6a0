import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openPipeline } from "../../compiler/backend/pipeline.ts";
import { findToolchain, installedToolchains, type Toolchain } from "../../compiler/backend/toolchain.ts";

let folder = "";
beforeEach(() => {
  // With an N, as the names that stand for all versions have one.
  folder = mkdtempSync(join(tmpdir(), "zeta-test-N-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program that answers to --version. */
function pretend(name: string, answer: string): void {
  const draft = join(folder, "draft");
  writeFileSync(draft, `#!/bin/sh\n${answer}\n`);
  // Written by another process: a program that a process still has open for writing, or one that it is just starting, does not run (ETXTBSY).
  execFileSync("install", ["-m", "755", draft, join(folder, name)]);
}

const says = (version: string): string => `echo "  LLVM version ${version}"`;
const search = () => ({ path: folder, installations: [] });

test("the newest installed version is used", async () => {
  for (const tool of ["opt", "llc"]) {
    pretend(`${tool}-14`, says("14.0.6"));
    pretend(`${tool}-17`, says("17.0.1"));
  }
  expect(await findToolchain(undefined, search())).toMatchObject({
    ok: true,
    toolchain: { major: 17, version: "17.0.1", strip: null, opt: join(folder, "opt-17") },
  });
  expect(await findToolchain(14, search())).toMatchObject({ ok: true, toolchain: { major: 14 } });
  expect((await installedToolchains(search())).map(({ major }) => major)).toEqual([17, 14]);
});

test("programs that do not run, or are of another version than they are called, do not count", async () => {
  pretend("opt-19", says("19.1.7"));
  pretend("llc-19", "exit 1");
  pretend("opt-18", says("18.1.0"));
  pretend("llc-18", says("18.1.8"));
  pretend("opt-17", says("16.0.0"));
  pretend("llc-17", says("16.0.0"));
  pretend("opt-16", says("16.0.0"));
  expect(await findToolchain(undefined, search())).toMatchObject({ ok: false, problems: [{ code: "ZT3101" }] });
});

test("an installation's own folder is searched too", async () => {
  pretend("opt", says("15.0.7"));
  pretend("llc", says("15.0.7"));
  pretend("llvm-strip", says("15.0.7"));
  symlinkSync(folder, join(folder, "llvm-15"));
  const found = await findToolchain(undefined, { path: "", installations: [join(folder, "llvm-N")] });
  expect(found).toMatchObject({ ok: true, toolchain: { major: 15, strip: join(folder, "llvm-15", "llvm-strip") } });
});

test("what is missing is named with its remedy", async () => {
  const none = await findToolchain(undefined, search());
  expect(none).toMatchObject({
    ok: false,
    problems: [{ code: "ZT3101", fix: expect.stringContaining("apt-get install") }],
  });
  const sixteen = await findToolchain(16, search());
  expect(sixteen.ok ? "" : sixteen.problems[0]?.message).toContain("LLVM 16 was not found");
});

test("the versions that the tests need are here", async () => {
  expect((await installedToolchains()).map(({ major }) => major)).toEqual(expect.arrayContaining([19, 16, 14]));
});

const pretended = (): Toolchain => ({
  major: 19,
  version: "19.1.7",
  opt: join(folder, "opt"),
  llc: join(folder, "llc"),
  strip: null,
});

test("LLVM's programs end when nothing is given to them after all", async () => {
  // The shell that writes is the program that waits.
  for (const tool of ["opt", "llc"])
    pretend(tool, `echo $$ > "${folder}/${tool}.new"; mv "${folder}/${tool}.new" "${folder}/${tool}.pid"; read -r _`);
  const pids: string[] = [];
  {
    using _ = openPipeline(pretended(), "v3", "object");
    for (const tool of ["opt", "llc"])
      pids.push(await vi.waitFor(() => readFileSync(join(folder, `${tool}.pid`), "utf8").trim(), { timeout: 10_000 }));
    expect(pids.map((pid) => existsSync(`/proc/${pid}`))).toEqual([true, true]);
  }
  await vi.waitFor(() => expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]), { timeout: 10_000 });
});

test("they may have ended by themselves before", async () => {
  for (const tool of ["opt", "llc"]) pretend(tool, `echo $PPID > "${folder}/shell"`);
  const pipeline = openPipeline(pretended(), "v3", "object");
  // Gone, and waited for.
  await vi.waitFor(
    () => expect(existsSync(`/proc/${readFileSync(join(folder, "shell"), "utf8").trim()}`)).toBe(false),
    {
      timeout: 10_000,
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(() => pipeline[Symbol.dispose]()).not.toThrow();
});

test("Ctrl-C of a terminal does not reach LLVM's programs, which would fail of it", async () => {
  const group = "ps -o pgid= -p";
  pretend("opt", `[ "$(${group} $$)" != "$(${group} ${process.pid})" ] && printf alone`);
  pretend("llc", "cat");
  const made = await openPipeline(pretended(), "v3", "object").run("");
  expect(made.ok && Buffer.from(made.bytes).toString()).toBe("alone");
});

test.each([
  ["opt", "echo 'error: no such luck' >&2; exit 3", "cat", "error: no such luck"],
  ["opt", "kill -KILL $$", "cat", "Killed"],
  ["llc", "cat", "cat; echo 'error: the stack is too large' >&2", "error: the stack is too large"],
  ["llc", "cat", "exit 1", "ended with status 1"],
])("what %s says of its end is told: %s | %s", async (tool, opt, llc, words) => {
  pretend("opt", opt);
  pretend("llc", llc);
  const made = await openPipeline(pretended(), "v3", "object").run("a module");
  expect(made).toMatchObject({ ok: false, tool });
  expect(made.ok ? "" : made.output).toContain(words);
});
