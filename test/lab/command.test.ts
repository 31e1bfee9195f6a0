/** `zeta lab`: a cluster that stands by itself, used and broken by commands, and nothing left of it. */
import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../runtime/lab/command.ts";
import { readLabConfig } from "../../runtime/lab/standing/config-file.ts";
import { start, zeta } from "../cli/command.ts";
import { readCapture } from "../kit/index.ts";
import { BUSY, NOTHING, setting } from "./setting.ts";
import { temporary } from "./temporary.ts";

const balancer = fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url));

/** Sends frames, given in hexadecimal, by an interface. */
const INJECT = `
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((sys.argv[1], 0))
for frame in sys.argv[2:]: wire.send(bytes.fromhex(frame))
`;

const TENANTS = [71, 72] as const;
/** The same addresses in both. */
const tenants = TENANTS.map((vni) => ({
  vni,
  router: "10.0.0.1",
  hosts: [
    { name: `client${vni}`, address: "10.0.0.7" },
    { name: `server${vni}`, address: "10.2.0.1", web: true },
  ],
}));
const ofTenants = TENANTS.map((vni) => ({
  source: balancer,
  name: `web${vni}`,
  vni,
  config: { service: { listen: ["10.1.0.1:80/tcp"] }, balancer: { backends: ["10.2.0.1:80"] } },
}));

const config = (members: object, backends: readonly string[], more: readonly object[] = []): string =>
  `type Told = { readonly forwarders: number };
const lab: Told = ${JSON.stringify({
    ...members,
    services: [
      {
        source: balancer,
        name: "web",
        config: { service: { listen: ["10.1.0.1:80/tcp"] }, balancer: { backends } },
      },
      ...more,
    ],
  })};
export default lab;
`;

