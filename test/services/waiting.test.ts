/** What becomes of flows that wait when something else changes: they count, hold and go as others do. */
import { beforeEach, describe, expect, test } from "vitest";
import type { QuotasOfTenants } from "../../runtime/node/quotas.ts";
import { pairOf } from "../headers/pair.ts";
import { type Outcome, type Packet, type TcpConversation, tcp } from "../kit/index.ts";

/** What every client is told (programs/proxy.ts). */
const COOKIE = 0xffff_fff0;
const WAITS = "service: waits for an answer";
const MANY = "service: quota of flows";
const FAST = "service: quota of new flows";
const FIRST = { 4: "10.9.0.1:8080", 6: "[2001:db8:9::1]:8080" } as const;
const SECOND = { 4: "10.9.0.2:8080", 6: "[2001:db8:9::2]:8080" } as const;
type Family = keyof typeof FIRST;

let port = 4000;
const clientOf = (family: Family): TcpConversation => {
  port += 1;
  return family === 4 ? tcp(`10.0.0.7:${port}`, "10.1.0.1:80") : tcp(`[2001:db8::7]:${port}`, "[2001:db8:1::1]:80");
};
const ack = (client: TcpConversation, sequence = 1001): Packet =>
  client.ack({ tcp: { sequence, acknowledgement: COOKIE + 1 } });
/** What comes from where the decision leads, to the client that it knows. */
const from = (to: string, client: TcpConversation): TcpConversation => {
  const { sourcePort } = client.ack().layer("tcp");
  return tcp(to, to.startsWith("[") ? `[2001:db8::7]:${sourcePort}` : `10.0.0.7:${sourcePort}`);
};
const answer = (to: string, client: TcpConversation): Packet =>
  from(to, client).synAck({ tcp: { sequence: 7_000_000, acknowledgement: 1001 } });
const isSynTo = (outcome: Outcome | undefined, to: string): void => {
  expect(outcome).toHaveVerdict("redirect");
  const [, address] = /^\[?([^\]]+?)\]?:8080$/.exec(to) as unknown as [string, string];
  expect(outcome?.packet.layer("tcp")).toMatchObject({ flags: ["syn"], sequence: 1000, destinationPort: 8080 });
  expect(outcome?.packet.layer(to.startsWith("[") ? "ipv6" : "ipv4")).toMatchObject({ destination: address });
};

