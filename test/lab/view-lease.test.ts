/**
 * Views are leased from the cluster's store: a member whose agent stands still goes by none soon, even where nobody has taken it out, and by the
 * newest as soon as it goes on. On real parts: two forwarders, of which packets come to one at a time, and a chain of two.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { propose } from "../../runtime/cluster/change.ts";
import { DEFAULT_TIMES } from "../../runtime/cluster/time.ts";
import { guard } from "../../runtime/lab/guard.ts";
import type { Namespace } from "../../runtime/lab/index.ts";
import { clientOf } from "../../runtime/lab/standing/agents.ts";
import { takeDown } from "../../runtime/lab/standing/down.ts";
import { fail, heal } from "../../runtime/lab/standing/faults.ts";
import { memberNamed, namespaceNamed } from "../../runtime/lab/standing/parts.ts";
import { namespacesOf, placeOf } from "../../runtime/lab/standing/place.ts";
import { type LabRecord, readRecord, writeRecord } from "../../runtime/lab/standing/record.ts";
import { bringUp } from "../../runtime/lab/standing/up.ts";
import { changeView, spreadOver } from "../../runtime/lab/standing/view.ts";
import { tearDown } from "../../runtime/lab/teardown.ts";
import { zeta } from "../cli/command.ts";
import { temporary } from "./temporary.ts";

const MAIN = fileURLToPath(new URL("../../runtime/cli/main.ts", import.meta.url));
/** Milliseconds: where others use the processors too, all of it takes many times longer. */
const BUSY = 400_000;
const PORT = 40_000;
const ADDRESS = { server1: "10.2.1.1:80", server2: "10.2.2.1:80" } as const;
type Server = keyof typeof ADDRESS;

const state = temporary("zeta-lease-");
const place = placeOf(state);
let record: LabRecord;
let release = (): void => undefined;
const configOf = (...backends: readonly string[]) => ({
  service: { listen: ["10.1.0.1:80/tcp"] },
  balancer: { backends },
});
beforeAll(async () => {
  const result = await createCompiler().compile(
    fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url)),
  );
  if (!result.ok) throw new Error("The balancer does not compile.");
  const { manifest, code } = result;
  const config = configOf(...Object.values(ADDRESS));
  const members = {
    forwarders: 2,
    chains: [2],
    clients: 1,
    servers: 2,
    web: true,
    flows: 1000,
    spread: "packets",
  } as const;
  release = guard(() => tearDown(namespacesOf(place), place.folder));
  record = await bringUp(place, {
    config: { ...members, chains: [2], tenants: [], services: [], times: {} },
    file: "test/lab",
    services: [{ what: { object: code.object, manifest }, name: "web", config }],
    zeta: [process.execPath, MAIN],
  });
}, BUSY);
afterAll(async () => {
  if (record !== undefined) await takeDown(place);
  release();
}, BUSY);

const namespace = (name: string): Namespace => namespaceNamed(place, record, name);
const member = (name: string) => memberNamed(record, name);
/** All packets come to this forwarder from now on. */
const through = (name: string): Promise<void> =>
  spreadOver(place, record, { ...record.view, forwarders: [member(name).id] });

/** How many packets of the connection have come to a server. */
async function countedAt(server: Server): Promise<number> {
  const { stdout } = await namespace(server).run("nft", ["list", "counter", "inet", "seen", "connection"]);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}
const SEEN = `table inet seen {
  counter connection {
  }
  chain arriving {
    type filter hook prerouting priority raw
    tcp sport ${PORT} counter name connection
  }
}
`;

const CURL = ["-sS", "--local-port", `${PORT}`, "--max-time", "120", "--retry", "0"];