describe("a lab of two forwarders and a chain of two", () => {
  const folder = temporary("zeta-labcmd-");
  const { state, there, lab, json, status, left } = setting(folder);
  beforeAll(() => {
    writeFileSync(
      join(folder, "lab.config.ts"),
      config({ forwarders: 2, chains: [2], tenants }, ["10.2.1.1:80", "10.2.2.1:80"], ofTenants),
    );
    const { code, stdout, stderr } = lab("up", "lab.config.ts");
    expect([code, stdout, stderr]).toEqual([0, "", expect.stringContaining("up: forwarders 2, chains of 2")]);
  }, BUSY);
  afterAll(() => void lab("down"), BUSY);

  const member = (name: string) => status().members.find((one) => one.name === name);
  /** Names of the servers that answered, by how often; each request is a connection of its own. */
  function fetched(count: number): Readonly<Record<string, number>> {
    const words = ["curl", "-sS", "--no-keepalive", "-H", "Connection: close", "--max-time", "10"];
    const { code, stdout, stderr } = lab("exec", "client1", "--", ...words, `http://10.1.0.1/?[1-${count}]`);
    expect([code, stderr]).toEqual([0, ""]);
    const names = stdout.trim().split("\n");
    return Object.fromEntries(
      [...new Set(names)].sort().map((name) => [name, names.filter((one) => one === name).length]),
    );
  }

  /** What forwarders hold ends with its lease: connections are made until one is seen to hold some. */
  const holds = (name: string): Promise<void> =>
    expect.poll(() => fetched(2) && member(name)?.flows, { timeout: 60_000 }).toBeGreaterThan(0);

  test("connections pass it, each packet by the next forwarder", async () => {
    const { server1 = 0, server2 = 0, ...others } = fetched(40);
    expect([server1 + server2, others]).toEqual([40, {}]);
    expect(Math.min(server1, server2)).toBeGreaterThan(0);
    const flows = status().members.map(({ kind, flows: known }) => [kind, known]);
    const some = expect.toSatisfy((known: number) => known >= 0 && known <= 40);
    expect(flows).toEqual([
      ["forwarder", some],
      ["forwarder", some],
      ["table", 40],
      ["table", 40],
    ]);
    for (const name of ["forwarder1", "forwarder2"]) await holds(name);
  });

  test("its members and namespaces are told", () => {
    const whole = { agent: "runs", data: "up", epoch: 1, listed: true };
    expect(status()).toMatchObject({
      epoch: 1,
      spread: "packets",
      services: ["web", "web71", "web72"],
      hosts: [
        ...["router", "wire", "client1", "server1", "server2"].map((name) => ({ name })),
        ...TENANTS.flatMap((vni) => [
          { name: `client${vni}`, kind: "tenant", vni, addresses: ["10.0.0.7"] },
          { name: `server${vni}`, kind: "tenant", vni, addresses: ["10.2.0.1"] },
        ]),
      ],
      members: [
        { name: "forwarder1", kind: "forwarder", chain: null, ...whole },
        { name: "forwarder2", kind: "forwarder", chain: null, ...whole },
        { name: "table1-1", kind: "table", chain: { id: 0, place: 0, of: 2 }, ...whole },
        { name: "table1-2", kind: "table", chain: { id: 0, place: 1, of: 2 }, ...whole },
      ],
    });
    expect(lab("status").stdout).toMatch(/table1-2 +4 +172\.31\.0\.4 +runs +up +1 +\d\d +chain 0, tail/);
    expect(json("ps").lab).toEqual({ folder: join(there.env.ZETA_STATE, "lab"), whole: true, members: 4 });
    expect(lab("view").stdout).toContain("chain 0: table1-1 → table1-2, 1024 buckets");
  });

  test.each(TENANTS)("connections of tenant %i stay in its network", (vni) => {
    const words = ["curl", "-sS", "--no-keepalive", "-H", "Connection: close", "--max-time", "10"];
    const { code, stdout } = lab("exec", `client${vni}`, "--", ...words, "http://10.1.0.1/?[1-10]");
    expect([code, stdout]).toEqual([0, `server${vni}\n`.repeat(10)]);
  });

  test("a command's exit code is its own", () => {
    expect(lab("exec", "server1", "--", "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    const { stdout } = lab("exec", "client1", "--", "ip", "-brief", "address", "show", "net");
    expect(stdout).toContain("10.0.1.7/24");
  });

  test.each([
    ["a namespace that is none", ["exec", "client9", "--", "true"], 2, "ZT7014"],
    ["a member that is none", ["fail", "router"], 2, "ZT7014"],
    ["an interface that is none", ["capture", "table1-1", "-", "--interface", "front"], 2, "ZT7014"],
    ["a chain of a node that has a place", ["view", "--chain", "table1-1"], 2, "ZT8503"],
    ["the end of the only chain", ["view", "--dissolve", "0"], 2, "ZT8503"],
    ["the loss of a whole chain", ["view", "--without", "table1-1", "table1-2"], 2, "ZT8503"],
    ["another lab in its place", ["up", "lab.config.ts"], 2, "ZT7010"],
  ])("%s is refused", (_, words, code, problem) => {
    const refused = lab(...words);
    expect([refused.code, refused.stdout]).toEqual([code, ""]);
    expect(refused.stderr).toContain(problem);
  });

  test("a member's packets are captured where XDP does not take them", async () => {
    const capture = start(["lab", "capture", "table1-1", "head.pcapng", "--count", "8"], there);
    await capture.says("Capturing on");
    fetched(4);
    expect((await capture.ended).code).toBe(0);
    const fields = ["-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-E", "occurrence=f"];
    const { stdout } = await run("tshark", ["-r", join(folder, "head.pcapng"), "-Y", "geneve", ...fields]);
    const pairs = new Set(stdout.trim().split("\n"));
    // From the forwarders to the head, and from there along the chain.
    expect(pairs).toContain("172.31.0.3\t172.31.0.4");
    expect([...pairs].some((pair) => /172\.31\.0\.[12]\t172\.31\.0\.3/.test(pair))).toBe(true);
  });

  test.each(["forwarder1", "table1-1"])("a trace of %s is refused at once, and changes nothing of it", (name) => {
    const at = ["--state", join(state, "lab", "nodes", name)];
    const programs = (): readonly unknown[] => {
      const links = JSON.parse(lab("exec", name, "--", "ip", "-details", "-json", "link", "show").stdout);
      return links.flatMap(({ ifname, xdp }: { ifname: string; xdp?: object }) => (xdp ? [{ ifname, xdp }] : []));
    };
    const before = programs();
    const refused = zeta(["trace", ...at, "--count", "1"], there);
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      2,
      "",
      expect.stringMatching(/ZT8123.*lab capture/s),
    ]);
    expect(before.length).toBeGreaterThan(0);
    expect(programs()).toEqual(before);
    const { server1 = 0, server2 = 0 } = fetched(4);
    expect(server1 + server2).toBe(4);
  });

  test("config that is set on one member is said to be that member's alone", () => {
    const nodes = status().members.map(({ name }) => join(state, "lab", "nodes", name));
    const words = (node = "") => [
      "config",
      "set",
      "balancer.backends",
      '["10.2.1.1:80"]',
      "-s",
      "web",
      "--state",
      node,
    ];
    const [forwarder, ...others] = nodes;
    const set = zeta(words(forwarder), there);
    expect([set.code, set.stderr]).toEqual([0, expect.stringMatching(/generation 2\n.*the others keep the config/s)]);
    const generations = others.map((node) => json(...words(node)));
    expect(generations).toEqual(
      others.map(() => ({ ok: true, problems: [], service: "web", generation: 2, member: true })),
    );
    expect(fetched(10)).toEqual({ server1: 10 });
    for (const node of nodes) {
      const back = [
        "config",
        "set",
        "balancer.backends",
        '["10.2.1.1:80", "10.2.2.1:80"]',
        "-s",
        "web",
        "--state",
        node,
      ];
      expect(json(...back).generation).toBe(3);
    }
  });

  test("the cluster's key is changed while a connection lasts, and no operation is refused for it", async () => {
    const words = ["curl", "-sS", "--no-keepalive", "-H", "Connection: close", "--rate", "600/m", "--max-time", "60"];
    const load = start(["lab", "exec", "client1", "--", ...words, "http://10.1.0.1/?[1-40]"], there);
    await load.says(/server/);
    const keys = () => JSON.parse(readFileSync(join(state, "lab", "lab.json"), "utf8")).keys;
    const before = keys();
    for (const own of [1, 0]) {
      const { code, stderr } = lab("rotate");
      expect([code, stderr]).toEqual([0, expect.stringContaining("4 members have a new key")]);
      const now = keys();
      expect([now.own, now.keys[1 - own]]).toEqual([own, null]);
      expect(before.keys).not.toContain(now.keys[own]);
    }
    const { code, stdout } = await load.ended;
    expect([code, stdout.trim().split("\n").length]).toEqual([0, 40]);
    for (const { name } of status().members) {
      const { drops } = json("node", "status", "--state", join(state, "lab", "nodes", name)).node;
      for (const reason of ["table: forged operation", "table: key not in force"])
        expect(Object.keys(drops)).not.toContain(reason);
    }
    expect(lab("fail", "table1-2", "--how", "agent").code).toBe(0);
    const refused = lab("rotate");
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("ZT7019")]);
    expect(lab("heal", "table1-2").code).toBe(0);
  }, 120_000);

  test("operations that were recorded before the key was changed are refused, and counted by that reason", async () => {
    const capture = start(["lab", "capture", "table1-1", "old.pcapng", "--count", "8"], there);
    await capture.says("Capturing on");
    fetched(4);
    expect((await capture.ended).code).toBe(0);
    const head = member("table1-1")?.address ?? "";
    const recorded = readCapture(readFileSync(join(folder, "old.pcapng")))
      .packets.map(({ bytes }) => Buffer.from(bytes))
      .filter((bytes) => [...bytes.subarray(30, 34)].join(".") === head);
    expect(recorded.length).toBeGreaterThan(0);
    expect(lab("rotate").code).toBe(0);
    const at = ["--state", join(state, "lab", "nodes", "table1-1")];
    const counted = (): number => Number(json("node", "status", ...at).node.drops["table: key not in force"] ?? 0);
    const flows = member("table1-1")?.flows;
    expect(counted()).toBe(0);
    const frames = recorded.map((bytes) => bytes.toString("hex"));
    expect(lab("exec", "wire", "--", "/usr/bin/python3", "-c", INJECT, "port3", ...frames).code).toBe(0);
    await expect.poll(counted, { timeout: 10_000 }).toBe(frames.length);
    expect(zeta(["node", "status", ...at], there).stdout).toMatch(/table: key not in force/);
    expect(member("table1-1")?.flows).toBe(flows);
  }, 60_000);

  test("members are lost and taken out while a connection lasts", async () => {
    const requests = 60;
    const words = ["curl", "-sS", "--rate", "600/m", "--max-time", "60", "--write-out", "%{num_connects}\\n"];
    const url = `http://10.1.0.1/?[1-${requests}]`;
    const kept = start(["lab", "exec", "client1", "--", ...words, url], there);
    await kept.says(/server/);

    expect(lab("fail", "table1-1").code).toBe(0);
    expect(lab("fail", "forwarder1", "--how", "data").code).toBe(0);
    expect(member("table1-1")).toMatchObject({ agent: "stopped", data: "down", epoch: null, listed: true });
    expect(member("forwarder1")).toMatchObject({ agent: "runs", data: "down", epoch: 1, listed: true });

    const { view } = json("lab", "view", "--without", "table1-1", "forwarder1");
    expect(view).toEqual({
      epoch: 3,
      forwarders: ["forwarder2"],
      chains: [{ id: 0, members: ["table1-2"], buckets: 1024 }],
    });
    const { server1 = 0, server2 = 0 } = fetched(10);
    expect(server1 + server2).toBe(10);

    const { code, stdout } = await kept.ended;
    const lines = stdout.trim().split("\n");
    expect(code).toBe(0);
    // One server, and one connection: after the first request there was none to be made.
    expect(lines.filter((line) => line === lines[0])).toHaveLength(requests);
    expect(lines.filter((line) => /^\d+$/.test(line))).toEqual(["1", ...new Array(requests - 1).fill("0")]);
  }, 120_000);

  test.each([
    ["agent", "its agent is frozen"],
    ["data", "its interfaces are down"],
  ])(
    "who is taken in must run: one whose %s is frozen is refused at once, and the view stays",
    (how, reason) => {
      expect(lab("heal", "table1-1").code).toBe(0);
      expect(lab("fail", "table1-1", "--how", how).code).toBe(0);
      const { epoch } = status();
      for (const words of [["--with"], ["--chain"]]) {
        const refused = lab("view", ...words, "table1-1");
        expect([refused.code, refused.stdout, refused.stderr]).toEqual([
          3,
          "",
          expect.stringMatching(new RegExp(`ZT7021.*'table1-1'.*${reason}`, "s")),
        ]);
      }
      expect(status().epoch).toBe(epoch);
    },
    120_000,
  );

  test("what failed is healed: a forwarder takes packets again, and a flow-table node is filled and stands for its chain", async () => {
    for (const name of ["forwarder1", "table1-1"]) expect(lab("heal", name).code).toBe(0);
    // What it held is of a time that is over.
    const out = { agent: "runs", data: "up", epoch: 3, listed: false, chain: null, flows: 0 };
    expect(member("table1-1")).toMatchObject(out);
    const requests = 100;
    const words = ["curl", "-sS", "--rate", "600/m", "--max-time", "100", "--write-out", "%{num_connects}\\n"];
    const kept = start(["lab", "exec", "client1", "--", ...words, `http://10.1.0.1/?[1-${requests}]`], there);
    await kept.says(/server/);

    expect(json("lab", "view", "--with", "forwarder1", "table1-1").view).toEqual({
      // The forwarder, the joiner, and that it has everything.
      epoch: 6,
      forwarders: ["forwarder1", "forwarder2"],
      chains: [{ id: 0, members: ["table1-2", "table1-1"], buckets: 1024 }],
    });
    expect(member("table1-1")?.flows).toBe(member("table1-2")?.flows);
    expect(lab("fail", "table1-2").code).toBe(0);
    expect(json("lab", "view", "--without", "table1-2").view.chains[0].members).toEqual(["table1-1"]);
    const { server1 = 0, server2 = 0 } = fetched(20);
    expect(server1 + server2).toBe(20);

    const { code, stdout } = await kept.ended;
    const lines = stdout.trim().split("\n");
    expect(code).toBe(0);
    expect(lines.filter((line) => line === lines[0])).toHaveLength(requests);
    expect(lines.filter((line) => /^\d+$/.test(line))).toEqual(["1", ...new Array(requests - 1).fill("0")]);
    expect(lab("heal", "table1-2").code).toBe(0);
    expect(status().members.map(({ epoch }) => epoch)).toEqual([7, 7, 7, 7]);
    await holds("forwarder1");
  }, 180_000);

  test("a forwarder whose agent is frozen is taken out, and its data plane ends when that is killed", async () => {
    expect(lab("fail", "forwarder2", "--how", "agent").code).toBe(0);
    expect(member("forwarder2")).toMatchObject({ agent: "stopped", data: "up" });
    expect(json("lab", "view", "--without", "forwarder2").view.forwarders).toEqual(["forwarder1"]);
    const { server1 = 0, server2 = 0 } = fetched(10);
    expect(server1 + server2).toBe(10);
    process.kill(member("forwarder2")?.pid ?? -1, "SIGKILL");
    await expect.poll(() => member("forwarder2")?.agent, { timeout: 10_000 }).toBe("gone");
    const { code, stderr } = lab("heal", "forwarder2");
    expect([code, stderr]).toEqual([3, expect.stringContaining("ZT7017")]);
  });

  test("down leaves nothing, with a member frozen and another killed", () => {
    expect(lab("fail", "table1-2").code).toBe(0);
    const { code, stderr } = lab("down");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^down: 13 namespaces, 7 processes/)]);
    expect(left()).toEqual(NOTHING);
    expect(json("ps")).toMatchObject({ runs: [], stray: [], lab: null });
    const again = lab("down");
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("ZT7011")]);
  });
});

