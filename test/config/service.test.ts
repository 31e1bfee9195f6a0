/** Services live, on real interfaces in namespaces of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { kernelStore } from "../../runtime/config/kernel-store.ts";
import { openConfig } from "../../runtime/config/live.ts";
import {
  type Built,
  buildLab,
  cleanRun,
  type Lab,
  listRuns,
  load,
  type Namespace,
  startService,
  testRunAsync,
} from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { openNode } from "../../runtime/node/node.ts";
import { dropCounts, readAll } from "../../runtime/service/counts.ts";
import { tcp } from "../kit/index.ts";
import { compiled } from "./services.ts";

const GATE = `
import { counter, drop, events, middlebox, pass, prefixes, service, u8, u32 } from "zeta";
export const gate = middlebox("gate", {
  config: { open: prefixes({ of: {}, max: 100_000 }) },
  state: { passed: counter(), seen: events({ of: { protocol: u8, length: u32 } }) },
  filter(packet, { config, state }) {
    if (packet.protocol !== 1) return pass();
    state.seen.send({ protocol: packet.protocol, length: packet.length });
    if (!config.open.has(packet.source)) return drop("closed");
    state.passed.add(1n);
    return pass();
  },
});
export default service("gate", { chain: [gate] });
`;

/** Drops a packet that sees parts of two configs. */
const TORN = `
import { drop, middlebox, pass, service, table, u32, u64 } from "zeta";
export const one = middlebox("one", {
  config: { first: u64, values: table({ key: u32, of: u64, max: 1 }) },
  filter(_packet, { config }) {
    const value = config.values.lookup(0);
    return value !== null && value !== config.first ? drop("torn") : pass();
  },
});
export const two = middlebox("two", {
  config: { second: u64, values: table({ key: u32, of: u64, max: 1 }), from: u64 },
  filter(_packet, { config }) {
    const value = config.values.lookup(0);
    return value !== null && (value !== config.second || value !== config.from) ? drop("torn") : pass();
  },
});
export default service("torn", { chain: [one, two] });
`;

const lacking = missingCapabilities();
const reason = process.getuid?.() === 0 && lacking.length === 0 ? null : `root is needed (${lacking.join(", ")})`;

let gate: Awaited<ReturnType<typeof compiled>>;
let network: Built<{ readonly gateway: Namespace; readonly client: Namespace }> | null = null;
let state: string;
beforeAll(async () => {
  gate = await compiled(GATE);
  state = mkdtempSync(join(tmpdir(), "zeta-service-"));
  if (reason !== null) return;
  network = await buildLab(async (lab: Lab) => {
    const gateway = await lab.namespace("gateway");
    const client = await lab.namespace("client");
    for (const [index, name] of ["first", "second"].entries())
      await lab.connect(
        { namespace: gateway, interface: name, addresses: [`10.9.${index}.1/24`] },
        { namespace: client, interface: `to-${name}`, addresses: [`10.9.${index}.2/24`], passXdp: true },
      );
    return { gateway, client };
  });
});
afterAll(async () => {
  await network?.lab.dispose();
  rmSync(state, { recursive: true, force: true });
});
beforeEach((context) => {
  if (reason !== null) context.skip(reason);
});

const there = () => network as NonNullable<typeof network>;
const options = (config: unknown = { gate: { open: ["10.9.0.2"] } }) => ({
  interfaces: ["first", "second"],
  namespace: there().gateway.path,
  state,
  config: config as never,
});
const answers = async (address: string): Promise<boolean> => {
  const { stdout } = await there().client.run("ping", ["-c", "1", "-W", "1", address], { accept: [1] });
  return / 0% packet loss/.test(stdout);
};
async function attached(): Promise<boolean> {
  const { stdout } = await there().gateway.run("ip", ["-details", "link"]);
  return /prog\/xdp/.test(stdout);
}

