/** What the stateful translator promises, of what RFC 6146 asks of one. How packets are translated: test/services/across.test.ts. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dissect, icmp, icmpv6, listFields, type Outcome, type Packet, random, tcp, udp } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const config = {
  "nat64.prefix": { address: "64:ff9b::", length: 96 },
  "nat64.refused": { "10.0.0.0/8": 1 },
  "nat64.external": { addresses: ["203.0.113.8/30"], forwards: { "203.0.113.8:80/tcp": "[2001:db8::5]:8080" } },
};
const SERVER = "192.0.2.80";
/** The same server, as IPv6 hosts have it. */
const SERVER6 = "64:ff9b::c000:250";

type Which = "source" | "destination";
const fieldOf = (outcome: Outcome | undefined, name: string): unknown =>
  outcome === undefined
    ? undefined
    : listFields(dissect(outcome.packet.bytes)).find((each) => each.path === name)?.value;
const end = (outcome: Outcome | undefined, which: Which): string => {
  const port = fieldOf(outcome, `tcp.${which}Port`) ?? fieldOf(outcome, `udp.${which}Port`);
  const four = fieldOf(outcome, `ipv4.${which}`);
  return four === undefined ? `[${fieldOf(outcome, `ipv6.${which}`)}]:${port}` : `${four}:${port}`;
};
const ends = (outcome: Outcome | undefined): string[] => [end(outcome, "source"), end(outcome, "destination")];
const sourceOf = (outcome: Outcome | undefined): string => end(outcome, "source");
const from = (host: number, port = 5000): string => `[2001:db8::${host}]:${port}`;
/** An external endpoint as IPv6 hosts have it. */
const embedded = (of: string): string => {
  const [address = "", port] = of.split(":");
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  return `[64:ff9b::${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}]:${port}`;
};