describe("what is not finished", () => {
  const folder = temporary("zeta-labcmd-");
  const { there, lab, json, left } = setting(folder);
  const small = { forwarders: 1, chains: [1], clients: 0, servers: 0 };
  beforeEach(() => writeFileSync(join(folder, "lab.config.ts"), config(small, ["10.2.1.1:80"])));
  afterEach(() => void lab("down"));

  test(
    "a lab whose service is refused by its members leaves nothing",
    () => {
      writeFileSync(join(folder, "lab.config.ts"), config(small, ["nowhere"]));
      const { code, stderr } = lab("up", "lab.config.ts");
      expect([code, stderr]).toEqual([1, expect.stringContaining("balancer.backends")]);
      expect(left()).toEqual(NOTHING);
    },
    BUSY,
  );

  test(
    "Ctrl-C while it is built leaves nothing",
    async () => {
      const building = start(["lab", "up", "lab.config.ts"], there);
      await building.says("2 nodes begin");
      building.signal("SIGINT");
      await building.ended;
      await expect.poll(left, { timeout: 30_000 }).toEqual(NOTHING);
    },
    BUSY,
  );

  test(
    "what a killed command has built is told, and taken away",
    async () => {
      const building = start(["lab", "up", "lab.config.ts"], there);
      await building.says("2 nodes begin");
      const meanwhile = lab("down");
      expect([meanwhile.code, meanwhile.stderr]).toEqual([3, expect.stringContaining("ZT7013")]);
      building.signal("SIGKILL");
      await building.ended;
      expect(left().namespaces.length).toBeGreaterThan(0);
      expect(json("ps").lab).toMatchObject({ whole: false });
      const part = lab("status");
      expect([part.code, part.stderr]).toEqual([3, expect.stringContaining("ZT7012")]);
      expect(lab("down").code).toBe(0);
      expect(left()).toEqual(NOTHING);
    },
    BUSY,
  );
});

