/** `zeta node`, `flows`, `top` and `config` on real interfaces, as a person uses them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Built } from "../../runtime/index.ts";
import { type Finished, type Running, start, zeta } from "../cli/command.ts";
import { udp } from "../kit/index.ts";
import { echoServer } from "./echo.ts";
import { readExposition } from "./exposition.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";
import { relay, relayConfig } from "./sources.ts";

let lab: Built<Gateway>;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zeta-node-"));
  writeFileSync(join(folder, "relay.ts"), relay());
  writeFileSync(join(folder, "refusing.ts"), relay({ refuses: "not today", bare: true }));
  writeFileSync(join(folder, "config.json"), JSON.stringify(relayConfig(["10.1.0.1:5201/udp"], "10.2.0.1:5201")));
  for (const name of ["relay", "refusing"]) {
    const build = zeta(["build", `${name}.ts`, "--out", join(folder, name), "--no-verify"], { cwd: folder });
    expect(build.stderr).toContain("built");
  }
  lab = await gatewayLab();
  await echoServer(lab.server, "10.2.0.1", 5201);
  await echoServer(lab.server, "10.2.0.2", 5201);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab.lab.dispose();
});

let state: string;
let rounds = 0;
beforeEach(() => {
  rounds += 1;
  state = join(folder, `state-${rounds}`);
});

const there = () => ({ cwd: folder, env: { ZETA_STATE: state }, namespace: lab.gateway.path });
const command = (...words: string[]): Finished => zeta(words, there());
const json = (...words: string[]) => JSON.parse(command(...words, "--json").stdout);
const WHERE = ["--interface", "front", "--interface", "back", "--flows", "1000"];

async function node(...words: string[]): Promise<Running> {
  const running = start(["node", "start", ...WHERE, ...words], there());
  await running.says("started node on front, back (native)");
  return running;
}
const add = (...words: string[]): Finished => command("node", "add", "relay", "--config", "config.json", ...words);

async function attached(): Promise<boolean> {
  const { stdout } = await lab.gateway.run("ip", ["-details", "link", "show", "dev", "front"]);
  return /prog\/xdp/.test(stdout);
}

/** What the echo server behind an address says to a datagram of this client port; "nothing" after five seconds: the machine may be busy. */
async function ask(port = 0): Promise<string> {
  const { stdout } = await lab.client.run("python3", [
    "-c",
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.bind(("", ${port}))
s.connect(("10.1.0.1", 5201)); s.send(b"there")
try: print(s.recv(10).decode())
except TimeoutError: print("nothing")
except ConnectionRefusedError: print("refused")`,
  ]);
  return stdout.trim();
}

const nothingLeft = async (): Promise<void> => {
  expect(await attached()).toBe(false);
  expect(existsSync(join(state, "node.sock"))).toBe(false);
  expect(json("ps")).toMatchObject({ runs: [], stray: [] });
};

describe("a node's process", () => {
  test("serves what is added, and takes everything away after Ctrl-C", async () => {
    const running = await node();
    expect(statSync(join(state, "node.sock")).mode & 0o777).toBe(0o600);
    expect(add()).toMatchObject({ code: 0, stderr: "added relay: 10.1.0.1:5201/udp\n" });
    expect(await ask()).toBe("there");
    expect(json("node", "status").node).toMatchObject({
      keep: false,
      interfaces: [{ interface: "front" }, { interface: "back" }],
      services: [{ name: "relay", flows: 1, traffic: { packets: 2, opened: 1 }, counters: { "relay.packets": 1 } }],
    });
    // What the kernel says of its own account, in bytes: no flow makes it more.
    const [four] = json("node", "status").node.tables;
    expect(four.memory).toBeGreaterThanOrEqual(four.room * 64);
    expect(four.memory).toBeLessThan(four.room * 64 * 1.1 + 8192);
    expect(command("ps").stdout).toMatch(/live +\d+ +node +front \(native\), back \(native\)/);
    running.signal("SIGINT");
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/stopped node on front, back\n$/),
    });
    await nothingLeft();
    expect(await ask()).not.toBe("there");
  });

  test("ends when it is asked to", async () => {
    const socket = join(folder, "metrics.sock");
    const other = start(["node", "start", ...WHERE, "--metrics", socket, "--json"], there());
    await other.says('"started"');
    const { stdout: metrics } = await lab.gateway.run("curl", ["-sS", "--unix-socket", socket, "http://node/metrics"]);
    expect(readExposition(metrics).types.get("zeta_flow_table_room")).toBe("gauge");
    expect(command("node", "stop").code).toBe(0);
    const { code, stdout } = await other.ended;
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).type),
    ).toEqual(["started", "stopped"]);
    await nothingLeft();
  });

  test("leaves no program when it is killed, and no claim on its folder", async () => {
    const running = await node();
    add();
    running.signal("SIGKILL");
    await running.ended;
    expect(await attached()).toBe(false);
    expect(await ask()).not.toBe("there");
    expect(command("ps").stdout).toContain("left behind");
    expect(command("node", "status")).toMatchObject({ code: 3, stderr: expect.stringContaining("error ZT8111") });
    const next = await node();
    next.signal("SIGTERM");
    expect((await next.ended).code).toBe(143);
    expect(command("detach", "--all").code).toBe(0);
    await nothingLeft();
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "that keeps its data plane leaves it serving after %s, until it is detached",
    async (signal) => {
      const running = await node("--keep");
      add();
      expect(await ask(4000)).toBe("there");
      running.signal(signal);
      const { stderr } = await running.ended;
      // Flows that are known, and new ones.
      expect(await ask(4000)).toBe("there");
      expect(await ask(4001)).toBe("there");
      expect(command("ps").stdout).toContain("left behind");
      const [run] = json("ps").runs;
      if (signal === "SIGTERM") expect(stderr).toContain(`its data plane runs on: zeta detach ${run.id} ends it`);
      // From where its state folder is not the one that is meant unless told.
      const elsewhere = (...words: string[]) => zeta([...words, "--state", state], { namespace: lab.gateway.path });
      expect(elsewhere("ps").stdout).toContain(`${run.id}`);
      expect(elsewhere("detach", "--all")).toMatchObject({ code: 0, stderr: expect.stringContaining(run.id) });
      expect(await ask(4002)).not.toBe("there");
      await nothingLeft();
    },
  );

  test("that is to keep its data plane, and has mounts of its own, warns that it will not", async () => {
    for (const ownMounts of [true, false]) {
      const running = start(["node", "start", ...WHERE, "--keep"], { ...there(), ownMounts });
      await running.says("started node on front, back (native)");
      running.signal("SIGTERM");
      const { stderr } = await running.ended;
      expect(/warning ZT8124: .*\n.*nsenter --net/.test(stderr)).toBe(ownMounts);
      expect(stderr.includes("its data plane runs on")).toBe(!ownMounts);
      expect(await attached()).toBe(!ownMounts);
      expect(command("detach", "--all").code).toBe(0);
      await nothingLeft();
    }
  });

  test("is the only one of its folder, and of its interfaces", async () => {
    const running = await node();
    expect(command("node", "start", "--interface", "back")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("error ZT8110"),
    });
    expect(command("node", "start", "--interface", "front", "--state", join(folder, "other"))).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("error ZT4003"),
    });
    expect(existsSync(join(folder, "other", "node.sock"))).toBe(false);
    expect(command("node", "status").code).toBe(0);
    running.signal("SIGINT");
    await running.ended;
  });

  test("that loses an interface says so and serves on the others; with the last it ends", async () => {
    for (const name of ["spare", "extra"])
      await lab.gateway.run("ip", ["link", "add", name, "type", "veth", "peer", "name", `${name}-peer`]);
    const words = ["--interface", "spare", "--interface", "extra", "--flows", "1000"];
    const running = start(["node", "start", ...words], there());
    await running.says("started node on spare, extra (native)");
    await lab.gateway.run("ip", ["link", "del", "spare"]);
    await running.says("warning ZT4023: Interface 'spare' is gone, and the program with it.\n");
    expect(add().code).toBe(0);
    expect(json("node", "status").node.interfaces).toEqual([
      { interface: "spare", mode: "native", lost: true },
      { interface: "extra", mode: "native", lost: false },
    ]);
    expect(command("node", "status").stdout).toContain("on spare (lost), extra (native)");
    await lab.gateway.run("ip", ["link", "del", "extra"]);
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("error ZT4023: Interface 'extra'"),
    });
    await nothingLeft();
  });

  test.each([
    ["no such interface", ["--interface", "nowhere"], 2, "ZT4004"],
    ["metrics where nobody can listen", [...WHERE, "--metrics", "192.0.2.1:9464"], 3, "ZT8114"],
    ["metrics at no port", [...WHERE, "--metrics", "127.0.0.1:99999"], 3, "ZT8114"],
    ["metrics that are no address", [...WHERE, "--metrics", "9464"], 3, "ZT8114"],
  ])("with %s leaves nothing", async (_, words, code, problem) => {
    const ended = command("node", "start", ...words);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(`error ${problem}`) });
    await nothingLeft();
  });
});

describe("services by the command", () => {
  test("are added, upgraded and removed; what is wrong changes nothing", async () => {
    const running = await node();
    expect(add().code).toBe(0);
    const before = json("node", "status").node.services;
    const refused = (words: readonly string[], code: number, problem: string): void => {
      expect(command("node", ...words)).toMatchObject({ code, stderr: expect.stringContaining(`error ${problem}`) });
      expect(json("node", "status").node.services).toEqual(before);
    };
    writeFileSync(join(folder, "wrong.json"), JSON.stringify(relayConfig(["10.1.0.1:99999/udp"], "10.2.0.1:5201")));
    writeFileSync(join(folder, "wrong.canaries.json"), '[{ "name": "short", "packet": "00" }]');
    refused(["add", "relay", "--config", "config.json"], 2, "ZT8004");
    refused(["add", "relay", "--config", "config.json", "--name", "twin"], 2, "ZT8001");
    refused(["add", "relay", "--config", "wrong.json", "--name", "twin"], 1, "ZT6001: Config 'service.listen[0]'");
    refused(["add", "relay", "--name", "twin"], 1, "ZT6003");
    refused(["add", "relay", "--config", "config.json", "--name", "a/b"], 2, "ZT5020");
    refused(["add", "nowhere"], 2, "ZT5021");
    refused(["add", folder], 1, "ZT4010");
    refused(["upgrade", "relax", "relay"], 2, "ZT8101");
    refused(["remove", "relax"], 2, "ZT8101");
    refused(["upgrade", "relay", "relay", "--config", "wrong.json"], 1, "ZT6001");
    refused(["upgrade", "relay", "relay", "--canaries", "wrong.canaries.json"], 1, "ZT8104");
    const manifest = JSON.parse(readFileSync(join(folder, "relay/manifest.json"), "utf8"));
    const object = join(folder, "relay", manifest.objects[0].file);
    const whole = readFileSync(object);
    const damaged = Buffer.from(whole);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
    writeFileSync(object, damaged);
    refused(["upgrade", "relay", "relay"], 1, "ZT4012");
    writeFileSync(object, whole);

    expect(command("node", "upgrade", "relay", "relay")).toMatchObject({
      code: 0,
      stderr: "upgraded relay: 10.1.0.1:5201/udp\n",
    });
    expect(command("node", "remove", "relay").code).toBe(0);
    expect(json("node", "status").node.services).toEqual([]);
    running.signal("SIGINT");
    await running.ended;
  });

  test("are tried on the canaries beside them", async () => {
    const running = await node();
    add();
    const packet = Buffer.from(udp("10.0.0.7:4000", "10.1.0.1:5201").payload("?").bytes).toString("hex");
    const canaries = JSON.stringify([{ name: "web is forwarded", packet, verdict: "forward" }]);
    for (const name of ["relay", "refusing"]) writeFileSync(join(folder, name, "canaries.json"), canaries);
    const { code, stderr } = command("node", "upgrade", "relay", "refusing");
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error ZT8103: Canary 'web is forwarded'"),
    });
    expect(await ask()).toBe("there");
    expect(command("node", "upgrade", "relay", "relay").stderr).toContain("all as expected");
    expect(command("node", "upgrade", "relay", "refusing", "--no-canaries").code).toBe(0);
    expect(await ask()).toBe("nothing");
    running.signal("SIGINT");
    await running.ended;
  });
});

describe("a live node", () => {
  test("tells its flows, its rates and its metrics; its config is read and changed", async () => {
    const running = await node("--metrics", "127.0.0.1:9464");
    add();
    for (const port of [4000, 4001, 4002]) expect(await ask(port)).toBe("there");

    expect(command("flows").stdout).toMatch(
      /^relay +0 +udp +10\.0\.0\.7:4001 +10\.1\.0\.1:5201 +to 10\.2\.0\.1:5201 +1 +\d+$/m,
    );
    const [flow, ...none] = json("flows", "--port", "4002").flows;
    expect([flow, none]).toMatchObject([
      { service: "relay", protocol: "udp", client: "10.0.0.7:4002", sentTo: "10.2.0.1:5201" },
      [],
    ]);
    expect(
      command("flows", "--ndjson")
        .stdout.trim()
        .split("\n")
        .map((line) => JSON.parse(line).service),
    ).toEqual(["relay", "relay", "relay"]);
    const counted = (...words: string[]): string => command("flows", "--count", ...words).stdout.trim();
    expect(["10.2.0.0/24", "10.0.0.7", "2001:db8::/32"].map((address) => counted("--address", address))).toEqual([
      "3",
      "3",
      "0",
    ]);
    expect([
      counted("--vni", "0", "--protocol", "udp", "--service", "relay"),
      counted("--vni", "6"),
      counted("--protocol", "tcp"),
    ]).toEqual(["3", "0", "0"]);
    expect(json("flows", "--limit", "2").flows).toHaveLength(2);
    expect(json("flows", "--limit", "2", "--offset", "2").flows).toHaveLength(1);
    expect(command("flows", "--service", "web")).toMatchObject({ code: 2, stderr: expect.stringContaining("ZT8101") });
    for (const wrong of [
      ["--port", "65536"],
      ["--address", "10.0.0"],
      ["--protocol", "tpc"],
      ["--vni", "x"],
    ])
      expect(command("flows", "--flush", ...wrong)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("ZT8115"),
      });
    expect(command("flows", "--flush", "--port", "4000").stderr).toBe("flushed 1 flow\n");
    expect(json("node", "status").node.tables[0]).toMatchObject({ family: 4, entries: 4 });

    const [rates] = command("top", "--count", "1", "--interval", "0.2", "--json")
      .stdout.trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rates).toMatchObject({
      type: "rates",
      services: [{ name: "relay", flows: 2 }],
      tenants: [{ vni: 0, flows: 2 }],
    });
    expect(command("top", "--count", "1", "--interval", "0.1").stdout).toMatch(
      /^relay packets\/s=0\.0 bits\/s=0 new-flows\/s=0\.0 flows=2 drops\/s=0\.0\n$/,
    );

    const { stdout: metrics } = await lab.gateway.run("curl", ["-sS", "http://127.0.0.1:9464/metrics"]);
    const { samples } = readExposition(metrics);
    const value = (name: string, service: string) =>
      samples.find((one) => one.name === name && one.labels.service === service)?.value;
    expect([value("zeta_service_packets_total", "relay"), value("zeta_service_flows_opened_total", "relay")]).toEqual([
      6, 3,
    ]);

    expect(json("config", "get").config).toEqual(relayConfig(["10.1.0.1:5201/udp"], "10.2.0.1:5201"));
    expect(JSON.parse(command("config", "get", "relay.target").stdout)).toBe("10.2.0.1:5201");
    expect(command("config", "set", "relay.target", "10.2.0.2:5201").code).toBe(0);
    expect(JSON.parse(command("config", "get", "relay.target").stdout)).toBe("10.2.0.2:5201");
    expect(await ask(4003)).toBe("there");
    expect(json("flows", "--port", "4003").flows[0].sentTo).toBe("10.2.0.2:5201");
    for (const [words, problem] of [
      [["set", "relay.target", "10.2.0.2"], "ZT6001: Config 'relay.target'"],
      [["set", "relay.targets", "1"], "ZT6002"],
      [["get", "relay.targets"], "ZT6002"],
      [["set", "--file", "relay.ts"], "ZT6006"],
    ] as const)
      expect(command("config", ...words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`error ${problem}`),
      });
    expect(command("config", "set", "--file", "config.json").code).toBe(0);
    expect(JSON.parse(command("config", "get", "relay.target").stdout)).toBe("10.2.0.1:5201");
    expect(command("config", "get", "--service", "web")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("ZT8101"),
    });
    running.signal("SIGINT");
    await running.ended;
  }, 180_000);
});
