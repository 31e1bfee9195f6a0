/** What the defence against SYN floods promises. */
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

const service = new URL("./service.ts", import.meta.url);
const KEY = "00112233445566778899aabbccddeeff";
const NEXT = "ffeeddccbbaa99887766554433221100";
const PERIOD = 64_000_000_000n;
const config = { "syn-defence.key": { current: KEY, previous: KEY } };
const START = 1000n * PERIOD;

const families = [
  ["IPv4", tcp("10.0.0.7:40000", "10.1.0.1:80")],
  ["IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80")],
] as const;
const four = families[0][1];

const field = (outcome: Outcome | undefined, name: string): unknown =>
  outcome === undefined
    ? undefined
    : listFields(dissect(outcome.packet.bytes)).find((each) => each.path === name)?.value;
const cookieOf = (challenge: Outcome | undefined): number => Number(field(challenge, "tcp.acknowledgement"));
/** What a client answers to an acknowledgement of what it did not send. */
const reset = (client: TcpConversation, cookie: number): Packet => client.rst({ tcp: { sequence: cookie } });

describe("syn-defence", () => {
  onEveryTarget(
    service,
    (target) => {
      const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
      const known = () => target.map("syn_defence_known").entries().length;
      const meet = async (client: TcpConversation): Promise<Outcome> =>
        one(reset(client, cookieOf(await one(client.syn()))));

      test.each(families)("a SYN over %s is answered by what only its sender can make use of", async (_, client) => {
        const options = [{ kind: "mss", value: 1460 }, { kind: "sackPermitted" }] as const;
        const challenge = await one(client.packet(["syn", "ece", "cwr"], { options }));
        expect(challenge).toHaveVerdict("transmit");
        const acknowledgement = cookieOf(challenge);
        expect(acknowledgement).not.toBe(1001);
        expect(challenge).toEqualPacket(
          client.reverse().packet(["syn", "ack"], {
            ttl: 64,
            tcp: { sequence: 0, acknowledgement },
            options: new Array(8).fill({ kind: "nop" }),
          }),
        );
        expect(challenge.packet).toHaveValidChecksums();
        expect(known()).toBe(0);
      });

      test.each(families)("over %s, who answers the challenge may connect, from any port", async (_, client) => {
        expect((await meet(client)).reason).toBe("syn-defence: challenge met");
        expect(await one(client.syn())).toHaveVerdict("forward");
        expect(await one(client.ack())).toHaveVerdict("forward");
        expect(await one(client.with({ tcp: { sourcePort: 40_001 } }).syn())).toHaveVerdict("forward");
        expect(target.counters()).toEqual({ "syn-defence.challenged": 1n, "syn-defence.passed": 1n });
      });

      test("the cookie is SipHash of both ends and the time, as OpenSSL comes to it", async () => {
        const message = Buffer.from(
          `0700000affff${"00".repeat(10)}0100010affff${"00".repeat(10)}409c5000e803000000000000`,
          "hex",
        );
        const options = ["mac", "-macopt", `hexkey:${KEY}`, "-macopt", "size:8", "-in", "-", "SIPHASH"];
        const hash = execFileSync("openssl", options, { input: message, encoding: "utf8" }).trim();
        expect(cookieOf(await one(four.syn()))).toBe(Buffer.from(hash, "hex").readUInt32LE(0));
      });

      test("a flood of sources that do not answer leaves nothing behind", async () => {
        const flood = Array.from({ length: 500 }, (_, n) => tcp(`192.0.${n >> 8}.${n & 255}:${n + 1}`, "10.1.0.1:80"));
        const outcomes = await target.run(
          ...flood.flatMap((client) => [client.syn(), client.ack(), client.synAck(), client.rst(), client.fin()]),
        );
        for (const { verdict } of outcomes) expect(["transmit", "drop"]).toContain(verdict);
        expect(known()).toBe(0);
        expect(target.counters()["syn-defence.challenged"]).toBe(500n);
        expect(await meet(four)).toHaveVerdict("drop");
        expect(await one(four.syn())).toHaveVerdict("forward");
        expect(known()).toBe(1);
      });

      test.each<[string, (cookie: number) => Packet]>([
        ["another number", (cookie) => reset(four, (cookie + 1) >>> 0)],
        ["another source", (cookie) => reset(tcp("10.0.0.8:40000", "10.1.0.1:80"), cookie)],
        ["another port", (cookie) => reset(tcp("10.0.0.7:40001", "10.1.0.1:80"), cookie)],
        ["another destination", (cookie) => reset(tcp("10.0.0.7:40000", "10.1.0.2:80"), cookie)],
        ["an ACK instead of a reset", (cookie) => four.ack({ tcp: { sequence: cookie } })],
      ])("a cookie is not taken from %s", async (_, answer) => {
        const cookie = cookieOf(await one(four.syn()));
        await one(answer(cookie));
        expect(known()).toBe(0);
        expect(await one(four.syn())).toHaveVerdict("transmit");
      });

      test("a cookie is good for one period and the next", async () => {
        const cookie = cookieOf(await one(four.syn()));
        target.advance(2n * PERIOD);
        await one(reset(four, cookie));
        expect(known()).toBe(0);
        const fresh = cookieOf(await one(four.syn()));
        target.advance(PERIOD);
        await one(reset(four, fresh));
        expect(known()).toBe(1);
      });

      test("two secrets are valid: cookies outlive one change, and not two", async () => {
        const cookie = cookieOf(await one(four.syn()));
        target.config.set("syn-defence.key", NEXT);
        expect(cookieOf(await one(four.syn()))).not.toBe(cookie);
        const other = tcp("10.0.0.9:40000", "10.1.0.1:80");
        const stale = cookieOf(await one(other.syn()));
        await one(reset(four, cookie));
        expect(known()).toBe(1);
        target.config.set("syn-defence.key", KEY);
        target.config.set("syn-defence.key", "0123456789abcdef0123456789abcdef");
        await one(reset(other, stale));
        expect(known()).toBe(1);
      });

      test("trust ends after an hour; connections that stand do not", async () => {
        await meet(four);
        expect(await one(four.syn())).toHaveVerdict("forward");
        target.advance("61m");
        expect(await one(four.payload("GET /"))).toHaveVerdict("forward");
        expect(await one(four.with({ tcp: { sourcePort: 40_001 } }).syn())).toHaveVerdict("transmit");
      });

      test("packets of no connection are answered by a reset, and not remembered", async () => {
        expect(await one(four.ack())).toHaveVerdict("transmit");
        expect(target.drops()).toEqual({ "syn-defence: no connection": 1n });
      });

      test("what is not TCP goes on as it came", async () => {
        expect(await one(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?"))).toHaveVerdict("forward");
        expect(target.counters()["syn-defence.challenged"]).toBe(0n);
      });

      test("packets cut at any byte never abort", async () => {
        // The kernel's test run refuses frames without a whole Ethernet header.
        const shortest = target.name === "kernel" ? 14 : 0;
        const cut = families.flatMap(([, client]) => truncations(client.syn()).slice(shortest));
        for (const outcome of await target.run(...cut)) expect(outcome.verdict).not.toBe("aborted");
      });
    },
    { config, clock: START },
  );
});

onEveryTarget(service, (target) => {
  test("config.json is its config; the secret is not shown", async () => {
    target.config.set(JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8")));
    expect(target.config.get("syn-defence.key")).toBeUndefined();
    expect((await target.run(four.syn()))[0]).toHaveVerdict("transmit");
  });
});
