/** Sessions of OpenSSH, held open and used while the node that they go through is changed in every way there is. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Built } from "../../runtime/lab/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { type Running, start, zeta } from "../cli/command.ts";
import { type Gateway, gatewayLab, startOn } from "../node/gateway.ts";
import { during, version } from "./examples.ts";
import { openSession, type SshKeys, type SshSession, sshKeys, startSshServer } from "./ssh.ts";

let lab: Built<Gateway>;
let keys: SshKeys;
beforeAll(async () => {
  lab = await gatewayLab();
  keys = await sshKeys(lab.lab);
  await startSshServer(lab.server, keys, [22, 2222]);
}, 60_000);
afterAll(async () => lab?.lab.dispose());

let asked = 0;
/** Each session computes something else each time, and takes a moment for it: without, two of them would keep a processor busy by asking. */
async function used(sessions: readonly SshSession[]): Promise<void> {
  asked += 1;
  const number = asked;
  const answers = await Promise.all(
    sessions.map((session, i) => session.ask(`sleep 0.02; echo ${i}: $((${number} * ${number}))`)),
  );
  expect(answers).toEqual(sessions.map((_, i) => `${i}: ${number * number}`));
}
const closed = (sessions: readonly SshSession[]) => Promise.all(sessions.map((session) => session.close()));

const OPEN_22 = { firstTcp: 22, lastTcp: 22, firstUdp: 0, lastUdp: 0, ping: 0 };
const INSIDE = { "10.0.0.0/24": 1, "2001:db8::/64": 1 };

test("through a stateful firewall: changes of its config, upgrades, and services that come and go", async () => {
  await using running = await startOn(lab);
  const { node } = running;
  const firewalls = [
    await version("stateful-firewall"),
    await version("stateful-firewall", '"no connection"', '"no such connection"'),
  ] as const;
  const balancer = await version("balancer");
  const service = await node.add(firewalls[0], { config: { firewall: { inside: INSIDE, open: {} } } });
  await using four = openSession(lab.client, keys, "10.2.0.1");
  await using six = openSession(lab.client, keys, "2001:db8:2::1");
  const sessions = [four, six];
  await used(sessions);

  const changes = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) {
      const { config } = node.services.get(service.name) ?? service;
      config.set("firewall.open", turn % 2 === 0 ? { "10.0.0.0/24": OPEN_22 } : {});
      await node.upgrade(service.name, firewalls[(turn + 1) % 2] as (typeof firewalls)[0]);
      const passing = await node.add(balancer, {
        config: { service: { listen: ["10.1.0.1:22/tcp"] }, balancer: { backends: ["10.2.0.1:22"] } },
      });
      // It serves while it is there.
      await using other = openSession(lab.client, keys, "10.1.0.1");
      await used([other]);
      await closed([other]);
      passing.remove();
    }
  };
  const { turns } = await during(changes(), () => used(sessions), 20);
  console.info(`both sessions used ${turns} times meanwhile`);
  expect(node.services.get(service.name)?.upgrades).toBe(4);
  // They are what they were: a firewall lets in no connection from its middle.
  expect([...readFlows(node)].filter(({ client }) => client.destinationPort === 22)).toHaveLength(2);
  expect(await closed(sessions)).toEqual([0, 0]);
}, 180_000);

test("through a balancer whose node is killed, goes on without it, and is replaced", async () => {
  const folder = lab.lab.folder;
  const there = { cwd: folder, env: { ZETA_STATE: join(folder, "kept") }, namespace: lab.gateway.path };
  const command = (...words: string[]): void => {
    expect(zeta(words, there)).toMatchObject({ code: 0 });
  };
  const processes: Running[] = [];
  onTestFinished(async () => {
    for (const process of processes) process.signal("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    zeta(["detach", "--all"], there);
  });
  // A connection that came to the other port in its middle would be refused.
  const config = (address: string, backend: string) => ({
    service: { listen: [`${address}:22/tcp`] },
    balancer: { backends: [`${backend}:22`, `${backend}:2222`] },
  });
  writeFileSync(join(folder, "four.json"), JSON.stringify(config("10.1.0.1", "10.2.0.1")));
  writeFileSync(join(folder, "six.json"), JSON.stringify(config("[2001:db8:1::1]", "[2001:db8:2::1]")));
  const source = fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url));
  command("build", source, "--out", "balancer", "--no-verify");
  const serve = async () => {
    const words = ["--interface", "front", "--interface", "back", "--flows", "1000", "--keep"];
    const process = start(["node", "start", ...words], there);
    processes.push(process);
    await process.says("started node on front, back (native)");
    for (const name of ["four", "six"]) command("node", "add", "balancer", "--name", name, "--config", `${name}.json`);
    return process;
  };

  const first = await serve();
  await using stack = new AsyncDisposableStack();
  const sessions = ["10.1.0.1", "2001:db8:1::1"].flatMap((host) =>
    Array.from({ length: 3 }, () => stack.use(openSession(lab.client, keys, host))),
  );
  await used(sessions);
  first.signal("SIGKILL");
  await first.ended;
  for (let i = 0; i < 10; i++) await used(sessions);

  // The new node knows no flow: that each goes where it went is Maglev's doing.
  command("detach", "--all");
  const second = await serve();
  for (let i = 0; i < 10; i++) await used(sessions);
  expect(await closed(sessions)).toEqual(sessions.map(() => 0));
  second.signal("SIGTERM");
  await second.ended;
}, 180_000);
