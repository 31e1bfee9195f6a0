/** What the full proxy promises. The lab's test (lab.test.ts) has real TCPs at both ends. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  dissect,
  listFields,
  type Outcome,
  type Packet,
  type TcpConversation,
  tcp,
  truncations,
  udp,
} from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./proxy.ts", import.meta.url);
const KEY = "00112233445566778899aabbccddeeff";
const NEXT = "ffeeddccbbaa99887766554433221100";
const PERIOD = 64_000_000_000n;
const config = { "syn-proxy.key": { current: KEY, previous: KEY }, "syn-proxy.mss": 1440 };
const START = 1000n * PERIOD;
const SERVER = 77_000;

const families = [
  ["IPv4", tcp("10.0.0.7:40000", "10.1.0.1:80")],
  ["IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80")],
] as const;
const four = families[0][1];
const OPTIONS = [{ kind: "mss", value: 1460 }, { kind: "sackPermitted" }, { kind: "windowScale", shift: 7 }] as const;

const field = (outcome: Outcome | undefined, name: string): unknown =>
  outcome === undefined
    ? undefined
    : listFields(dissect(outcome.packet.bytes)).find((each) => each.path === name)?.value;
const sequenceOf = (outcome: Outcome | undefined): number => Number(field(outcome, "tcp.sequence"));
/** The ACK of a SYN-ACK that had this number. */
const ackOf = (client: TcpConversation, cookie: number): Packet =>
  client.ack({ tcp: { acknowledgement: (cookie + 1) >>> 0 } });
const WAITS = "service: waits for an answer";
const NONE = "syn-proxy: no connection";