onEveryTarget(
  new URL("./service.ts", import.meta.url),
  (target) => {
    const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
    const only = (external: unknown) => target.config.set("nat64.external", external);
    const ask = (host: number, server = SERVER6) => udp(from(host), `[${server}]:53`).payload("?");

    describe("a flow to an address under the prefix", () => {
      test("goes to the IPv4 address that stands there, from an external one; its answers find back", async () => {
        for (const make of [tcp, udp]) {
          const there = await one(make(from(7), `[${SERVER6}]:80`).payload("?"));
          expect(there).toHaveVerdict("forward");
          expect(there.packet).toHaveValidChecksums();
          expect(sourceOf(there)).toMatch(/^203\.0\.113\.(8|9|10|11):5000$/);
          expect(end(there, "destination")).toBe(`${SERVER}:80`);
          const back = await one(make(`${SERVER}:80`, sourceOf(there)).payload("!"));
          expect(back).toHaveVerdict("forward");
          expect(back.packet).toHaveValidChecksums();
          expect(ends(back)).toEqual([`[${SERVER6}]:80`, from(7)]);
        }
      });

      test("has its host's external port, whoever it goes to, and anybody may answer there", async () => {
        const sent = await target.run(ask(7), ask(7, "64:ff9b::c000:202"), ask(7, "64:ff9b::c633:6407"));
        expect(new Set(sent.map(sourceOf)).size).toBe(1);
        const stranger = "198.51.100.99:4000";
        const back = await one(udp(stranger, sourceOf(sent[0])).payload("!"));
        expect(ends(back)).toEqual([embedded(stranger), from(7)]);
        expect(back.packet).toHaveValidChecksums();
        const answer = await one(udp(from(7), embedded(stranger)).payload("!"));
        expect(ends(answer)).toEqual([sourceOf(sent[0]), stranger]);
      });

      test("is an echo's too: the identifier is its port (RFC 6146 section 3.5.3)", async () => {
        only(["203.0.113.7"]);
        const asked = await target.run(
          ...[7, 8].map((host) => icmpv6(`2001:db8::${host}`, SERVER6).echo({ identifier: 9 })),
        );
        const identifiers = asked.map((outcome) => fieldOf(outcome, "icmp.identifier") as number);
        expect(new Set(identifiers).size).toBe(2);
        for (const [index, identifier] of identifiers.entries()) {
          expect(asked[index]?.packet).toHaveFields({ "ipv4.source": "203.0.113.7", "ipv4.destination": SERVER });
          const back = await one(icmp("203.0.113.7", SERVER).echoReply({ identifier }));
          expect(back.packet).toHaveFields({
            "ipv6.source": SERVER6,
            "ipv6.destination": `2001:db8::${7 + index}`,
            "icmpv6.identifier": 9,
          });
          expect(back.packet).toHaveValidChecksums();
        }
      });

      test("is refused where config says so: its sender is told", async () => {
        const outcome = await one(tcp(from(7), "[64:ff9b::a00:1]:80").syn());
        expect(outcome).toHaveVerdict("transmit");
        expect(fieldOf(outcome, "tcp.flags")).toContain("rst");
        expect(target.drops()).toEqual({ "nat64: refused": 1n });
      });
    });

    test("another prefix, of another length", async () => {
      target.config.set("nat64.prefix", { address: "2001:db8:122::", length: 48 });
      const there = await one(udp(from(7), "[2001:db8:122:c000:2:5000::]:53").payload("?"));
      expect(end(there, "destination")).toBe(`${SERVER}:53`);
      const back = await one(udp(`${SERVER}:53`, sourceOf(there)).payload("!"));
      expect(ends(back)).toEqual(["[2001:db8:122:c000:2:5000::]:53", from(7)]);
      // Bits behind the address are no part of it (RFC 6052 section 2.2).
      const other = await one(udp(from(7), "[2001:db8:122:c000:2:5000::1]:53").payload("?"));
      expect(end(other, "destination")).toBe("[2001:db8:122:c000:2:5000:0:1]:53");
    });

    test("no two hosts share an external port", async () => {
      only([{ address: "203.0.113.7", ports: "20000-20299" }]);
      const draw = random(64);
      const flows = Array.from({ length: 800 }, () => {
        const [host, port] = [1 + draw.below(40), 20_000 + draw.below(12)];
        return { tcp: draw.below(2) === 0, from: from(host, port), to: `[64:ff9b::c000:${200 + draw.below(3)}]:80` };
      });
      const sent = await target.run(
        ...flows.map((flow) => (flow.tcp ? tcp(flow.from, flow.to).syn() : udp(flow.from, flow.to).payload("?"))),
      );
      const owners = new Map<string, string>();
      for (const [index, flow] of flows.entries()) {
        const outcome = sent[index] as Outcome;
        if (outcome.verdict === "drop") continue;
        const external = `${flow.tcp} ${sourceOf(outcome)}`;
        expect(owners.get(external) ?? flow.from).toBe(flow.from);
        owners.set(external, flow.from);
      }
      expect(owners.size).toBeGreaterThan(400);
      const refused = sent.filter(({ verdict }) => verdict === "drop").length;
      expect(target.drops()).toEqual(refused === 0 ? {} : { "service: no port": BigInt(refused) });
    });

    test("when all ports are given, new hosts are refused by name, and old flows go on", async () => {
      only([{ address: "203.0.113.7", ports: "40000-40003" }]);
      const first = await target.run(...[1, 2, 3, 4].map((host) => ask(host)));
      expect(new Set(first.map(sourceOf)).size).toBe(4);
      expect(await one(ask(5))).toHaveVerdict("drop");
      expect(target.drops()).toEqual({ "service: no port": 1n });
      expect((await target.run(...[1, 2, 3, 4].map((host) => ask(host)))).map(sourceOf)).toEqual(first.map(sourceOf));
    });

    test("from outside: a forward's port leads in, another that nobody has does not", async () => {
      const client = "198.51.100.7:4000";
      const there = await one(tcp(client, "203.0.113.8:80").syn());
      expect(ends(there)).toEqual([embedded(client), "[2001:db8::5]:8080"]);
      expect(there.packet).toHaveValidChecksums();
      const back = await one(tcp("[2001:db8::5]:8080", embedded(client)).synAck());
      expect(ends(back)).toEqual(["203.0.113.8:80", client]);
      expect(back.packet).toHaveValidChecksums();
      // What that host opens itself from there comes from the same end.
      expect(sourceOf(await one(tcp("[2001:db8::5]:8080", `[${SERVER6}]:25`).syn()))).toBe("203.0.113.8:80");
      expect(await one(udp(client, "203.0.113.8:5000").payload("!"))).toHaveVerdict("drop");
      expect(target.drops()).toEqual({ "service: nobody has the port": 1n });
    });

    describe("how long a port is kept", () => {
      // To another server: to the same, the flow that stands would have the port, and not its mapping.
      const OTHER = "64:ff9b::c000:251";
      const other = () => ask(8, OTHER);
      const kept = async (): Promise<void> => expect(await one(other())).toHaveVerdict("drop");

      test("five minutes and a quarter after a datagram of either side (RFC 6146 section 4)", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        await one(ask(7));
        for (const packet of [ask(7), udp(`${SERVER}:53`, "203.0.113.7:40000").payload("!"), ask(7, "64:ff9b::1")]) {
          target.advance("299s");
          await kept();
          expect(await one(packet)).toHaveVerdict("forward");
        }
        target.advance("299s");
        await kept();
        target.advance("90s");
        expect(sourceOf(await one(other()))).toBe("203.0.113.7:40000");
        expect(await one(ask(7))).toHaveVerdict("drop");
      });

      test("two hours and four minutes by a connection that stands; minutes after its end", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        const client = tcp(from(7), `[${SERVER6}]:80`);
        const server = tcp(`${SERVER}:80`, "203.0.113.7:40000");
        const second = tcp(from(8), `[${OTHER}]:80`).syn();
        await target.run(client.syn(), server.synAck(), client.ack());
        target.advance("7430s");
        expect(await one(second)).toHaveVerdict("drop");
        expect(end(await one(server.payload("still there")), "destination")).toBe(from(7));
        await target.run(client.fin(), server.fin(), client.ack());
        target.advance("310s");
        expect(sourceOf(await one(second))).toBe("203.0.113.7:40000");
      });
    });

    test("what is neither from an IPv6 host to the prefix nor to an external address goes through as it is", async () => {
      const plain = await one(udp(from(7), "[2001:db8:2::1]:53").payload("?"));
      expect(ends(plain)).toEqual([from(7), "[2001:db8:2::1]:53"]);
      const four = await one(udp("198.51.100.7:5000", `${SERVER}:53`).payload("?"));
      expect(ends(four)).toEqual(["198.51.100.7:5000", `${SERVER}:53`]);
    });

    test("messages and what has no port are dropped by name", async () => {
      expect(await one(icmpv6("2001:db8::7", SERVER6).message({ type: 139 }))).toHaveVerdict("drop");
      expect(target.drops()).toEqual({ "service: has no port": 1n });
    });

    test("what config refuses from now on ends its flows", async () => {
      const answer = async (to: string) => ends(await one(udp(`${SERVER}:53`, to).payload("!")));
      const external = sourceOf(await one(ask(7)));
      expect(await answer(external)).toEqual([`[${SERVER6}]:53`, from(7)]);
      target.config.set("nat64.refused", { "192.0.2.0/24": 1 });
      expect(await one(ask(7))).toHaveVerdict("transmit");
      expect(await one(ask(7, "64:ff9b::c633:6407"))).toHaveVerdict("forward");
      target.config.set("nat64.refused", {});
      expect(sourceOf(await one(ask(7)))).toBe(external);
    });
  },
  { config },
);

