/** A chain whose members are all lost is begun anew by other nodes, while the other chain's connections go on: on real parts, by the command. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { start } from "../cli/command.ts";
import { BUSY, NOTHING, setting } from "./setting.ts";
import { temporary } from "./temporary.ts";

const folder = temporary("zeta-replaced-");
const { state, there, lab, json, status, left } = setting(folder);
const config = {
  forwarders: 2,
  chains: [1, 2],
  services: [
    {
      source: fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url)),
      name: "web",
      config: { service: { listen: ["10.1.0.1:80/tcp"] }, balancer: { backends: ["10.2.1.1:80", "10.2.2.1:80"] } },
    },
  ],
};

beforeAll(() => {
  writeFileSync(join(folder, "lab.json"), JSON.stringify(config));
  const { code, stderr } = lab("up", "lab.json");
  expect([code, stderr]).toEqual([0, expect.stringContaining("up: ")]);
}, BUSY);
afterAll(() => void lab("down"), BUSY);

const member = (name: string) => status().members.find((one) => one.name === name);
/** Ports of the client whose flows a flow-table node has. */
function portsAt(name: string): number[] {
  const { flows } = json("flows", "--state", join(state, "lab", "nodes", name));
  return flows.map(({ client }: { client: string }) => Number(client.split(":").at(-1)));
}

/** Requests of each connection, a quarter of a second apart. */
const REQUESTS = 200;
const PORTS = [41_001, 41_002, 41_003, 41_004, 41_005, 41_006, 41_007, 41_008];
const CURL = ["lab", "exec", "client1", "--", "curl", "-sS"];

/** A connection from a port, once its first request has been answered. */
async function connection(port: number) {
  const words = [
    "--local-port",
    `${port}`,
    "--rate",
    "240/m",
    "--max-time",
    "150",
    "--write-out",
    "%{num_connects}\\n",
  ];
  const kept = start([...CURL, ...words, `http://10.1.0.1/?[1-${REQUESTS}]`], there);
  await kept.says(/server/);
  return { port, kept };
}

/** Whether so many new connections, one after the other, are all answered. */
function areAnswered(count: number): boolean {
  const words = ["--no-keepalive", "-H", "Connection: close", "--connect-timeout", "3", "--fail-early"];
  const { code, stdout } = lab(...CURL.slice(1), ...words, `http://10.1.0.1/?[1-${count}]`);
  return code === 0 && stdout.trim().split("\n").length === count;
}

test(
  "others take the place of a lost chain: new connections pass it, those of the other chain never break",
  async () => {
    const connections = await Promise.all(PORTS.map(connection));
    const [lost, kept] = [portsAt("table1-1"), portsAt("table2-1")];
    const going = connections.filter(({ port }) => kept.includes(port));
    expect(going.length).toBeGreaterThan(0);
    expect(connections.filter(({ port }) => lost.includes(port)).length).toBe(PORTS.length - going.length);
    expect(going.length).toBeLessThan(PORTS.length);

    // Nothing of it is lost yet.
    const replace = (...by: string[]): string[] => ["view", "--without", "table2-2", "--replace", "0", "--by", ...by];
    const early = lab(...replace("table2-2"));
    expect([early.code, early.stderr]).toEqual([2, expect.stringMatching(/ZT7020.*Chain 0 .* table1-1 runs/s)]);
    expect(lab("fail", "table1-1").code).toBe(0);
    for (const [words, code, problem] of [
      [replace("table1-1"), 3, /ZT7021.*'table1-1'.*frozen/s],
      [replace("forwarder1"), 2, /ZT7014.*'forwarder1'/s],
      [replace("table2-1"), 2, /ZT8503.*another chain/s],
      [["view", "--replace", "7", "--by", "table2-2"], 2, /ZT8503.*no chain 7/s],
      [["view", "--replace", "0"], 2, /ZT5020.*--by/s],
      [["view", "--by", "table2-2"], 2, /ZT5020.*--replace/s],
    ] as const) {
      const refused = lab(...words);
      expect([words, refused.code, refused.stderr]).toEqual([words, code, expect.stringMatching(problem)]);
    }
    expect(status().epoch).toBe(1);

    const begun = Date.now();
    const { view } = json("lab", ...replace("table2-2"));
    const from = Date.parse(view.chains[0].decidesFrom);
    expect(from - begun).toBeGreaterThan(5000);
    expect(from - begun).toBeLessThan(30_000);
    expect(view.chains[1]).not.toHaveProperty("decidesFrom");
    expect(member("table2-2")?.chain).toMatchObject({ id: 0, decidesFrom: view.chains[0].decidesFrom });
    expect(lab("view").stdout).toMatch(/^chain 0: table2-2, \d+ buckets; begins anew, decides from \S+Z on$/m);
    expect(lab("status").stdout).toMatch(/table2-2 .*chain 0, alone; begins anew, decides from \S+Z on/);
    expect(view).toMatchObject({
      epoch: 3,
      chains: [
        { id: 0, members: ["table2-2"] },
        { id: 1, members: ["table2-1"] },
      ],
    });
    expect(portsAt("table2-2")).toEqual([]);
    // It decides nothing before nobody can know of what was decided before.
    await expect.poll(() => Date.now(), { timeout: 20_000 }).toBeGreaterThan(from);
    expect(lab("view").stdout).not.toContain("anew");
    expect(areAnswered(24)).toBe(true);
    const anew = portsAt("table2-2");
    expect(anew.length).toBeGreaterThan(0);
    for (const port of anew) expect(kept).not.toContain(port);

    for (const { kept: one } of going) {
      const { code, stdout } = await one.ended;
      const lines = stdout.trim().split("\n");
      expect(code).toBe(0);
      expect(lines.filter((line) => line === lines[0])).toHaveLength(REQUESTS);
      expect(lines.filter((line) => /^\d+$/.test(line))).toEqual(["1", ...new Array(REQUESTS - 1).fill("0")]);
    }
  },
  BUSY,
);

test(
  "who was lost comes back with nothing, and is filled; and a chain that runs begins anew where that is forced",
  async () => {
    expect(lab("heal", "table1-1").code).toBe(0);
    expect(member("table1-1")).toMatchObject({ agent: "runs", listed: false, flows: 0 });
    expect(json("lab", "view", "--with", "table1-1").view.chains[0].members).toEqual(["table2-2", "table1-1"]);
    expect(portsAt("table1-1").sort()).toEqual(portsAt("table2-2").sort());
    expect(portsAt("table1-1").length).toBeGreaterThan(0);

    const { view } = json("lab", "view", "--replace", "0", "--by", "table1-1", "--force");
    expect(view.chains[0].members).toEqual(["table1-1"]);
    expect([portsAt("table1-1"), portsAt("table2-2")]).toEqual([[], []]);
    await expect.poll(() => areAnswered(24), { timeout: 60_000 }).toBe(true);
    expect(portsAt("table1-1").length).toBeGreaterThan(0);
  },
  BUSY,
);

test(
  "down leaves nothing",
  () => {
    expect(lab("down").code).toBe(0);
    expect(left()).toEqual(NOTHING);
  },
  BUSY,
);
