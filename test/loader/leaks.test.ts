import { expect, test } from "vitest";
import { attach, events, load, testRun } from "../../runtime/index.ts";
import { kernelIds } from "../../runtime/loader/information.ts";
import { createNamespace, createVethPair } from "../kit/namespaces.ts";
import { bpfDescriptors, descriptorCount, gone } from "./descriptors.ts";
import { fixture, frame } from "./fixtures.ts";

const CYCLES = 1000;

/** Programs and maps that this process made are gone from the kernel once it holds none. */
async function nothingLeft(before: {
  readonly program: readonly number[];
  readonly map: readonly number[];
}): Promise<void> {
  expect(bpfDescriptors()).toEqual([]);
  for (const kind of ["program", "map"] as const) {
    // Other processes of the machine may have made some meanwhile: those with our names must go.
    await gone(
      kind,
      made[kind].filter((id) => !before[kind].includes(id)),
    );
  }
}

const made = { program: [] as number[], map: [] as number[] };

test(`${CYCLES} times loaded, run, read and closed: no descriptor, program or map stays`, async () => {
  const warm = await load(fixture("maps"));
  warm.close();
  const before = { program: kernelIds("program"), map: kernelIds("map") };
  const descriptors = descriptorCount();
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const object = await load(fixture("events"), cycle % 100 === 0 ? { log: "statistics" } : {});
    testRun(object.program("report"), { packet: frame() });
    if (cycle % 10 === 0)
      for await (const _ of events(object.map("reports"), {
        kind: "scalar",
        type: "u64",
        size: 8,
        align: 8,
        order: "little",
      }))
        break;
    object.globals.read("sequence");
    made.program.push(object.program("report").id);
    made.map.push(object.map("reports").id);
    object.close();
  }
  expect(descriptorCount()).toBe(descriptors);
  await nothingLeft(before);
  const mapped = (await import("node:fs")).readFileSync("/proc/self/maps", "utf8").match(/bpf-map/g) ?? [];
  expect(mapped).toEqual([]);
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
