/** A live node's packets followed, on real interfaces: none is lost by it, nothing is left, and Wireshark reads what was caught. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { compile } from "../../compiler/index.ts";
import { type Built, connectNode, type RunningNode, startNode } from "../../runtime/index.ts";
import { start } from "../cli/command.ts";
import { startWireshark, type Wireshark } from "../kit-tests/wireshark.ts";
import { echoClient, echoServer } from "./echo.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";

/** Nobody's own, and behind the gateway by the server's default route. */
const EXTERNAL = "203.0.113.8";
const SERVER = "10.2.0.1";

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let lab: Built<Gateway>;
let folder: string;
let wireshark: Wireshark;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zeta-trace-"));
  wireshark = await startWireshark();
  lab = await gatewayLab();
  await lab.gateway.ip(`route add blackhole ${EXTERNAL}/32`);
  await echoServer(lab.server, SERVER, 5201);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await wireshark?.close();
  await lab?.lab.dispose();
});

let state: string;
let running: RunningNode;
let rounds = 0;
beforeEach(async () => {
  rounds += 1;
  state = join(folder, `state-${rounds}`);
  running = await startNode({ interfaces: ["front", "back"], namespace: lab.gateway.fullName, state, flows: 1000 });
  const built = await compile("examples/nat44/service.ts");
  if (!built.ok) throw new ZetaError(built.problems);
  const config = { nat44: { inside: { "10.0.0.0/8": 1 }, external: { addresses: [EXTERNAL], forwards: {} } } };
  await running.node.add({ object: built.code.object, manifest: built.manifest }, { config });
});
afterEach(() => running.close());