describe.each([4, 6] as const)("behind a proxy, over IPv%i", (family) => {
  const pair = pairOf(new URL("./programs/moved-proxy.ts", import.meta.url), {
    clock: 1_000_000_000_000n,
    config: { "mover.to": FIRST[family] },
  });
  const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
  const set = (quotas: QuotasOfTenants): Promise<void> => pair.tell(({ underlay }) => underlay.quotas.set(quotas));
  const flows = (): bigint => pair.both(({ underlay }) => underlay.quotas.uses()[0]?.flows ?? -1n);
  const leadTo = (to: string): void => pair.both((running) => running.config.set("mover.to", to));
  const waits = async (client: TcpConversation): Promise<void> => isSynTo(await one(ack(client)), FIRST[family]);

  beforeEach(async () => {
    leadTo(FIRST[family]);
    await set({});
    pair.both((running) => running.advance("3h"));
  });

  test("flows that wait count against the quota, and are not counted again when they stand", async () => {
    await set({ 0: { flows: 2 } });
    const [first, second, third] = [clientOf(family), clientOf(family), clientOf(family)];
    await waits(first);
    await waits(second);
    expect(await one(ack(third))).toMatchObject({ verdict: "drop", reason: MANY });
    // Asked again, it is the same one.
    await waits(first);
    expect(flows()).toBe(2n);
    expect(await one(answer(FIRST[family], first))).toHaveVerdict("redirect");
    expect(flows()).toBe(2n);
    expect(await one(ack(third))).toMatchObject({ verdict: "drop", reason: MANY });
  });

  test("one that waits and begins anew pays the rate of new flows, and takes its own place", async () => {
    await set({ 0: { flows: 1, newFlows: { perSecond: 1, burst: 2 } } });
    const client = clientOf(family);
    await waits(client);
    const another = ack(client, 500_001);
    expect((await one(another)).packet.layer("tcp")).toMatchObject({ flags: ["syn"], sequence: 500_000 });
    expect(flows()).toBe(1n);
    expect(await one(ack(client, 900_001))).toMatchObject({ verdict: "drop", reason: FAST });
    // It waits on where it was.
    expect((await one(another)).packet.layer("tcp")).toMatchObject({ flags: ["syn"], sequence: 500_000 });
  });

  test("what its service ends still counts until flows are counted, as what idles does", async () => {
    await set({ 0: { flows: 1 } });
    const client = clientOf(family);
    await waits(client);
    const fin = from(FIRST[family], client).packet(["fin", "ack"], { tcp: { sequence: 5, acknowledgement: 9 } });
    expect(await one(fin)).toMatchObject({ verdict: "drop", reason: "proxy: ended" });
    expect(await one(ack(clientOf(family)))).toMatchObject({ verdict: "drop", reason: MANY });
  });

  test("under config that its decision does not hold under, its client's ACK asks elsewhere; who is late is refused", async () => {
    const client = clientOf(family);
    await waits(client);
    leadTo(SECOND[family]);
    isSynTo(await one(ack(client)), SECOND[family]);
    // The old one's is no flow's any more.
    expect((await one(answer(FIRST[family], client))).packet.layer("tcp")).toMatchObject({ flags: ["rst"] });
    const told = await one(answer(SECOND[family], client));
    expect(told).toHaveVerdict("redirect");
    expect(told.packet.layer("tcp")).toMatchObject({ flags: ["ack"], sequence: COOKIE });
  });

  test("what comes from behind after such a change, and before the client asks again, is still waited for", async () => {
    const client = clientOf(family);
    await waits(client);
    leadTo(SECOND[family]);
    expect((await one(answer(FIRST[family], client))).packet.layer("tcp")).toMatchObject({ sequence: COOKIE });
  });
});

/** Bits of a way's `change` (bpf-lib/flow/entry.ts). */
const PENDING = 128;
type Ways = { ways: { until: number; change: number }[] };

describe.each([4, 6] as const)("a service that has none wait, over IPv%i", (family) => {
  const pair = pairOf(new URL("./programs/limited.ts", import.meta.url), {
    flows: 1000,
    config: { "mover.to": FIRST[family] },
  });
  const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
  /** As a version before it has left them: every flow waits. */
  const haveAllWait = (): void =>
    pair.both((running) => {
      const table = running.map(`zeta_node_flows${family}`);
      for (const [key, page] of table.entries() as Iterable<[number, Ways]>) {
        if (page.ways.every(({ until }) => until === 0)) continue;
        for (const way of page.ways) if (way.until !== 0) way.change |= PENDING;
        table.set(key, page);
      }
    });

  test("lets go of what has waited when somebody answers, and tells him; the client's next packet is decided", async () => {
    const client = clientOf(family);
    const sent = ack(client);
    expect(await one(sent)).toHaveVerdict("redirect");
    haveAllWait();
    const late = await one(answer(FIRST[family], client));
    expect(late).toHaveVerdict("transmit");
    expect(late.packet.layer("tcp")).toMatchObject({
      flags: ["rst"],
      sequence: 1001,
      sourcePort: sent.layer("tcp").sourcePort,
    });
    const next = await one(sent);
    expect(next).toHaveVerdict("redirect");
    expect(next.packet.layer("tcp")).toMatchObject({ flags: ["ack"], destinationPort: 8080 });
    // Nobody's flow was made of what came from behind.
    expect(await one(answer(FIRST[family], client))).toHaveVerdict("redirect");
  });

  test("what might begin another connection does not", async () => {
    const client = clientOf(family);
    expect(await one(ack(client))).toHaveVerdict("redirect");
    haveAllWait();
    expect(await one(ack(client, 500_001))).toMatchObject({ verdict: "drop", reason: WAITS });
  });
});
