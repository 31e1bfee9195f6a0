/**
 * Clusters on real parts, in native XDP: 3 forwarders that packets are sprayed over one by one, 2 chains of 3, and two tenants with equal
 * addresses, each with a guarded balancer, a translator and a firewall, over both families. Members are frozen by hand and taken out of the
 * view, and views change at random, while connections of all kinds go on.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchMany, type LabProcess } from "../../runtime/lab/index.ts";
import type { Fault } from "../../runtime/lab/standing/fault-kinds.ts";
import { fail, heal } from "../../runtime/lab/standing/faults.ts";
import { readRecord } from "../../runtime/lab/standing/record.ts";
import { changeView } from "../../runtime/lab/standing/view.ts";
import { FAULTS, startWireshark } from "../kit-tests/wireshark.ts";
import { changes, type Decisions, disagreements, readDecisions } from "../soak/decisions.ts";
import { bracketed } from "../soak/networks.ts";
import { soak } from "../soak/soak.ts";
import { startAsking } from "../soak/tellers.ts";
import { datagrams, download, startPing, stream } from "../soak/traffic.ts";
import { buildWorld, type Way, type World } from "../soak/world.ts";
import { askDns, DNS_ANSWER } from "./dns.ts";
import { openSession } from "./ssh.ts";
import { temporary } from "./temporary.ts";

const LARGE = 3 * 2 ** 20;
/** Bytes a second, so that a download lasts while members are lost. */
const SLOW = "150K";
/** Milliseconds: where others use the processors too, all of it takes many times longer. */
const BUSY = 400_000;

const state = temporary("zeta-cluster-");
let world: World;
beforeAll(async () => {
  world = await buildWorld(state, LARGE);
}, BUSY);
afterAll(() => world?.[Symbol.asyncDispose](), BUSY);

/** What `use` gives for each way, all at once. */
async function onAll<T>(use: (way: Way) => Promise<T>, fits: (way: Way) => boolean = () => true) {
  const ways = world.ways.filter(fits);
  const results = await Promise.all(ways.map(use));
  return Object.fromEntries(ways.map(({ name }, index) => [name, results[index] as T]));
}
/** That each way has it. */
const each = <T>(results: Readonly<Record<string, T>>, wanted: unknown): void =>
  expect(results).toEqual(Object.fromEntries(Object.keys(results).map((name) => [name, wanted])));
/** Nothing pings a balancer, and nobody asks it for names. */
const isOpenToAll = ({ network }: Way): boolean => network.service !== "secure-balancer";

const requests = (count: number) =>
  onAll(async ({ client, host }) => {
    const url = `http://${bracketed(host)}/`;
    const { succeeded, failures } = await fetchMany(client, url, { count, parallel: 5, timeout: 60 });
    return failures.size === 0 ? succeeded : Object.fromEntries(failures);
  });

describe("each packet by the next forwarder, through each service of both tenants", () => {
  const captures: { readonly by: string; readonly file: string; readonly process: LabProcess }[] = [];
  beforeAll(async () => {
    for (const { id, kind, taps } of world.record.members.filter(({ kind }) => kind === "forwarder")) {
      const { namespace, interface: name } = taps.front as NonNullable<(typeof taps)[string]>;
      const file = join(world.place.folder, `${kind}${id}.pcapng`);
      const words = ["-q", "-i", name, "-a", "packets:20000", "-w", file];
      const process = await world.namespace(namespace).start("tshark", words, { ready: { prints: /Capturing on/ } });
      captures.push({ by: `${kind}${id}`, file, process });
    }
  });

  test("connections of HTTP, each to its tenant's own server", async () => {
    each(await requests(15), 15);
    const answers = await onAll(async ({ client, host, network }) => {
      const { stdout } = await client.run("curl", ["-gsS", "-m", "20", `http://${bracketed(host)}/`]);
      return stdout.startsWith(`${network.server}:`);
    });
    each(answers, true);
  });

  test("all members of a chain have its flows, and all decisions are one", async () => {
    const all = await readDecisions(world.place, world.record);
    expect(all.size).toBeGreaterThan(150);
    expect(disagreements(all)).toEqual([]);
    const kept = [...all.values()].map((decisions) =>
      [...decisions.values()]
        .flat()
        .filter((name) => name.startsWith("table"))
        .sort()
        .join(),
    );
    expect([...new Set(kept)].sort()).toEqual(["table1-1,table1-2,table1-3", "table2-1,table2-2,table2-3"]);
  });

  test("UDP, whose server sees the same client each time", async () => {
    const asked = await onAll(async (way) => {
      const { end } = await startAsking(way, 4, 0.05);
      // One answer of each at least: what it has asked until then.
      const { sent, changed, silent } = await way.client.run("true", []).then(end);
      return { sent: sent > 0, changed, silent };
    });
    each(asked, { sent: true, changed: 0, silent: 0 });
  });

  test("sessions of OpenSSH", async () => {
    const answers = await onAll(async ({ client, host }) => {
      await using session = openSession(client, world.keys, host);
      return [await session.ask("echo $((6 * 7))"), await session.close()];
    });
    each(answers, ["42", 0]);
  });

  test("echoes, and questions to a name server", async () => {
    const echoes = await onAll(async ({ client, host }) => {
      const { stdout } = await client.run("ping", ["-n", "-c", "20", "-i", "0.02", "-W", "5", host]);
      return stdout.includes(" 0% packet loss");
    }, isOpenToAll);
    each(echoes, true);
    each(await onAll(({ client, host }) => askDns(client, host, 10), isOpenToAll), Array(10).fill(DNS_ANSWER));
  });

  test(
    "Wireshark finds nothing malformed and no bad checksum in all that the forwarders sent",
    async () => {
      const wireshark = await startWireshark();
      try {
        for (const { by, file, process } of captures) {
          await process.dispose();
          const { front } = world.record.members.find(({ name }) => name === by)?.taps ?? {};
          const { stdout } = await world
            .namespace(by)
            .run("ip", ["-json", "link", "show", "dev", front === undefined ? "" : "front"]);
          const [{ address }] = JSON.parse(stdout) as [{ address: string }];
          const content = await readFile(file);
          const sent = await wireshark.read(
            content,
            "-Y",
            `eth.src == ${address} and vxlan`,
            "-T",
            "fields",
            "-e",
            "frame.protocols",
          );
          for (const inside of ["ip:tcp", "ip:udp", "ip:icmp", "ipv6:tcp", "ipv6:udp", "ipv6:icmpv6"])
            expect([inside, sent.some((protocols) => protocols.includes(`vxlan:eth:ethertype:${inside}`))]).toEqual([
              inside,
              true,
            ]);
          expect(sent.length).toBeGreaterThan(400);
          const words = ["-T", "fields", "-e", "frame.number", "-e", "frame.protocols", "-e", "_ws.expert.message"];
          expect(await wireshark.read(content, "-Y", `eth.src == ${address} and (${FAULTS})`, ...words)).toEqual([]);
        }
      } finally {
        await wireshark.close();
      }
    },
    BUSY,
  );

  test("downloads, whole and of the right digest", async () => {
    each(await onAll((way) => download(way)), world.large.digest);
  });

  test.each([
    ["there", []],
    ["back", ["-R"]],
  ])("iperf3 over TCP and UDP, data going %s", async (_, way) => {
    const bytes = 2 * 2 ** 20;
    const streams = await onAll((one) => stream(one, "-n", `${bytes}`, ...way));
    for (const came of Object.values(streams)) expect(came).toBeGreaterThan(0);
    each(await onAll(async (one) => (await datagrams(one, 1, "100K", ...way)).lost), 0);
  });
});

