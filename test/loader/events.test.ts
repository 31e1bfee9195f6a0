import { expect, onTestFinished, test } from "vitest";
import { events, type LoadedObject, load, submitter, testRun, testRunAsync } from "../../runtime/index.ts";
import { struct, u32, u64 } from "../../sdk/layout/layouts.ts";
import { descriptorCount } from "./descriptors.ts";
import { fixture, frame, runTimes } from "./fixtures.ts";

const report = struct({ sequence: u64, length: u32 });

async function loaded(): Promise<LoadedObject> {
  const object = await load(fixture("events"));
  onTestFinished(() => object.close());
  return object;
}

const global = (object: LoadedObject, name: string): bigint =>
  Buffer.from(object.globals.read(name) as Uint8Array).readBigUInt64LE(0);

test("events arrive in order, discarded ones are stepped over", async () => {
  const object = await loaded();
  await using stream = events(object.map("reports"), report);
  for (let length = 60; length < 70; length++) testRun(object.program("report"), { packet: frame(length) });
  const seen: bigint[] = [];
  for await (const { sequence, length } of stream) {
    expect(length).toBe(60 + Number(sequence));
    seen.push(sequence);
    if (seen.length === 9) break;
  }
  expect(seen).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 8n, 9n]);
  expect(stream.received).toBe(9n);
});

test("a waiting reader is woken, again and again", async () => {
  const object = await loaded();
  await using stream = events(object.map("reports"), report);
  for (let round = 0n; round < 5n; round++) {
    const next = stream.next();
    await testRunAsync(object.program("report"), { packet: frame() });
    expect((await next).value?.sequence).toBe(round);
  }
});

test("several readers of one stream are served in turn", async () => {
  const object = await loaded();
  await using stream = events(object.map("reports"), report);
  const three = Promise.all([stream.next(), stream.next(), stream.next()]);
  runTimes(object.program("report"), 3);
  expect((await three).map(({ value }) => value?.sequence)).toEqual([0n, 1n, 2n]);
});

test("the buffer wraps around many times", async () => {
  const object = await loaded();
  await using stream = events(object.map("reports"), report);
  let expected = 0n;
  for (let round = 0; round < 40; round++) {
    runTimes(object.program("report"), 80);
    for (let taken = 0; taken < 70; taken++) {
      const { value } = await stream.next();
      if (expected % 8n === 7n) expected += 1n;
      expect(value?.sequence).toBe(expected);
      expected += 1n;
    }
  }
  expect(global(object, "lost")).toBe(0n);
  expect(stream.backlog()).toBe(0);
});

test("what found no room is counted", async () => {
  const object = await loaded();
  await using stream = events(object.map("reports"), report, { lost: () => global(object, "lost") });
  runTimes(object.program("report"), 1000);
  const kept = global(object, "sequence");
  expect(kept).toBeLessThan(200n);
  expect(stream.lost()).toBe(1000n - kept);
});

test("records shorter than the layout count as lost", async () => {
  const object = await loaded();
  await using stream = events(object.map("reports"), struct({ a: u64, b: u64, c: u64 }));
  runTimes(object.program("report"), 3);
  const next = stream.next();
  await expect.poll(() => stream.lost()).toBe(3n);
  stream.close();
  expect(await next).toEqual({ done: true, value: undefined });
});

test("leaving the loop, aborting and closing end a stream and free what it held", async () => {
  const object = await loaded();
  const before = descriptorCount();
  const abort = new AbortController();
  const stream = events(object.map("reports"), report, { signal: abort.signal });
  const waiting = stream.next();
  abort.abort();
  expect((await waiting).done).toBe(true);
  for (let round = 0; round < 20; round++) {
    runTimes(object.program("report"), 8);
    for await (const _ of events(object.map("reports"), report)) break;
  }
  expect(descriptorCount()).toBe(before);
});

test("requests from user space reach a program", async () => {
  const object = await loaded();
  using requests = submitter(object.map("requests"), u32);
  for (const value of [1, 20, 300]) expect(requests.submit(value)).toBe(true);
  expect(testRun(object.program("drain"), { packet: frame() }).action).toBe(2);
  expect(global(object, "sum")).toBe(321n);
  let submitted = 0;
  while (requests.submit(1)) submitted += 1;
  expect(submitted).toBeLessThan(4096 / 16 + 1);
  testRun(object.program("drain"), { packet: frame() });
  expect(global(object, "sum")).toBe(321n + BigInt(submitted));
  expect(requests.submit(1)).toBe(true);
});
