/** A service of a live node is replaced: nothing is lost, nothing that was known is forgotten, and what fails changes nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type RunningNode, startNode } from "../../runtime/index.ts";
import type { Built, Namespace } from "../../runtime/lab/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import type { NodeService } from "../../runtime/node/node.ts";
import { NODE_MAP } from "../../runtime/node/shapes.ts";
import { counts, dropCounts, readAll } from "../../runtime/service/counts.ts";
import { tcp, udp } from "../kit/index.ts";
import { echoClient, echoServer } from "./echo.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";
import { built, everything, relay, relayConfig, type Variant, withSecret } from "./sources.ts";

let lab: Built<Gateway>;
beforeAll(async () => {
  lab = await gatewayLab();
  await echoServer(lab.server, "10.2.0.1", 5201);
  await echoServer(lab.server, "10.2.0.2", 5201);
});
afterAll(async () => lab.lab.dispose());

let running: RunningNode;
let count = 0;
beforeEach(async () => {
  count += 1;
  running = await startNode({
    interfaces: ["front", "back"],
    namespace: lab.gateway.fullName,
    state: `${lab.lab.folder}/state-${count}`,
    flows: 1000,
  });
});
afterEach(() => running.close());

const variant = (of: Variant = {}) => built(relay(of));
const LISTEN = ["10.1.0.1:5201/udp", "10.1.0.1:5201/tcp"];
const first = async (): Promise<NodeService> =>
  running.node.add(await variant(), { config: relayConfig(LISTEN, "10.2.0.1:5201") });

const countersOf = ({ manifest: { service }, object }: NodeService): Record<string, bigint> =>
  service === null ? {} : readAll(counts(service, object.maps));
const codesOf = async (work: Promise<unknown>): Promise<readonly string[]> => {
  try {
    await work;
    return [];
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
    return error.problems.map(({ code }) => code);
  }
};
/** TCP segments that the namespace's own kernel has sent, with those sent again, and received. */
async function segments(of: Namespace): Promise<{ readonly sent: number; readonly received: number }> {
  const { stdout } = await of.run("cat", ["/proc/net/snmp"]);
  const [names, values] = stdout
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"))
    .map((line) => line.split(" "));
  const read = (name: string): number => Number(values?.[names?.indexOf(name) ?? -1]);
  return { sent: read("OutSegs") + read("RetransSegs"), received: read("InSegs") };
}