/** Connections that go on while something is done to the cluster. */
async function held(work: (used: () => Promise<void>) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const sessions = world.ways.map(({ client, host }) => stack.use(openSession(client, world.keys, host)));
  let number = 0;
  const used = async (): Promise<void> => {
    number += 1;
    const answers = await Promise.all(sessions.map((session) => session.ask(`echo $((${number} * ${number}))`)));
    expect(answers).toEqual(sessions.map(() => `${number * number}`));
  };
  await used();
  const downloads = onAll((way) => download(way, SLOW));
  // It is waited for below; a failure before that is none that nobody sees.
  downloads.catch(() => undefined);
  const asking = await Promise.all(world.ways.map((way) => startAsking(way, 4, 0.2)));
  const pings = await Promise.all(world.ways.filter(isOpenToAll).map((way) => startPing(way, 0.25)));
  await work(used);
  each(await downloads, world.large.digest);
  await used();
  expect(await Promise.all(sessions.map((session) => session.close()))).toEqual(sessions.map(() => 0));
  for (const { end } of asking) expect(await end()).toMatchObject({ changed: 0, silent: 0 });
  for (const end of pings) expect((await end()).received).toBeGreaterThan(0);
}

const ROUNDS: readonly { readonly frozen: readonly (readonly [string, Fault])[]; readonly back: readonly string[] }[] =
  [
    {
      frozen: [
        ["forwarder1", "data"],
        ["table1-1", "both"],
        ["table2-3", "agent"],
      ],
      back: [],
    },
    {
      frozen: [
        ["forwarder2", "both"],
        ["table1-3", "data"],
        ["table2-1", "both"],
      ],
      back: ["forwarder1"],
    },
    { frozen: [["forwarder3", "agent"]], back: ["forwarder2"] },
  ];

test(
  "members are frozen and taken out, all but one of each chain and each forwarder in turn, and filled again: no connection breaks",
  async () => {
    const { place, record } = world;
    const decided: Decisions[] = [];
    await held(async (used) => {
      decided.push(await readDecisions(place, record));
      for (const { frozen, back } of ROUNDS) {
        for (const [name, how] of frozen) await fail(place, name, how);
        for (const name of back) await heal(place, name);
        await changeView(place, { without: frozen.map(([name]) => name), with: back });
        await used();
        // New connections are decided by those that are left.
        each(await requests(5), 5);
        decided.push(await readDecisions(place, record));
      }
      const { chains, forwarders } = readRecord(place).view;
      expect(chains.map(({ complete }) => complete.length)).toEqual([1, 1]);
      expect(forwarders).toEqual([1, 2]);
      // Those that were lost are filled by those that are left.
      for (const { name } of record.members) await heal(place, name);
      await changeView(place, { with: ROUNDS.flatMap(({ frozen }) => frozen.map(([name]) => name)) });
      await used();
      decided.push(await readDecisions(place, record));
    });
    expect(readRecord(place).view.chains.map(({ complete }) => complete.length)).toEqual([3, 3]);
    expect(decided.flatMap(disagreements)).toEqual([]);
    const [first] = decided as [Decisions];
    expect(first.size).toBeGreaterThan(100);
    expect(decided.flatMap((later) => changes(first, later))).toEqual([]);
  },
  BUSY,
);

test(
  "views that change at random break nothing",
  async () => {
    const { faults, ...summary } = await soak(world, { seconds: 20, leastEpochs: 6, seed: 1 });
    console.info(JSON.stringify(summary));
    expect(faults).toEqual([]);
    expect(summary).toMatchObject({ broken: 0, wrongDecisions: 0 });
    expect(summary.connections).toBeGreaterThan(100);
    expect(summary.epochs).toBeGreaterThanOrEqual(6);
    expect(summary.bounces).toBeGreaterThan(0);
  },
  BUSY,
);