describe("a service", () => {
  test("serves on all its interfaces under its config, counts, and leaves nothing", async () => {
    await using service = await startService(gate, options());
    expect(listRuns(state)).toMatchObject([{ id: service.run, attachments: [{}, {}] }]);
    expect(await answers("10.9.0.1")).toBe(true);
    expect(await answers("10.9.1.1")).toBe(false);
    expect(service.counters()).toEqual({ "gate.passed": 1n });
    expect(service.drops()).toEqual({ "gate: closed": 1n });

    service.config.set("gate.open", ["10.9.0.0/16"]);
    expect(await answers("10.9.1.1")).toBe(true);
    expect(() => service.config.set("gate.open", ["10.9.0.0/8"])).toThrow(/ZT6001/);
    expect(await answers("10.9.1.1")).toBe(true);
    expect(service.config.get("gate.open")).toEqual({ "10.9.0.0/16": 1 });

    await service.detach();
    expect(await attached()).toBe(false);
    expect(listRuns(state)).toEqual([]);
  });

  test("streams its events", async () => {
    await using service = await startService(gate, options());
    const stream = service.events<{ protocol: number }>();
    await answers("10.9.0.1");
    expect((await stream.next()).value).toMatchObject({ protocol: 1, length: 98 });
    stream.close();
    expect(stream.lost()).toBe(0n);
    expect(() => service.events("gate.other")).toThrow(/ZT4015.*gate\.seen/);
  });

  test("that is pinned goes on without its process, until it is cleaned", async () => {
    const service = await startService(gate, { ...options(), pin: true });
    try {
      await service.close();
      expect(await attached()).toBe(true);
      expect(await answers("10.9.1.1")).toBe(false);
    } finally {
      await cleanRun(service.run, { state, force: true });
    }
    expect(await attached()).toBe(false);
  });
});

describe("a service that cannot start leaves nothing", () => {
  test.each<[string, object, RegExp]>([
    ["a config field is missing", { config: { gate: {} } }, /ZT6003.*gate\.open/],
    ["there is no config", { config: undefined }, /ZT6003.*'gate'/],
    ["a value does not fit", { config: { gate: { open: ["ten"] } } }, /ZT6001.*gate\.open\[0\]/],
    ["one interface of several is not there", { interfaces: ["first", "third"] }, /ZT4004.*third/],
  ])("when %s", async (_, change, expected) => {
    await expect(startService(gate, { ...options(), ...change } as never)).rejects.toThrow(expected);
    expect(await attached()).toBe(false);
    expect(listRuns(state)).toEqual([]);
  });
});

test("packets never see parts of two configs", async () => {
  const { code, manifest } = await compiled(TORN);
  using node = await openNode();
  const all = (value: number) => ({
    one: { first: value, values: { 0: value } },
    two: { second: value, values: { 0: value }, from: value },
  });
  const { config, object } = await node.add({ object: code.object, manifest }, { config: all(0) });
  const packet = tcp("10.0.0.7:40000", "10.1.0.1:80").syn().bytes;
  let changing = true;
  // On another thread, as packets would be: run after run, until the last change is made.
  const packets = (async () => {
    while (changing) await testRunAsync(node.entry(), { packet, repeat: 50_000 });
  })();
  for (let value = 1; value <= 25; value++) {
    config.set(all(value));
    await new Promise((resolve) => setImmediate(resolve));
  }
  changing = false;
  await packets;
  const drops = dropCounts(manifest.service as NonNullable<typeof manifest.service>, object.maps);
  expect(readAll(drops)).toMatchObject({ "one: torn": 0n, "two: torn": 0n });
});

test("a hundred thousand prefixes load, and replace as many", async () => {
  using object = await load({ object: gate.code.object, manifest: gate.manifest });
  const config = openConfig(gate.manifest, kernelStore(gate.manifest, object));
  const block = (first: number) =>
    Array.from({ length: 100_000 }, (_, i) => `${first}.${(i >> 12) & 255}.${(i >> 4) & 255}.${(i & 15) * 16}/28`);
  config.set("gate.open", block(10));
  config.set("gate.open", block(11));
  expect(
    (config.get("gate.open") as readonly unknown[]).length ?? Object.keys(config.get("gate.open") as object).length,
  ).toBe(100_000);
  config.close();
});
