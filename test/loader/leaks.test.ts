import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { attach, events, load, testRun } from "../../runtime/index.ts";
import { u64 } from "../../sdk/layout/layouts.ts";
import { createNamespace, createVethPair } from "../kit/namespaces.ts";
import { bpfDescriptors, descriptorCount, gone } from "./descriptors.ts";
import { fixture, frame } from "./fixtures.ts";

const CYCLES = 1000;

test(`${CYCLES} times loaded, run, read and closed: no descriptor, program or map stays`, async () => {
  const warm = await load(fixture("maps"));
  warm.close();
  const made = { programs: [] as number[], maps: [] as number[] };
  const descriptors = descriptorCount();
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const object = await load(fixture("events"), cycle % 100 === 0 ? { log: "statistics" } : {});
    testRun(object.program("report"), { packet: frame() });
    if (cycle % 10 === 0) {
      await using stream = events(object.map("reports"), u64);
      await stream.next();
    }
    object.globals.read("sequence");
    made.programs.push(object.program("report").id);
    made.maps.push(object.map("reports").id);
    object.close();
  }
  expect(descriptorCount()).toBe(descriptors);
  expect(bpfDescriptors()).toEqual([]);
  expect(readFileSync("/proc/self/maps", "utf8")).not.toContain("bpf-map");
  await gone("program", made.programs);
  await gone("map", made.maps);
});

test("100 refusals leave nothing either", async () => {
  const descriptors = descriptorCount();
  for (let cycle = 0; cycle < 100; cycle++) {
    await load(fixture("refused"), { programs: ["unchecked_null"] }).catch(() => {});
  }
  expect(descriptorCount()).toBe(descriptors);
  expect(bpfDescriptors()).toEqual([]);
});

test("100 times attached and detached", async () => {
  await using namespace = await createNamespace("leaks");
  await createVethPair({ namespace, interface: "left0" }, { namespace, interface: "right0" });
  using object = await load(fixture("pass"));
  const descriptors = descriptorCount();
  for (let cycle = 0; cycle < 100; cycle++) {
    const attachment = await attach(object.program("pass"), { interface: "left0", namespace: namespace.path });
    await attachment.detach();
  }
  expect(descriptorCount()).toBe(descriptors);
});