describe("a config", () => {
  const folder = temporary("zeta-labcmd-");
  const read = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return readLabConfig(join(folder, name), name);
  };

  test("that says the least has the rest filled in", async () => {
    const whole = {
      clients: 1,
      servers: 2,
      web: true,
      spread: "packets",
      flows: 10_000,
      tenants: [],
      services: [],
      times: {},
    };
    expect(await read("least.json", '{ "forwarders": 1, "chains": [3] }')).toEqual({
      forwarders: 1,
      chains: [3],
      ...whole,
    });
  });

  test("of an example is one", async () => {
    const example = fileURLToPath(new URL("../../examples/balancer/lab.config.ts", import.meta.url));
    const { forwarders, chains, services } = await readLabConfig(example, "lab.config.ts");
    expect([forwarders, chains, services.map(({ name }) => name)]).toEqual([3, [3, 3], ["four", "six"]]);
  });

  test.each([
    ["no JSON", "a.json", "{", "JSON"],
    ["without a default export", "c.ts", "export const lab = {};", "no default export"],
    ["of no forwarders", "d.json", '{ "forwarders": 0, "chains": [1] }', "forwarders: "],
    ["of a chain that is too long", "e.json", '{ "forwarders": 1, "chains": [2, 5] }', "chains\\.1: "],
    ["of an unknown part", "f.json", '{ "forwarders": 1, "chains": [1], "routers": 2 }', "routers"],
    [
      "of one part said twice",
      "h.json",
      '{ "forwarders": 1, "forwarders": 2, "chains": [1] }',
      "'forwarders' stands there twice",
    ],
    [
      "that throws when it is read",
      "i.ts",
      'export default { get forwarders() { throw new Error("ha"); }, chains: [1] };',
      "ha",
    ],
    [
      "of a service without a source",
      "g.json",
      '{ "forwarders": 1, "chains": [1], "services": [{}] }',
      "services\\.0\\.source: ",
    ],
  ])("%s is refused with what is wrong", async (_, name, text, reason) => {
    await expect(read(name, text)).rejects.toThrow(new RegExp(`ZT7009: .*${name}.*(${reason})`));
  });

  test("is no device and no FIFO, which would be read for ever", async () => {
    symlinkSync("/dev/zero", join(folder, "zero.json"));
    await expect(readLabConfig(join(folder, "zero.json"), "zero.json")).rejects.toThrow(/ZT7009: .*it is a device/);
    execFileSync("mkfifo", [join(folder, "fifo.ts")]);
    await expect(readLabConfig(join(folder, "fifo.ts"), "fifo.ts")).rejects.toThrow(/ZT7009: .*it is a FIFO/);
  });

  test("that Node.js cannot read is told in one line", () => {
    writeFileSync(join(folder, "broken.ts"), "export default {");
    const { code, stderr } = zeta(["lab", "up", "broken.ts"], setting(folder).there);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/ZT7009: .*'broken\.ts' cannot be used: \S.*\.$/m)]);
  });

  test("that is not there is no input", () => {
    const { code, stderr } = zeta(["lab", "up", "nowhere.ts"], { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining("ZT5021")]);
  });
});

describe("someone without privileges", () => {
  const folder = temporary("zeta-labcmd-");
  test("is told that a lab needs them", () => {
    writeFileSync(join(folder, "lab.json"), '{ "forwarders": 1, "chains": [1] }');
    const { code, stderr } = zeta(["lab", "up", "lab.json"], { ...setting(folder).there, unprivileged: true });
    expect([code, stderr]).toEqual([3, expect.stringContaining("ZT7005")]);
  });
});