test(
  "a frozen forwarder that stays in the view, and a frozen end of a chain, go by no old decision when their lease is over",
  async () => {
    // Else the client's end of the first connection would keep its port.
    await namespace("client1").run("sysctl", ["-qw", "net.ipv4.tcp_max_tw_buckets=0"]);
    await through("forwarder1");
    const { stdout } = await namespace("client1").run("curl", [...CURL, "-H", "Connection: close", "http://10.1.0.1/"]);
    const before = stdout.trim() as Server;
    expect(Object.keys(ADDRESS)).toContain(before);
    const after: Server = before === "server1" ? "server2" : "server1";

    for (const name of ["forwarder1", "table1-2"]) await fail(place, name, "agent");
    const frozen = performance.now();
    const { view } = await changeView(place, { without: ["table1-2"] });
    expect(view.forwarders).toContain(member("forwarder1").id);
    for (const name of ["forwarder2", "table1-1"])
      await clientOf(place, member(name)).setConfig("web", configOf(ADDRESS[after]));

    // The last packets of the first one have come by now.
    for (const name of ["server1", "server2"]) await namespace(name).run("nft", ["-f", "-"], { input: SEEN });

    // The same ends again: another decision, made by those that are left.
    await through("forwarder2");
    const asked = "http://10.1.0.1/?[1-120]";
    await using load = await namespace("client1").start(
      "curl",
      [...CURL, "--rate", "240/m", "--write-out", "%{num_connects}\\n", asked],
      {
        ready: { prints: new RegExp(after) },
        timeout: 100_000,
      },
    );
    const lives = (): Promise<void> => {
      const known = countedAt(after);
      return expect.poll(async () => (await countedAt(after)) - (await known), { timeout: 60_000 }).toBeGreaterThan(4);
    };
    await lives();
    expect(await countedAt(before)).toBe(0);

    // Whoever was left behind knows the old one still, and would go by it for as long as flows are remembered.
    await expect.poll(() => performance.now() - frozen, { timeout: 60_000 }).toBeGreaterThan(DEFAULT_TIMES.viewLease);
    const known = await countedAt(after);
    await through("forwarder1");
    const { stdout: routed } = await namespace("router").run("nft", ["list", "table", "inet", "spread"]);
    expect(routed).toContain("mod 1");
    // What the client sends meanwhile, again and again, comes to nobody.
    await namespace("client1").run("sleep", ["5"]);
    expect(await countedAt(before)).toBe(0);
    expect(await countedAt(after)).toBeLessThanOrEqual(known + 4);

    // They go on by themselves, and by the newest view.
    for (const name of ["forwarder1", "table1-2"]) process.kill(member(name).pid, "SIGCONT");
    for (const name of ["forwarder1", "table1-2"])
      await expect
        .poll(async () => (await clientOf(place, member(name)).status()).epoch, { timeout: 20_000 })
        .toBe(view.epoch);
    await clientOf(place, member("forwarder1")).setConfig("web", configOf(ADDRESS[after]));
    await lives();
    expect(await countedAt(before)).toBe(0);
    expect(await clientOf(place, member("table1-2")).countFlows()).toBe(0);
    const { drops } = await clientOf(place, member("forwarder1")).status();
    expect(Number(drops["table: no view"])).toBeGreaterThan(0);
    expect(await load.ended).toBe(0);
    const answers = load.output().trim().split("\n");
    expect(answers.filter((one) => one === after)).toHaveLength(120);
    expect(answers.filter((one) => one === "1")).toHaveLength(1);
  },
  BUSY,
);

test(
  "a forwarder that is taken out passes nothing new at once, though it goes by the newest view, and does when it is in again",
  async () => {
    await heal(place, "forwarder1");
    const passes = async (): Promise<boolean> => {
      await through("forwarder1");
      const { status } = await namespace("client1").run("curl", ["-sS", "--max-time", "3", "http://10.1.0.1/"], {
        accept: [28],
      });
      return status === 0;
    };
    expect(await passes()).toBe(true);
    const { view } = await changeView(place, { without: ["forwarder1"] });
    expect(await passes()).toBe(false);
    expect(await clientOf(place, member("forwarder1")).status()).toMatchObject({ epoch: null });
    expect(readRecord(place).view.forwarders).toEqual([member("forwarder2").id]);
    await changeView(place, { with: ["forwarder1"] });
    expect(await passes()).toBe(true);
    expect(await clientOf(place, member("forwarder1")).status()).toMatchObject({ epoch: view.epoch + 1 });
  },
  BUSY,
);

test(
  "'zeta lab view' alone goes on where one was interrupted: members are told, and filled",
  async () => {
    for (const name of ["forwarder1", "table1-2"]) await heal(place, name);
    // Interrupted when it had been written what the view is, and nobody told.
    const before = readRecord(place);
    const view = propose(before.view, { kind: "join", chain: 0, node: member("table1-2").id });
    if (view === null) throw new Error("It has joined already.");
    writeRecord(place, { ...before, view });
    const { code, stdout } = zeta(["lab", "view", "--state", state]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("chain 0: table1-1 → table1-2, 1024 buckets")]);
    // The joiner, and that it has everything.
    expect(readRecord(place).view).toMatchObject({ epoch: before.view.epoch + 2, moves: {} });
    for (const { name } of record.members)
      expect(await clientOf(place, member(name)).status()).toMatchObject({ epoch: before.view.epoch + 2 });
  },
  BUSY,
);
