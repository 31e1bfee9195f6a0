/** Flows that wait, on a node: told as such, flushed like others, kept by an upgrade to who waits, let go by all else. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { connectNode, type RunningNode, startNode } from "../../runtime/index.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { dropCounts, readAll } from "../../runtime/service/counts.ts";
import { start } from "../cli/command.ts";
import { type Packet, type TcpConversation, tcp } from "../kit/index.ts";
import { built } from "./sources.ts";

/** What every client is told (test/services/programs/proxy.ts). */
const COOKIE = 0xffff_fff0;
const text = (file: string): string => readFileSync(new URL(`../services/programs/${file}`, import.meta.url), "utf8");
const proxy = built(text("proxy.ts"));
const mover = built(text("limited.ts"));
const CONFIG = { mover: { to: { "10.1.0.0/16": "10.9.0.1:8080", "2001:db8:1::/48": "[2001:db8:9::1]:8080" } } };

let state: string;
let running: RunningNode;
const opened = async (): Promise<void> => {
  running = await startNode({ interfaces: [], state, flows: 1000 });
  await running.node.add(await proxy, { config: CONFIG });
};
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), "zeta-waiting-"));
});
afterAll(() => rmSync(state, { recursive: true, force: true }));
beforeEach(opened);
afterEach(() => running.close());

const send = (...packets: readonly Packet[]): void => {
  const { object, root } = running.node;
  for (const { bytes } of packets) testRun(object.program(root), { packet: bytes });
};
const four = (port: number) =>
  [tcp(`10.0.0.7:${port}`, "10.1.0.1:80"), tcp("10.9.0.1:8080", `10.0.0.7:${port}`)] as const;
const six = (port: number) =>
  [tcp(`[2001:db8::7]:${port}`, "[2001:db8:1::1]:80"), tcp("[2001:db8:9::1]:8080", `[2001:db8::7]:${port}`)] as const;
const ack = (client: TcpConversation): Packet => client.ack({ tcp: { sequence: 1001, acknowledgement: COOKIE + 1 } });
const answer = (server: TcpConversation): Packet =>
  server.synAck({ tcp: { sequence: 7_000_000, acknowledgement: 1001 } });
/** Ports of clients: whose flows wait, and whose do not. */
const waiting = (waits = true): number[] =>
  [...readFlows(running.node)]
    .filter((flow) => flow.waits === waits)
    .map(({ client }) => client.sourcePort)
    .sort();
const both = (): number => [...readFlows(running.node, "both")].length;

test("zeta flows tells which wait, as text and as JSON, and counts and flushes them by themselves", async () => {
  const [client, server] = four(4000);
  send(ack(client), answer(server), ack(four(4001)[0]), ack(six(4002)[0]));
  expect([waiting(), waiting(false)]).toEqual([[4001, 4002], [4000]]);
  const zeta = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await start(["flows", "--state", state, ...words]).ended;
    expect(code).toBe(0);
    return stdout + stderr;
  };
  const listed = await zeta();
  expect(listed).toMatch(/^proxy +0 +tcp +10\.0\.0\.7:4001 +10\.1\.0\.1:80 +to 10\.9\.0\.1:8080 \(waits\) +1 +\d+$/m);
  expect(listed).toMatch(/^proxy +0 +tcp +10\.0\.0\.7:4000 +10\.1\.0\.1:80 +to 10\.9\.0\.1:8080 +1 +\d+$/m);
  const rows = (json: string): [string, boolean][] =>
    JSON.parse(json)
      .flows.map(({ client, waits }: { client: string; waits: boolean }) => [client, waits])
      .sort();
  expect(rows(await zeta("--json"))).toEqual([
    ["10.0.0.7:4000", false],
    ["10.0.0.7:4001", true],
    ["[2001:db8::7]:4002", true],
  ]);
  expect(await zeta("--waiting", "--count")).toBe("2\n");
  expect(await connectNode({ state }).countFlows({ waits: "false" })).toBe(1);
  expect(await zeta("--waiting", "--flush")).toBe("flushed 2 flows\n");
  expect([waiting(), waiting(false), both()]).toEqual([[], [4000], 2]);
});