/** The programs on both interfaces, by name. */
const attached = async (): Promise<string[]> => {
  const shown = await Promise.all(
    ["front", "back"].map((name) => lab.gateway.run("ip", ["-details", "link", "show", "dev", name])),
  );
  return shown.map(({ stdout }) => /prog\/xdp id \d+ name (\w+)/.exec(stdout)?.[1] ?? "none");
};
/** One datagram there and back; "nothing" after five seconds. */
async function ask(): Promise<string> {
  const { stdout } = await lab.client.run("python3", [
    "-c",
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.bind(("", 4000)); s.connect(("${SERVER}", 5201)); s.send(b"there")
try: print(s.recv(10).decode())
except TimeoutError: print("nothing")`,
  ]);
  return stdout.trim();
}
const OWN = ["zeta_root", "zeta_root"];
const WATCHED = ["zeta_watch", "zeta_watch"];

test("traces that begin and end under traffic lose none of it", async () => {
  const stop = await echoClient(lab.client, SERVER, 5201);
  for (let round = 0; round < 2; round++) {
    // All of the traffic is told in one round, none of it in the next.
    const trace = await running.node.trace({ address: round % 2 === 0 ? SERVER : "192.0.2.1" });
    expect(await attached()).toEqual(WATCHED);
    if (round % 2 === 0) {
      const steps = new Set<string>();
      for await (const { step, service } of trace) {
        steps.add(`${step} ${service}`);
        if (steps.has("flow nat44") && steps.has("left nat44")) break;
      }
    } else trace.close();
    expect(await attached()).toEqual(OWN);
  }
  const { sent, lost } = await stop();
  expect(lost).toBe(0);
  expect(sent).toBeGreaterThan(1000);
});

test("a capture that cannot be written is refused, and the next trace is not", async () => {
  const there = { cwd: folder, env: { ZETA_STATE: state } };
  for (const path of ["nowhere/x.pcapng", ".", "/dev/full"]) {
    const { code, stderr } = await start(["trace", "--pcapng", path], there).ended;
    expect({ code, stderr }, path).toEqual({ code: 3, stderr: expect.stringContaining("error ZT5002") });
  }
  const next = start(["trace", "--address", "10.0.0.7", "--count", "1", "--json"], there);
  await next.says("Tracing");
  expect(await ask()).toBe("there");
  expect((await next.ended).code).toBe(0);
});

test("the command tells of packets both ways, and its capture is one that Wireshark reads", async () => {
  const there = { cwd: folder, env: { ZETA_STATE: state } };
  const words = ["--address", "10.0.0.7", "--port", "5201", "--protocol", "udp", "--count", "2"];
  const capture = start(["trace", ...words, "--pcapng", "caught.pcapng"], there);
  await capture.says("Tracing");
  expect(await ask()).toBe("there");
  const { code, stdout, stderr } = await capture.ended;
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: "",
    stderr: "Tracing; Ctrl-C ends it.\ntraced 2 packets\n",
  });

  const file = readFileSync(join(folder, "caught.pcapng"));
  const fields = [
    "frame.interface_name",
    "ip.src",
    "udp.srcport",
    "ip.dst",
    "udp.dstport",
    "udp.checksum.status",
    "frame.comment",
  ];
  const seen = await wireshark.read(file, "-T", "fields", ...fields.flatMap((field) => ["-e", field]));
  const [there1, there2, back1, back2] = seen.map((line) => line.split("\t"));
  const port = there2?.[2];
  // 1: the checksum is good.
  expect(there1?.slice(0, 5)).toEqual(["before", "10.0.0.7", "4000", SERVER, "5201"]);
  expect(there2?.slice(0, 6)).toEqual(["after", EXTERNAL, port, SERVER, "5201", "1"]);
  expect(back1?.slice(0, 5)).toEqual(["before", SERVER, "5201", EXTERNAL, port]);
  expect(back2?.slice(0, 6)).toEqual(["after", SERVER, "5201", "10.0.0.7", "4000", "1"]);
  expect(there1?.[6]).toMatch(/^packet 1 arrived by interface \d+$/);
  expect(there2?.[6]).toMatch(/^packet 1: forward, by interface \d+, service nat44$/);
  expect(seen).toHaveLength(4);
  expect(await wireshark.read(file, "-Y", "_ws.malformed")).toEqual([]);

  const text = start(["trace", ...words], there);
  await text.says("Tracing");
  expect(await ask()).toBe("there");
  const said = (await text.ended).stdout;
  expect(said).toContain(`known flow of nat44, from its client: ${EXTERNAL}:${port} -> ${SERVER}:5201`);
  expect(said).toContain(`*source=${EXTERNAL}`);
  expect(said).toContain("known flow of nat44, a reply");

  const json = start(["trace", ...words, "--json"], there);
  await json.says("Tracing");
  expect(await ask()).toBe("there");
  const rows = (await json.ended).stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows.filter(({ step }) => step === "left")).toMatchObject([
    { packet: 1, verdict: "forward", service: "nat44", frame: { length: 47 } },
    { packet: 2, verdict: "forward", service: "nat44" },
  ]);
  expect(await attached()).toEqual(OWN);
});

test("of a trace whose end nobody announced nothing is left", async () => {
  const killed = start(["trace", "--port", "4000"], { cwd: folder, env: { ZETA_STATE: state } });
  await killed.says("Tracing");
  expect(await attached()).toEqual(WATCHED);
  killed.signal("SIGKILL");
  await killed.ended;
  // The node has seen that they are gone when another may begin.
  const client = connectNode({ state });
  for (;;) {
    try {
      const next = await client.trace();
      next.close();
      break;
    } catch (error) {
      if (!(error instanceof ZetaError) || error.problems[0]?.code !== "ZT8120") throw error;
    }
  }
  const interrupted = start(["trace", "--service", "nat44"], { cwd: folder, env: { ZETA_STATE: state } });
  await interrupted.says(/Tracing|ZT8120/);
  interrupted.signal("SIGINT");
  expect((await interrupted.ended).code).toBe(130);
  await running.node.trace().then((trace) => trace.close());
  expect(await attached()).toEqual(OWN);
  expect(await ask()).toBe("there");

  await running.node.trace();
  await running.close();
  expect(await attached()).toEqual(["none", "none"]);
});