describe("syn-proxy", () => {
  onEveryTarget(
    service,
    (target) => {
      const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
      const challenged = async (client: TcpConversation): Promise<number> =>
        sequenceOf(await one(client.syn({ options: OPTIONS })));
      /** What is of no connection is answered by a reset. */
      const refused = async (packet: Packet): Promise<void> => {
        const outcome = await one(packet);
        expect(outcome).toHaveVerdict("transmit");
        expect(outcome.packet.layer("tcp")).toMatchObject({ flags: ["rst"] });
      };
      /** Until the server has answered; gives what the client was told. */
      const connected = async (client: TcpConversation): Promise<number> => {
        const cookie = await challenged(client);
        expect(await one(ackOf(client, cookie))).toHaveVerdict("forward");
        const answer = client.reverse().synAck({ tcp: { sequence: SERVER } });
        expect(sequenceOf(await one(answer))).toBe(cookie);
        return cookie;
      };

      test.each(families)(
        "a SYN over %s is answered with what its client may use, and a shut window",
        async (_, client) => {
          const challenge = await one(client.packet(["syn", "ece", "cwr"], { options: OPTIONS }));
          expect(challenge).toHaveVerdict("transmit");
          expect(challenge).toEqualPacket(
            client.reverse().packet(["syn", "ack"], {
              ttl: 64,
              tcp: { sequence: sequenceOf(challenge), acknowledgement: 1001, window: 1 },
              options: [
                { kind: "mss", value: 1440 },
                { kind: "nop" },
                { kind: "nop" },
                { kind: "sackPermitted" },
                ...new Array(4).fill({ kind: "nop" }),
              ],
            }),
          );
          expect(target.drops()).toEqual({});
        },
      );

      test.each(families)(
        "over %s, its ACK opens the connection behind, as its client asked for it",
        async (_, client) => {
          const cookie = await challenged(client);
          const syn = await one(ackOf(client, cookie));
          expect(syn).toHaveVerdict("forward");
          expect(syn.packet).toHaveFields({ "tcp.sequence": 1000, "tcp.acknowledgement": 0 });
          expect(syn.packet.layer("tcp")).toMatchObject({
            flags: ["syn"],
            options: [{ kind: "mss", value: 1460 }, { kind: "nop" }, { kind: "nop" }, { kind: "sackPermitted" }],
          });
          expect(syn.packet).toHaveValidChecksums();
        },
      );

      test("segments are asked for that are not larger than its client takes", async () => {
        for (const [told, takes] of [
          [536, 500],
          [536, 1219],
          [1220, 1220],
          [1220, 1240],
          [1360, 1380],
          [1440, 1452],
          [1460, 1460],
          [8940, 9000],
        ] as const) {
          const client = tcp(`10.0.0.7:${takes}`, "10.1.0.1:80");
          const cookie = sequenceOf(await one(client.syn({ options: [{ kind: "mss", value: takes }] })));
          const syn = await one(ackOf(client, cookie));
          expect(syn.packet.layer("tcp")).toMatchObject({ options: [{ kind: "mss", value: told }] });
        }
      });

      test("the cookie is SipHash of both ends, the SYN's number, what it asked for, and the time, as OpenSSL comes to it", async () => {
        const told = 6 | 8;
        const ends = `0700000affff${"00".repeat(10)}0100010affff${"00".repeat(10)}409c5000`;
        const message = Buffer.from(`${ends}e8030000${"0e000000"}e803000000000000`, "hex");
        const options = ["mac", "-macopt", `hexkey:${KEY}`, "-macopt", "size:8", "-in", "-", "SIPHASH"];
        const hash = execFileSync("openssl", options, { input: message, encoding: "utf8" }).trim();
        const expected = ((Buffer.from(hash, "hex").readUInt32LE(0) & ~15) | told) >>> 0;
        expect(await challenged(four)).toBe(expected);
      });

      test("a flood of sources that do not answer leaves nothing behind", async () => {
        const flood = Array.from({ length: 500 }, (_, n) => tcp(`192.0.${n >> 8}.${n & 255}:${n + 1}`, "10.1.0.1:80"));
        for (const { verdict } of await target.run(
          ...flood.flatMap((client) => [client.syn(), client.ack(), client.synAck(), client.fin()]),
        ))
          expect(verdict).toBe("transmit");
        expect(target.drops()).toEqual({ [NONE]: 1500n });
        expect(target.counters()).toEqual({ "syn-proxy.challenged": 500n });
      });

      test("a cookie is taken for nothing but what it was given for", async () => {
        const others: readonly ((cookie: number) => Packet)[] = [
          (cookie) => ackOf(four, cookie ^ 16),
          (cookie) => ackOf(four, cookie ^ 1),
          (cookie) => ackOf(four, cookie ^ 8),
          (cookie) => four.ack({ tcp: { acknowledgement: (cookie + 1) >>> 0, sequence: 2000 } }),
          (cookie) => ackOf(tcp("10.0.0.8:40000", "10.1.0.1:80"), cookie),
          (cookie) => ackOf(tcp("10.0.0.7:40001", "10.1.0.1:80"), cookie),
          (cookie) => ackOf(tcp("10.0.0.7:40000", "10.1.0.2:80"), cookie),
        ];
        const cookie = await challenged(four);
        for (const other of others) await refused(other(cookie));
        expect(target.drops()).toEqual({ [NONE]: BigInt(others.length) });
        expect(await one(ackOf(four, cookie))).toHaveVerdict("forward");
      });
      test("a cookie is good for one period and the next, and through one change of the secret", async () => {
        const stale = await challenged(four);
        target.advance(2n * PERIOD);
        await refused(ackOf(four, stale));
        const first = await challenged(four);
        target.advance(PERIOD);
        target.config.set("syn-proxy.key", NEXT);
        expect(await one(ackOf(four, first))).toHaveVerdict("forward");
        const other = tcp("10.0.0.9:40000", "10.1.0.1:80");
        const second = await challenged(other);
        target.config.set("syn-proxy.key", KEY);
        target.config.set("syn-proxy.key", "0123456789abcdef0123456789abcdef");
        await refused(ackOf(other, second));
      });

      test.each(families)("over %s, both ends count by the numbers that they know", async (_, client) => {
        const cookie = await connected(client);
        const sent = await one(client.payload("GET /", { tcp: { acknowledgement: (cookie + 1) >>> 0 } }));
        expect(sent.packet).toHaveFields({ "tcp.sequence": 1001, "tcp.acknowledgement": SERVER + 1 });
        const got = await one(client.reply("200 OK", { tcp: { sequence: SERVER + 1 } }));
        expect(got.packet).toHaveFields({ "tcp.sequence": (cookie + 1) >>> 0 });
        for (const { packet } of [sent, got]) expect(packet).toHaveValidChecksums();
      });

      test("a port that is closed is reset, and one that has another connection still is freed of it", async () => {
        const cookie = await challenged(four);
        await one(ackOf(four, cookie));
        const reply = four.reverse();
        const stale = await one(reply.ack({ tcp: { sequence: 5, acknowledgement: 9 } }));
        expect(target.drops()).toEqual({ "syn-proxy: another connection": 1n });
        expect(stale.packet).toHaveFields({ "tcp.sequence": 9 });
        await one(ackOf(four, cookie));
        const refused = await one(reply.packet(["rst", "ack"], { tcp: { sequence: 0, acknowledgement: 1001 } }));
        expect(refused).toHaveVerdict("forward");
        expect(refused.packet).toHaveFields({ "tcp.sequence": (cookie + 1) >>> 0 });
      });

      test("a connection that stands keeps its number against a SYN; its client may open another when it is over", async () => {
        const cookie = await connected(four);
        const acknowledgement = (cookie + 1) >>> 0;
        expect(await one(four.syn({ tcp: { sequence: 9000 } }))).toHaveVerdict("forward");
        expect(await one(four.fin({ tcp: { acknowledgement } }))).toHaveVerdict("forward");
        expect(await one(four.ack({ tcp: { acknowledgement, sequence: 1002 } }))).toHaveVerdict("forward");
        const syn = await one(four.syn({ tcp: { sequence: 9000 } }));
        expect(syn).toHaveVerdict("transmit");
        const again = await one(four.ack({ tcp: { sequence: 9001, acknowledgement: (sequenceOf(syn) + 1) >>> 0 } }));
        expect(again.packet.layer("tcp")).toMatchObject({ flags: ["syn"], sequence: 9000 });
      });

      test("what its client sends before the server is there is dropped, and counted", async () => {
        await one(ackOf(four, await challenged(four)));
        expect((await one(four.fin({ tcp: { sequence: 1010 } }))).reason).toBe(WAITS);
      });

      test("what is not TCP goes on as it came", async () => {
        expect(await one(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?"))).toHaveVerdict("forward");
        expect(target.counters()["syn-proxy.challenged"]).toBe(0n);
      });

      test("packets cut at any byte never abort", async () => {
        // The kernel's test run refuses frames without a whole Ethernet header.
        const shortest = target.name === "kernel" ? 14 : 0;
        for (const [, client] of families) {
          const cookie = await challenged(client);
          const cut = [client.syn({ options: OPTIONS }), ackOf(client, cookie)].flatMap((packet) =>
            truncations(packet).slice(shortest),
          );
          for (const outcome of await target.run(...cut)) expect(outcome.verdict).not.toBe("aborted");
        }
      });
    },
    { config, clock: START },
  );
});

onEveryTarget(service, (target) => {
  test("proxy.json is its config; the secret is not shown", async () => {
    target.config.set(JSON.parse(readFileSync(new URL("./proxy.json", import.meta.url), "utf8")));
    expect(target.config.get("syn-proxy.key")).toBeUndefined();
    expect((await target.run(four.syn()))[0]).toHaveVerdict("transmit");
  });
});