const ask = (): Promise<{ stdout: string }> =>
  lab.client.run("python3", [
    "-c",
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect(("10.1.0.1", 5201)); s.send(b"?")
try: print(s.recv(10).decode())
except (TimeoutError, ConnectionRefusedError): print("nothing")`,
  ]);
const answers = async (): Promise<string> => (await ask()).stdout.trim();

test("twenty upgrades, config changes, and services that come and go lose no packet of anybody's", async () => {
  await first();
  await running.node.add(await variant(), {
    name: "other",
    config: relayConfig(["10.1.0.2:5201/udp"], "10.2.0.2:5201"),
  });
  await lab.server.start("iperf3", ["-s", "-1", "-p", "5201", "-B", "10.2.0.1"], { ready: { listening: 5201 } });
  const before = { client: await segments(lab.client), server: await segments(lab.server) };
  const stream = lab.client.run("iperf3", ["-c", "10.1.0.1", "-p", "5201", "-b", "30M", "-t", "20", "--json"], {
    timeout: 60_000,
  });
  const [upgraded, other] = [
    await echoClient(lab.client, "10.1.0.1", 5201),
    await echoClient(lab.client, "10.1.0.2", 5201),
  ];
  const versions = [await variant({ bare: true }), await variant({ counters: ["packets", "later"] }), await variant()];
  for (let round = 0; round < 20; round++) {
    const version = versions[round % versions.length] as Awaited<ReturnType<typeof variant>>;
    await running.node.upgrade("relay", version);
    const passing = await running.node.add(versions[2] as Awaited<ReturnType<typeof variant>>, {
      name: "passing",
      config: relayConfig(["10.1.0.3:80/tcp"], "10.2.0.1:80"),
    });
    running.node.services.get("other")?.config.set("relay.target", round % 2 === 0 ? "10.2.0.1:5201" : "10.2.0.2:5201");
    passing.remove();
  }
  const [mine, theirs, transfer] = [await upgraded(), await other(), JSON.parse((await stream).stdout)];
  expect(mine.lost).toBe(0);
  expect(theirs.lost).toBe(0);
  expect(mine.sent).toBeGreaterThan(10_000);
  expect(theirs.sent).toBeGreaterThan(10_000);
  // Retransmissions happen without any loss when a machine is busy: what was sent is compared with what came.
  const [client, server] = [await segments(lab.client), await segments(lab.server)];
  expect({ there: server.received - before.server.received, back: client.received - before.client.received }).toEqual({
    there: client.sent - before.client.sent,
    back: server.sent - before.server.sent,
  });
  expect(transfer.end.sum_received.bytes).toBeGreaterThan(50_000_000);
  expect(running.node.services.get("relay")?.upgrades).toBe(20);
  console.info(`upgraded: ${JSON.stringify(mine)}; other: ${JSON.stringify(theirs)}`);
}, 120_000);

describe("what is known", () => {
  test("stays: flows, state, counters and config", async () => {
    const before = await first();
    expect(await answers()).toBe("?");
    const flows = [...readFlows(running.node)];
    const after = await running.node.upgrade("relay", await variant({ counters: ["packets", "later"] }));
    expect([...readFlows(running.node)].map(({ client }) => client)).toEqual(flows.map(({ client }) => client));
    expect(after.index).toBe(before.index);
    expect(after.config.get()).toEqual(relayConfig(LISTEN, "10.2.0.1:5201"));
    expect(after.config.generation).toBeGreaterThan(before.config.generation);
    expect(countersOf(after)).toEqual({ "relay.packets": 1n, "relay.later": 0n });
    expect(after.object.map("relay_seen").id).toBe(before.object.map("relay_seen").id);
    expect(await answers()).toBe("?");
    expect(countersOf(after)).toEqual({ "relay.packets": 2n, "relay.later": 1n });
  });

  test("stays secret, and the same", async () => {
    const source = await built(withSecret);
    const key = "00112233445566778899aabbccddeeff";
    const config = { service: { listen: ["10.1.0.1:9/udp"] }, keyed: { key } };
    const before = await running.node.add(source, { config });
    const holds = ({ object }: NodeService): boolean =>
      Buffer.from(object.globals.readBytes("zeta_config")).includes(Buffer.from(key, "hex"));
    expect(holds(before)).toBe(true);
    const after = await running.node.upgrade("keyed", source);
    expect(holds(after)).toBe(true);
    expect(after.config.get()).toEqual({ service: config.service });
  });

  test("of addresses goes with config that no longer names them", async () => {
    await first();
    const config = relayConfig(["10.1.0.9:5201/udp"], "10.2.0.1:5201");
    await running.node.upgrade("relay", await variant(), { config });
    expect(await answers()).not.toBe("?");
    await running.node.add(await variant(), { name: "next", config: relayConfig(LISTEN, "10.2.0.1:5201") });
    expect(await answers()).toBe("?");
  });

  test("of a tenant's network is the network that addresses are in", async () => {
    const one = await running.node.add(await variant(), { vni: 7, config: relayConfig(LISTEN, "10.2.0.1:5201") });
    // The same addresses in no network, and in another.
    await running.node.add(await variant(), { name: "next", config: relayConfig(LISTEN, "10.2.0.1:5201") });
    await running.node.add(await variant(), { name: "third", vni: 8, config: relayConfig(LISTEN, "10.2.0.1:5201") });
    const twin = running.node.add(await variant(), {
      name: "twin",
      vni: 7,
      config: relayConfig(LISTEN, "10.2.0.1:5201"),
    });
    await expect(twin).rejects.toThrow(/ZT8001: The service 'relay' already listens at 10\.1\.0\.1:5201\/udp@7/);
    expect(one.config.get("service.listen")).toEqual(LISTEN);
    const after = await running.node.upgrade("relay", await variant());
    expect(after.vni).toBe(7);
    after.remove();
    expect(await answers()).toBe("?");
    await running.node.add(await variant(), { name: "twin", vni: 7, config: relayConfig(LISTEN, "10.2.0.1:5201") });
  });

  test("is counted on from where counters have changed their places", async () => {
    await first();
    expect(await answers()).toBe("?");
    const after = await running.node.upgrade("relay", await variant({ counters: ["before", "packets"] }));
    expect(await answers()).toBe("?");
    expect(countersOf(after)).toEqual({ "relay.before": 1n, "relay.packets": 1n });
    const status = (await running.status()).services[0];
    expect(status?.counters).toEqual({ "relay.before": 1n, "relay.packets": 2n });
  });

  test("in another layout is refused by path, unless it may go", async () => {
    await first();
    expect(await answers()).toBe("?");
    const next = await variant({ remembers: "u64" });
    await expect(running.node.upgrade("relay", next)).rejects.toThrow(
      /ZT8102: State 'relay.seen' has changed: it is table of 1024 entries, address to \{ packets: u32 \}; .*u64/,
    );
    expect(await answers()).toBe("?");
    expect(running.node.services.get("relay")?.upgrades).toBe(0);
    await running.node.upgrade("relay", next, { freshState: true });
    expect(await answers()).toBe("?");
  });
});

test("flows go with their service: whoever takes its place decides for itself", async () => {
  const one = await first();
  expect(await answers()).toBe("?");
  one.remove();
  expect([...readFlows(running.node, "both")]).toEqual([]);
  const next = await running.node.add(await variant(), { config: relayConfig(LISTEN, "10.2.0.2:5201") });
  expect(next.index).toBe(one.index);
  expect(await answers()).toBe("?");
  expect([...readFlows(running.node)].map(({ sent }) => sent.destination & 0xffn)).toEqual([2n]);
});

describe("an upgrade changes nothing when", () => {
  const unchanged = async (work: Promise<unknown>, code: string): Promise<void> => {
    const before = running.node.services.get("relay") as NodeService;
    const config = before.config.get();
    expect(await codesOf(work)).toContain(code);
    expect(running.node.services.get("relay")).toBe(before);
    expect(before.config.get()).toEqual(config);
    expect(await answers()).toBe("?");
  };

  test("config that is carried over does not fit", async () => {
    await first();
    await unchanged(running.node.upgrade("relay", await variant({ field: "more" })), "ZT6003");
  });

  test("given config is wrong, or another service listens there", async () => {
    await first();
    await running.node.add(await variant(), {
      name: "other",
      config: relayConfig(["10.1.0.2:5201/udp"], "10.2.0.2:5201"),
    });
    const next = await variant();
    await unchanged(running.node.upgrade("relay", next, { config: relayConfig(LISTEN, "nowhere") }), "ZT6001");
    const taken = relayConfig([...LISTEN, "10.1.0.2:5201/udp"], "10.2.0.1:5201");
    await unchanged(running.node.upgrade("relay", next, { config: taken }), "ZT8001");
    await running.node.add(await built(everything));
    await unchanged(running.node.upgrade("relay", await built(everything), { config: {} }), "ZT8001");
  });

  test("the kernel refuses the new programs", async () => {
    await first();
    const next = await variant();
    const broken = Buffer.from(next.object);
    // A jump past the end of the program, in place of an exit.
    const text = broken.indexOf(Buffer.from([0x95, 0, 0, 0, 0, 0, 0, 0]));
    expect(text).toBeGreaterThan(0);
    broken.set([0x05, 0, 0xff, 0x7f, 0, 0, 0, 0], text);
    await unchanged(running.node.upgrade("relay", { ...next, object: broken }), "ZT4007");
  });

  test("there is no room for its addresses beside those that it has", async () => {
    await first();
    const many = Array.from({ length: 65_536 }, (_, at) => `10.6.${at >> 8}.${at & 255}:1/udp`);
    const config = relayConfig(many, "10.2.0.1:5201");
    await unchanged(running.node.upgrade("relay", await variant(), { config }), "ZT8005");
    const set = async () => running.node.services.get("relay")?.config.set(config);
    await unchanged(set(), "ZT8005");
    // None of them was taken on the way.
    const ends = [many[0] ?? "", many.at(-1) ?? ""];
    await running.node.add(await variant(), { name: "other", config: relayConfig(ends, "10.2.0.2:5201") });
  });

  test("it was built for nodes with other tables", async () => {
    await first();
    const load = { maxEntries: { [NODE_MAP.stages]: 3 } };
    await unchanged(running.node.upgrade("relay", await variant(), { load }), "ZT8106");
  });

  test("nobody has that name, or it is no service", async () => {
    await first();
    await unchanged(running.node.upgrade("relax", await variant()), "ZT8101");
    await unchanged(
      running.node.upgrade("relay", {
        ...(await variant()),
        manifest: { ...(await variant()).manifest, service: null },
      }),
      "ZT6007",
    );
  });
});

describe("canaries", () => {
  const packet = udp("10.0.0.7:4000", "10.1.0.1:5201").payload("?").bytes;
  const place = (): { interface: number; namespace: string | null } => {
    const [one] = running.attachments;
    return { interface: one?.interface.index ?? 0, namespace: one?.namespace ?? null };
  };

  test("that are treated as expected let it through, and touch no live flow", async () => {
    await first();
    const canaries = [
      { name: "a datagram is forwarded", packet, verdict: "forward" as const },
      { name: "a segment too", packet: tcp("10.0.0.7:4000", "10.1.0.1:5201").syn().bytes, verdict: "forward" as const },
      {
        name: "others are the host's",
        packet: udp("10.0.0.7:4000", "10.0.0.1:53").payload("?").bytes,
        verdict: "host" as const,
      },
    ];
    const after = await running.node.upgrade("relay", await variant(), { canaries, canaryPlace: place() });
    expect(after.upgrades).toBe(1);
    expect([...readFlows(running.node)]).toEqual([]);
    expect(countersOf(after)).toEqual({ "relay.packets": 0n });
  });

  test("that fail keep the old version, and say what came instead", async () => {
    await first();
    const next = await variant({ refuses: "not today" });
    const canaries = [{ name: "a datagram", packet, verdict: "forward" as const }];
    await expect(running.node.upgrade("relay", next, { canaries, canaryPlace: place() })).rejects.toThrow(
      "ZT8103: Canary 'a datagram' expected forward; the new version gave drop (relay: not today)",
    );
    expect(await answers()).toBe("?");
    // A drop can be what is wanted.
    const wanted = [{ name: "a datagram", packet, verdict: "drop" as const, reason: "relay: not today" }];
    const after = await running.node.upgrade("relay", next, { canaries: wanted, canaryPlace: place() });
    expect(await answers()).toBe("nothing");
    const { service } = after.manifest;
    expect(service === null ? {} : readAll(dropCounts(service, after.object.maps))).toMatchObject({
      "relay: not today": 1n,
    });
  });

  test("without a verdict expect what the running version does", async () => {
    await first();
    const canaries = [{ name: "recorded", packet }];
    const options = { canaries, canaryPlace: place() };
    expect(await codesOf(running.node.upgrade("relay", await variant({ refuses: "no" }), options))).toEqual(["ZT8103"]);
    expect((await running.node.upgrade("relay", await variant({ bare: true }), options)).upgrades).toBe(1);
  });
});
