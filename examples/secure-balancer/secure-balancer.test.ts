/** What the chain promises that none of its parts does by itself: their order, and one config for all. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dissect, listFields, type Outcome, type Packet, type TcpConversation, tcp, truncations } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const file = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
const config = Object.fromEntries(
  Object.entries(file as Record<string, Record<string, unknown>>).flatMap(([part, fields]) =>
    Object.entries(fields).map(([name, value]) => [`${part}.${name}`, value]),
  ),
);

const families = [
  ["IPv4", tcp("10.0.0.7:40000", "10.1.0.1:80"), /^10\.2\.0\.[12]$/],
  ["IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80"), /^2001:db8:2::1$/],
] as const;
const [[, four], [, six]] = families;

const fieldsOf = ({ packet }: Outcome) =>
  new Map(listFields(dissect(packet.bytes)).map(({ path, value }) => [path, value]));

describe("secure-balancer", () => {
  onEveryTarget(
    new URL("./service.ts", import.meta.url),
    (target) => {
      const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
      const challenged = async (client: TcpConversation): Promise<void> => {
        const challenge = await one(client.syn());
        expect(challenge).toHaveVerdict("transmit");
        const sequence = Number(fieldsOf(challenge).get("tcp.acknowledgement"));
        expect((await one(client.rst({ tcp: { sequence } }))).reason).toBe("syn-defence: challenge met");
      };

      test("a client is challenged, then served by one backend, and answered from where it asked", async () => {
        for (const [family, client, backends] of families) {
          if (family === "IPv6") target.config.set("balancer.backends", ["[2001:db8:2::1]:8080"]);
          await challenged(client);
          const syn = await one(client.syn());
          expect(syn).toHaveVerdict("forward");
          expect(syn.packet).toHaveValidChecksums();
          const to = String(fieldsOf(syn).get(`${family.toLowerCase()}.destination`));
          expect(to).toMatch(backends);
          const [backend, self] = family === "IPv4" ? [to, "10.0.0.7"] : [`[${to}]`, "[2001:db8::7]"];
          const back = await one(tcp(`${backend}:8080`, `${self}:40000`).synAck());
          expect(back).toHaveFields({ "tcp.sourcePort": 80, "tcp.destinationPort": 40_000 });
          expect(back.packet).toHaveValidChecksums();
        }
        expect(target.counters()).toMatchObject({ "syn-defence.challenged": 2n, "syn-defence.passed": 2n });
      });

      test("who is not on the list is not even challenged", async () => {
        target.config.set("acl.rules", { "10.9.0.0/16": { from: 80, to: 80 } });
        expect((await one(four.syn())).reason).toBe("acl: no rule");
        expect(target.counters()["syn-defence.challenged"]).toBe(0n);
      });

      test("challenges take nothing from a source's rate: somebody else can forge its SYNs", async () => {
        target.config.set("rate-limiter.perSource", { perSecond: 1, burst: 2 });
        const forged = await target.run(...new Array(20).fill(four.syn()));
        for (const outcome of forged) expect(outcome).toHaveVerdict("transmit");
        await challenged(four);
        expect(await one(four.syn())).toHaveVerdict("forward");
        expect(await one(four.ack())).toHaveVerdict("forward");
        expect((await one(four.payload("GET /"))).reason).toBe("rate-limiter: source");
      });

      test("a dead backend lets go of its connections: their clients hear of it", async () => {
        target.config.set("balancer.backends", ["[2001:db8:2::1]:8080"]);
        await challenged(six);
        expect(await one(six.syn())).toHaveVerdict("forward");
        target.config.set("balancer.backends", ["[2001:db8:2::2]:8080"]);
        // Decided anew, a packet in the middle of a connection is of none.
        const outcome = await one(six.payload("GET /"));
        expect(outcome).toHaveVerdict("transmit");
        expect(fieldsOf(outcome).get("tcp.flags")).toContain("rst");
        expect(await one(six.syn())).toHaveFields({ "ipv6.destination": "2001:db8:2::2" });
      });

      test("packets cut at any byte never abort", async () => {
        // The kernel's test run refuses frames without a whole Ethernet header.
        const shortest = target.name === "kernel" ? 14 : 0;
        const cut = [four.syn(), six.payload("GET /")].flatMap((packet) => truncations(packet).slice(shortest));
        for (const outcome of await target.run(...cut)) expect(outcome.verdict).not.toBe("aborted");
      });
    },
    {
      config: { ...config, "service.listen": ["10.1.0.1:80/tcp", "[2001:db8:1::1]:80/tcp"] },
      clock: 1_000_000_000_000n,
    },
  );
});