test("a flush lets go of them: what comes from behind is nobody's, and the client's packet is decided anew", async () => {
  const drops = (): bigint => {
    const service = running.node.services.get("proxy");
    if (service?.manifest.service == null) throw new TypeError("There is no proxy.");
    return readAll(dropCounts(service.manifest.service, service.object.maps))["proxy: no cookie"] ?? 0n;
  };
  for (const [client, server] of [four(4000), six(4001)]) {
    send(ack(client));
    await connectNode({ state }).flushFlows({});
    expect(both()).toBe(0);
    const before = drops();
    send(answer(server));
    expect([drops() - before, both()]).toEqual([1n, 0]);
    send(ack(client));
    expect(waiting()).toHaveLength(1);
    send(answer(server));
    expect([waiting(), waiting(false)]).toEqual([[], [expect.any(Number)]]);
    await connectNode({ state }).flushFlows({});
  }
});

test("an upgrade to a version that waits keeps them, and who answers then is let through", async () => {
  for (const make of [four, six]) send(ack(make(4000)[0]), ack(make(4001)[0]));
  await running.node.upgrade("proxy", await proxy);
  expect(waiting()).toEqual([4000, 4000, 4001, 4001]);
  for (const make of [four, six]) send(answer(make(4000)[1]));
  expect([waiting(), waiting(false)]).toEqual([
    [4001, 4001],
    [4000, 4000],
  ]);
});

test("an upgrade to one that has none wait lets go of each when it is answered; what stands goes on", async () => {
  send(ack(four(4000)[0]), answer(four(4000)[1]), ack(four(4001)[0]));
  await running.node.upgrade("proxy", await mover, { config: { mover: { to: "10.9.0.1:8080" } } });
  expect([waiting(), waiting(false)]).toEqual([[4001], [4000]]);
  send(answer(four(4001)[1]), four(4000)[1].payload("more"));
  expect([waiting(), waiting(false), both()]).toEqual([[], [4000], 2]);
  send(ack(four(4001)[0]));
  expect([waiting(), waiting(false)]).toEqual([[], [4000, 4001]]);
});

test("with their service they go", async () => {
  send(ack(four(4000)[0]), ack(six(4001)[0]));
  running.node.services.get("proxy")?.remove();
  expect(both()).toBe(0);
});

test("they count against their tenant's quota, and no more when they are flushed, or ended by their service", async () => {
  const used = async (): Promise<bigint | undefined> => {
    // Flows are counted anew for tenants that had no quota.
    await running.node.quotas.set({});
    await running.node.quotas.set({ 0: { flows: 3 } });
    return running.node.quotas.uses()[0]?.flows;
  };
  expect(await used()).toBe(0n);
  for (const port of [4000, 4001, 4002, 4003]) send(ack(four(port)[0]));
  expect(waiting()).toEqual([4000, 4001, 4002]);
  expect(running.node.quotas.uses()[0]).toMatchObject({ flows: 3n, refused: { flows: 1n } });
  expect(await used()).toBe(3n);
  send(four(4000)[1].packet(["fin", "ack"], { tcp: { sequence: 5, acknowledgement: 9 } }));
  expect(await used()).toBe(2n);
  await connectNode({ state }).flushFlows({ port: "4001" });
  expect(await used()).toBe(1n);
});

test("after a restart nobody waits: a late answer is nobody's, and the client's own packet has it asked again", async () => {
  const [client, server] = four(4000);
  send(ack(client));
  await running.close();
  await opened();
  send(answer(server));
  expect(both()).toBe(0);
  send(ack(client));
  expect(waiting()).toEqual([4000]);
  send(answer(server));
  expect([waiting(), waiting(false)]).toEqual([[], [4000]]);
});
