/** The node's process as a library: who may start one, and what it says to those who ask wrongly. */
import { readdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { dropDeadSockets } from "../../runtime/control/claim.ts";
import { type Built, connectNode, type RunningNode, startNode } from "../../runtime/index.ts";
import { run } from "../../runtime/lab/command.ts";
import { udp } from "../kit/index.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";
import { built, relay, relayConfig } from "./sources.ts";

let lab: Built<Gateway>;
beforeAll(async () => {
  lab = await gatewayLab();
});
afterAll(async () => lab.lab.dispose());

let state: string;
let rounds = 0;
beforeEach(() => {
  rounds += 1;
  state = `${lab.lab.folder}/process-${rounds}`;
});

const onInterface = (name: string): Promise<RunningNode> =>
  startNode({ interfaces: [name], namespace: lab.gateway.fullName, state, flows: 1000 });
const config = relayConfig(["10.1.0.1:53/udp"], "10.2.0.1:53");

test("of two that start at once with one folder, one does", async () => {
  const both = await Promise.allSettled([onInterface("front"), onInterface("back")]);
  const [one, ...more] = both.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const refused = both.flatMap((each) => (each.status === "rejected" ? [(each.reason as ZetaError).code] : []));
  expect([more, refused]).toEqual([[], ["ZT8110"]]);
  expect((await connectNode({ state }).status()).interfaces).toHaveLength(1);
  await one?.close();
  await one?.close();
  // Nothing but the folder of runs is left there.
  expect(readdirSync(state)).toEqual(["runs"]);
});

test.each([
  ["that is a file", "file", /cannot be written: EEXIST/],
  ["below a file", "file/state", /cannot be written: ENOTDIR/],
  ["whose name is longer than a socket's may be", "x".repeat(120), /107 bytes/],
])("a state folder %s is refused, and nobody answers there", async (_, name, reason) => {
  writeFileSync(`${lab.lab.folder}/file`, "");
  state = `${lab.lab.folder}/${name}`;
  await expect(onInterface("front")).rejects.toMatchObject({ code: "ZT4022", message: expect.stringMatching(reason) });
  await expect(connectNode({ state }).status()).rejects.toMatchObject({ code: "ZT8111" });
  await dropDeadSockets(state);
});

describe("a node answers", () => {
  let running: RunningNode;
  beforeEach(async () => {
    running = await onInterface("front");
    return () => running.close();
  });
  const client = () => connectNode({ state });
  /** Says it as no client of ours would. */
  async function raw(method: string, path: string, body?: string): Promise<{ status: number; codes: string[] }> {
    const data = body === undefined ? [] : ["--data-binary", body];
    const words = ["-sS", "-X", method, "-w", "\n%{http_code}", "--unix-socket", running.socket, ...data];
    const { stdout } = await run("curl", [...words, `http://node${path}`]);
    const [content = "", status] = stdout.split("\n");
    const problems = JSON.parse(content).problems as { code: string }[] | undefined;
    return { status: Number(status), codes: (problems ?? []).map(({ code }) => code) };
  }

  test.each([
    ["a path that is none", "GET", "/everything", undefined],
    ["a method that is none", "PATCH", "/status", undefined],
    ["a path below a service's", "DELETE", "/services/web/more", undefined],
    ["a name that nobody could write so", "DELETE", "/services/%zz", undefined],
    ["what is no URL", "GET", "//", undefined],
    ["what is no JSON", "POST", "/services", "{"],
    ["JSON of another shape", "POST", "/services", '{ "service": 1 }'],
    ["a part that is unknown", "PUT", "/config/relay", '{ "config": {}, "more": 1 }'],
    ["a query that is unknown", "GET", "/flows?colour=red", undefined],
    ["a name that is no name", "POST", "/services", '{ "name": "../up", "service": {} }'],
  ])("%s with what is wrong", async (_, method, path, body) => {
    expect(await raw(method, path, body)).toEqual({ status: 400, codes: ["ZT8112"] });
    expect((await client().status()).services).toEqual([]);
  });

  test("an object that is not its manifest's with a refusal", async () => {
    const { manifest, object } = await built(relay());
    const objects = [{ file: "relay.v3.o", cpu: "v3", sha256: "0".repeat(64), llvm: "19", irBuilder: "text" } as const];
    const bundle = { directory: "", manifest: { ...manifest, objects }, objects: new Map([["v3", object] as const]) };
    await expect(client().add(bundle, { config })).rejects.toThrow("ZT4012");
    expect((await client().status()).services).toEqual([]);
  });

  test("several at once, one change after the other", async () => {
    const source = await built(relay());
    const twice = await Promise.allSettled([client().add(source, { config }), client().add(source, { config })]);
    expect(twice.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const changes = await Promise.allSettled([
      client().upgrade("relay", source),
      client().setConfig("relay", "relay.target", "10.2.0.2:53"),
      client().upgrade("relay", source),
      client().status(),
    ]);
    expect(changes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "fulfilled"]);
    expect(await client().config("relay")).toEqual(relayConfig(["10.1.0.1:53/udp"], "10.2.0.2:53"));
  });

  test("whoever wants only the first flows", async () => {
    await client().add(await built(relay()), { config });
    const { testRun } = await import("../../runtime/index.ts");
    for (let port = 1; port <= 300; port++) {
      const packet = udp(`10.0.0.7:${port}`, "10.1.0.1:53").payload("?").bytes;
      testRun(running.node.object.program(running.node.root), { packet });
    }
    for await (const flow of client().flows()) {
      expect(flow.service).toBe("relay");
      break;
    }
    expect(await client().countFlows({ port: "53" })).toBe(300);
    expect(await client().flushFlows({ address: "10.0.0.0/8" })).toBe(300);
    expect(await client().countFlows()).toBe(0);
  });

  test("nobody any more once it is closed", async () => {
    await running.close();
    await expect(client().status()).rejects.toThrow("ZT8111");
  });
});
