/** A node that is kept and killed while it is traced: the ordinary programs stand in their places again, and serve. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Built } from "../../runtime/index.ts";
import { openPinnedMap } from "../../runtime/loader/map-handle.ts";
import { lookup } from "../../runtime/loader/map-operations.ts";
import { word } from "../../runtime/loader/word.ts";
import { type Running, start, zeta } from "../cli/command.ts";
import { echoServer } from "./echo.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Two that decide: it has a program that tells what each does. */
const SERVICE = `
import { endpoint, middlebox, service } from "zeta";
const first = middlebox("first", { decide: (flow) => flow.forward() });
const second = middlebox("second", {
  config: { to: endpoint },
  decide: (flow, { config }) => flow.rewrite({ destination: config.to }),
});
export default service("both", { chain: [first, second] });
`;
const CONFIG = { service: { listen: ["10.1.0.1:5201/udp"] }, second: { to: "10.2.0.1:5201" } };

let lab: Built<Gateway>;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zeta-kept-trace-"));
  writeFileSync(join(folder, "both.ts"), SERVICE);
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  lab = await gatewayLab();
  await echoServer(lab.server, "10.2.0.1", 5201);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await lab?.lab.dispose();
});

let state: string;
let node: Running;
let rounds = 0;
const there = () => ({ cwd: folder, env: { ZETA_STATE: state }, namespace: lab.gateway.path });
beforeEach(async () => {
  rounds += 1;
  state = join(folder, `state-${rounds}`);
  const where = ["--interface", "front", "--interface", "back", "--flows", "1000", "--keep"];
  node = start(["node", "start", ...where], there());
  await node.says("started node on front, back (native)");
  expect(zeta(["node", "add", "both.ts", "--config", "config.json"], there()).code).toBe(0);
});
afterEach(async () => {
  node.signal("SIGKILL");
  await node.ended;
  const { code, stderr } = zeta(["detach", "--all", "--force"], there());
  expect(`${code} ${stderr}`).toMatch(/^0 /);
});

/** The programs on both interfaces, by name. */
const attached = async (): Promise<string[]> => {
  const shown = await Promise.all(
    ["front", "back"].map((name) => lab.gateway.run("ip", ["-details", "link", "show", "dev", name])),
  );
  return shown.map(({ stdout }) => /prog\/xdp id \d+ name (\w+)/.exec(stdout)?.[1] ?? "none");
};
const OWN = ["zeta_root", "zeta_root"];
const WATCHED = ["zeta_watch", "zeta_watch"];

/** Numbers of the programs in a pinned jump table, by their places. */
async function standing(name: string): Promise<number[]> {
  const pins = join(state, "bpf");
  const [run = ""] = readdirSync(pins);
  using table = await openPinnedMap(join(pins, run, name));
  return Array.from({ length: 64 }, (_, place) => {
    const value = lookup(table, word(place));
    return value === null ? 0 : Buffer.from(value).readUInt32LE(0);
  });
}
const tables = async () => [await standing("zeta_node_stages"), await standing("zeta_node_programs")];

async function ask(port: number): Promise<string> {
  const { stdout } = await lab.client.run("python3", [
    "-c",
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.bind(("", ${port})); s.connect(("10.1.0.1", 5201)); s.send(b"there")
try: print(s.recv(10).decode())
except TimeoutError: print("nothing")`,
  ]);
  return stdout.trim();
}
/** Processes that watch over the node, by their numbers. */
const guards = (): number[] =>
  readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
      return words.some((one) => one.endsWith("trace/guard.ts")) && parent === node.pid ? [Number(pid)] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
const traced = async (): Promise<Running> => {
  const trace = start(["trace", "--port", "5201"], { cwd: folder, env: { ZETA_STATE: state } });
  await trace.says("Tracing");
  return trace;
};

test("what the killed node has left is what stood before the trace, on the interfaces and in both jump tables", async () => {
  const before = await tables();
  const trace = await traced();
  expect(await attached()).toEqual(WATCHED);
  const during = await tables();
  expect(during[0]?.filter((id, place) => id !== 0 && id === before[0]?.[place])).toEqual([]);
  expect(during[1]).not.toEqual(before[1]);
  expect(await ask(4000)).toBe("there");
  const [guard] = guards();
  expect(guard).toBeGreaterThan(0);

  node.signal("SIGKILL");
  await node.ended;
  await expect.poll(attached, { timeout: 20_000 }).toEqual(OWN);
  await expect.poll(tables, { timeout: 20_000 }).toEqual(before);
  // A flow that stands, and a new one.
  expect([await ask(4000), await ask(4001)]).toEqual(["there", "there"]);
  await expect.poll(() => readdirSync("/proc").includes(String(guard)), { timeout: 20_000 }).toBe(false);
  await trace.ended;
});

test("a trace that ends by itself leaves no guard, and its node may be traced and killed again", async () => {
  const before = await tables();
  const first = await traced();
  first.signal("SIGINT");
  await first.ended;
  await expect.poll(tables, { timeout: 20_000 }).toEqual(before);
  await expect.poll(guards, { timeout: 20_000 }).toEqual([]);
  const second = await traced();
  expect(guards()).toHaveLength(1);
  node.signal("SIGTERM");
  await node.ended;
  await expect.poll(tables, { timeout: 20_000 }).toEqual(before);
  expect(await attached()).toEqual(OWN);
  await second.ended;
});
