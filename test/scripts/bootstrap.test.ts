import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("where everything is there, the set-up has nothing to do", () => {
  const { stderr, status } = spawnSync(process.execPath, ["scripts/bootstrap.mjs"], { encoding: "utf8" });
  expect(stderr).toBe("bootstrap: nothing to do\n");
  expect(status).toBe(0);
});

test("where packages cannot be installed, it lists exactly what is missing and why it is needed", () => {
  const code = `
    const { installPackages, NotInstallable } = await import("./scripts/bootstrap/apt.mjs");
    try { installPackages([{ name: "libbpf1", why: "the loader calls it" }]); }
    catch (error) { console.log(error instanceof NotInstallable, error.message); }`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
    encoding: "utf8",
    env: { PATH: "/nonexistent" },
  });
  expect(stdout).toContain("true This machine has no apt-get.");
  expect(stdout).toMatch(/^ {2}libbpf1 +the loader calls it$/m);
  expect(stdout).toContain("apt-get install --no-install-recommends libbpf1\n");
});

test("what is missing is found by looking at the machine, not at a note", () => {
  const code = `
    const { isInstalled } = await import("./scripts/bootstrap/packages.mjs");
    const there = { name: "a", why: "", file: process.execPath };
    const absent = [{ name: "b", why: "", file: "/nonexistent" }, { name: "c", why: "", command: "no-such-command" },
      { name: "d", why: "", library: "libnosuch.so.1" }];
    console.log(isInstalled(there), ...absent.map(isInstalled));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" });
  expect(stdout.trim()).toBe("true false false false");
});

test.each([
  ["22.18.0", "22.18", true],
  ["24.0.0", "22.18", true],
  ["22.17.9", "22.18", false],
  ["18.20.4", "22.18", false],
])("Node %s is at least %s: %s", async (version, least, expected) => {
  const code = `console.log((await import("./scripts/bootstrap/modern-npm.mjs")).isAtLeast("${version}", "${least}"));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" });
  expect(stdout.trim()).toBe(`${expected}`);
});
