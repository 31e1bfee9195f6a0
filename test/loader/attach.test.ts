import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { attach, type LoadedObject, listAttachments, load } from "../../runtime/index.ts";
import { kernelIds } from "../../runtime/loader/information.ts";
import { detachLinkById } from "../../runtime/loader/xdp.ts";
import { createNamespace, createVethPair, runIn, type TestNamespace } from "../kit/namespaces.ts";
import { testBpffs } from "./bpffs.ts";
import { bpfDescriptors, gone } from "./descriptors.ts";
import { fixture } from "./fixtures.ts";

let here: TestNamespace;
let there: TestNamespace;
let object: LoadedObject;
let at: { readonly interface: string; readonly namespace: string };

beforeAll(async () => {
  here = await createNamespace("here");
  there = await createNamespace("there");
  await createVethPair(
    { namespace: here, interface: "left0", addresses: ["10.9.0.1/24"] },
    { namespace: there, interface: "right0", addresses: ["10.9.0.2/24"] },
    { staticNeighbours: true },
  );
  at = { interface: "left0", namespace: here.path };
});
afterAll(async () => {
  await here?.[Symbol.asyncDispose]();
  await there?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  object = await load(fixture("jumps"));
});
afterEach(() => object.close());

const attached = () => listAttachments({ namespace: here.path });
const pings = async () => (await runIn(there, "ping", ["-c1", "-W1", "-q", "10.9.0.1"], { accept: [1] })).status === 0;

test("a program decides over real packets until it is detached", async () => {
  expect(await pings()).toBe(true);
  const attachment = await attach(object.program("drop"), at);
  expect(await attached()).toMatchObject([
    { interface: "left0", mode: "native", program: "drop", linkId: attachment.linkId, run: null },
  ]);
  expect(await pings()).toBe(false);
  await attachment.detach();
  await attachment.detach();
  expect(await attached()).toEqual([]);
  expect(await pings()).toBe(true);
});

test("another program takes its place without a gap", async () => {
  const pass = await load(fixture("pass"));
  await using attachment = await attach(object.program("drop"), at);
  attachment.update(pass.program("pass"));
  expect(attachment.program.name).toBe("pass");
  expect(await pings()).toBe(true);
  object.close();
  expect(await attached()).toMatchObject([{ program: "pass" }]);
  pass.close();
  expect(await attached()).toEqual([]);
});

test("generic mode is there when asked for, and said", async () => {
  await using attachment = await attach(object.program("drop"), { ...at, mode: "generic" });
  expect(attachment.mode).toBe("generic");
  expect(await attached()).toMatchObject([{ mode: "generic" }]);
});

test("a busy interface names its holder, and stays as it is", async () => {
  await using attachment = await attach(object.program("drop"), at);
  const before = bpfDescriptors();
  const refused = attach(object.program("reflect"), at);
  await expect(refused).rejects.toMatchObject({ code: "ZT4003" });
  await expect(refused).rejects.toThrow(
    `program 'drop' (id ${object.program("drop").id}, native) by link ${attachment.linkId}`,
  );
  expect(bpfDescriptors()).toEqual(before);
  expect(await attached()).toMatchObject([{ program: "drop" }]);
});

test("a program that was put there without a link is named too", async () => {
  await createVethPair(
    { namespace: here, interface: "left1", passXdp: true },
    { namespace: there, interface: "right1" },
  );
  const refused = attach(object.program("drop"), { ...at, interface: "left1" });
  await expect(refused).rejects.toMatchObject({ code: "ZT4003" });
  await expect(refused).rejects.toThrow(/program '.*' \(id \d+, native\)\. /);
  await runIn(here, "ip", ["link", "delete", "left1"]);
});

test.each([
  [{ interface: "nowhere0" }, "ZT4004", "lo, left0"],
  [{ interface: 9999 }, "ZT4004", "9999"],
  [{ interface: "lo" }, "ZT4005", "native"],
  [{ namespace: "zeta-nowhere" }, "ZT4017", "zeta-nowhere"],
])("%o gives %s", async (where, code, words) => {
  const before = bpfDescriptors();
  const refused = attach(object.program("drop"), { ...at, ...where });
  await expect(refused).rejects.toMatchObject({ code });
  await expect(refused).rejects.toThrow(words);
  expect(bpfDescriptors()).toEqual(before);
});

test("an MTU too large for native XDP is the interface's refusal", async () => {
  await runIn(there, "ip", ["link", "set", "right0", "mtu", "9000"]);
  try {
    await expect(attach(object.program("drop"), at)).rejects.toMatchObject({ code: "ZT4020" });
  } finally {
    await runIn(there, "ip", ["link", "set", "right0", "mtu", "1500"]);
  }
});

test("a pinned link outlives its object; detaching removes the pin at once", async () => {
  await using bpffs = await testBpffs();
  const pin = join(bpffs.path, "left0");
  const attachment = await attach(object.program("drop"), { ...at, pin });
  object.close();
  expect(await attached()).toMatchObject([{ program: "drop", linkId: attachment.linkId }]);
  expect(bpffs.names()).toEqual(["left0"]);
  object = await load(fixture("jumps"));
  const again = attach(object.program("drop"), { ...at, pin });
  await expect(again).rejects.toMatchObject({ code: "ZT4003" });
  expect(detachLinkById(attachment.linkId)).toBe(true);
  expect(await attached()).toEqual([]);
});

test("a pin that cannot be made leaves the interface free", async () => {
  const links = kernelIds("link");
  await expect(attach(object.program("drop"), { ...at, pin: "/tmp/zeta-no-pin" })).rejects.toMatchObject({
    code: "ZT4014",
  });
  expect(await attached()).toEqual([]);
  await gone(
    "link",
    kernelIds("link").filter((id) => !links.includes(id)),
  );
});
