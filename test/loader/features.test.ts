import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { probeFeatures } from "../../runtime/index.ts";
import { descriptorCount } from "./descriptors.ts";

test("every probe succeeds on a kernel that has everything, and leaves nothing behind", async () => {
  const first = await probeFeatures();
  expect(first.filter(({ ok }) => ok !== true)).toEqual([]);
  expect(first.every(({ remedy }) => remedy === null)).toBe(true);
  const names = first.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of [
    "helper bpf_loop",
    "map kind userRingBuffer",
    "instruction set v4",
    "native XDP on veth",
    "JIT compiler",
  ]) {
    expect(names).toContain(name);
  }
  const before = descriptorCount();
  await probeFeatures();
  expect(descriptorCount()).toBe(before);
  expect(execFileSync("ip", ["netns"], { encoding: "utf8" })).not.toContain("zeta-doctor");
  expect(readdirSync("/tmp").filter((name) => name.startsWith("zeta-bpffs-"))).toEqual([]);
});
