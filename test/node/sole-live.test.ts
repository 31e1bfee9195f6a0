/** A service that is alone on a live node stands on the interfaces itself, and comes and goes there under traffic. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { listAttachments, type RunningNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { echoClient, echoServer } from "./echo.ts";
import { type Gateway, gatewayLab, startOn } from "./gateway.ts";
import { built, everything, matching } from "./sources.ts";

const SERVER = "10.2.0.1";
const ALONE = ["everything_sole", "everything_sole"];
const ROOT = ["zeta_root", "zeta_root"];

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let lab: Built<Gateway>;
let running: RunningNode;
beforeAll(async () => {
  lab = await gatewayLab();
  await echoServer(lab.server, SERVER, 5201);
  running = await startOn(lab);
});
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

/** The programs on both interfaces, each of this run. */
async function attached(): Promise<(string | null)[]> {
  const all = await listAttachments({ namespace: lab.gateway.fullName, state: `${lab.lab.folder}/state` });
  expect(all.map(({ run }) => run?.id)).toEqual([running.run, running.run]);
  return all.map(({ program }) => program);
}

test("no packet is lost while services come, change and go, and while packets are traced", async () => {
  const { node } = running;
  expect(await attached()).toEqual(ROOT);
  const [all, other] = [await built(everything), await built(matching)];
  const first = await node.add(all);
  expect(await attached()).toEqual(ALONE);
  const stop = await echoClient(lab.client, SERVER, 5201);
  for (let round = 0; round < 3; round++) {
    const config = { service: { listen: ["10.1.0.1:53/udp"] }, matching: { address: "10.1.0.1" } };
    const second = await node.add(other, { config });
    expect(await attached()).toEqual(ROOT);
    second.remove();
    expect(await attached()).toEqual(ALONE);
    await node.upgrade("everything", all);
    expect(await attached()).toEqual(ALONE);
  }
  const trace = await node.trace({ address: SERVER });
  expect(await attached()).toEqual(["zeta_watch", "zeta_watch"]);
  for await (const { step, service } of trace) if (`${step} ${service}` === "left everything") break;
  expect(await attached()).toEqual(ALONE);
  const { sent, lost } = await stop();
  expect(lost).toBe(0);
  expect(sent).toBeGreaterThan(1000);
  const { services } = await running.status();
  // There and back, and what else the kernels say to each other.
  expect(services).toHaveLength(1);
  expect(services[0]?.traffic.packets).toBeGreaterThanOrEqual(BigInt(2 * sent));
  expect(node.services.get("everything")?.index).toBe(first.index);
  node.services.get("everything")?.remove();
  expect(await attached()).toEqual(ROOT);
});