// Where the kernel has no way for a packet, its address is one of the node's services.
onEveryTarget(
  new URL("./service.ts", import.meta.url),
  (target) => {
    test("hosts behind it reach each other by their external ends, both ways (RFC 6146 section 3.8)", async () => {
      const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
      for (const make of [udp, tcp]) {
        const [a, b] = await target.run(...[7, 8].map((host) => make(from(host), `[${SERVER6}]:53`).payload("?")));
        const there = await one(make(from(7), embedded(sourceOf(b))).payload("hello"));
        expect(ends(there)).toEqual([embedded(sourceOf(a)), from(8)]);
        const back = await one(make(from(8), embedded(sourceOf(a))).payload("hello"));
        expect(ends(back)).toEqual([embedded(sourceOf(b)), from(7)]);
        for (const outcome of [there, back]) expect(outcome.packet).toHaveValidChecksums();
      }
      const forwarded = await one(tcp(from(7), embedded("203.0.113.8:80")).syn());
      expect(end(forwarded, "destination")).toBe("[2001:db8::5]:8080");
    });
  },
  { config, route: null },
);

onEveryTarget(new URL("./service.ts", import.meta.url), (target) => {
  test("config.json is its config", () => {
    const file = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
    target.config.set(file);
    expect(target.config.get("nat64.prefix")).toEqual(file.nat64.prefix);
  });
});
