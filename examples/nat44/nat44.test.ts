/** What the address translator promises, of what RFC 4787 (UDP), 5382 (TCP) and 5508 (ICMP) ask of one. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dissect, fragments, icmp, listFields, type Outcome, type Packet, random, tcp, udp } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const config = {
  "nat44.inside": { "10.0.0.0/8": 1 },
  "nat44.external": {
    addresses: ["203.0.113.8/30"],
    forwards: { "203.0.113.8:80/tcp": "10.0.0.5:8080", "203.0.113.9:53/udp": "10.0.0.6:53" },
  },
};
const SERVER = "192.0.2.80";

const fieldOf = (outcome: Outcome | undefined, name: string): unknown =>
  outcome === undefined
    ? undefined
    : listFields(dissect(outcome.packet.bytes)).find((each) => each.path === name)?.value;
const end = (outcome: Outcome | undefined, which: "source" | "destination"): string =>
  `${fieldOf(outcome, `ipv4.${which}`)}:${fieldOf(outcome, `tcp.${which}Port`) ?? fieldOf(outcome, `udp.${which}Port`)}`;
const sourceOf = (outcome: Outcome | undefined): string => end(outcome, "source");
const destinationOf = (outcome: Outcome | undefined): string => end(outcome, "destination");
const addressOf = (endpoint: string): string => endpoint.split(":")[0] as string;

onEveryTarget(
  new URL("./service.ts", import.meta.url),
  (target) => {
    const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
    const only = (external: unknown) => target.config.set("nat44.external", external);

    describe("an endpoint's external port", () => {
      test("is the same whoever it talks to (RFC 4787 REQ-1)", async () => {
        const to = ["192.0.2.1:53", "192.0.2.2:53", "192.0.2.1:54", "198.51.100.7:9"];
        const sent = await target.run(...to.map((each) => udp("10.0.0.7:5000", each).payload("?")));
        expect(new Set(sent.map(sourceOf)).size).toBe(1);
        expect(sent.map(destinationOf)).toEqual(to);
        for (const outcome of sent) {
          expect(outcome).toHaveVerdict("forward");
          expect(outcome.packet).toHaveValidChecksums();
        }
      });

      test("is of the address that its host has for all it sends (REQ-2)", async () => {
        const hosts = ["10.0.0.7", "10.0.0.8", "10.9.9.9"];
        for (const host of hosts) {
          const packets = [1, 2, 3, 4, 5, 6].flatMap((n) => [
            udp(`${host}:${5000 + n}`, `${SERVER}:53`).payload("?"),
            tcp(`${host}:${5000 + n}`, `${SERVER}:80`).syn(),
          ]);
          expect(new Set((await target.run(...packets)).map((outcome) => addressOf(sourceOf(outcome)))).size).toBe(1);
        }
      });

      test("is its own where that is free, and another's is another", async () => {
        only(["203.0.113.7"]);
        const [first, second] = await target.run(
          udp("10.0.0.7:5000", `${SERVER}:53`).payload("?"),
          udp("10.0.0.8:5000", `${SERVER}:53`).payload("?"),
        );
        expect(sourceOf(first)).toBe("203.0.113.7:5000");
        expect(sourceOf(second)).toMatch(/^203\.0\.113\.7:/);
        expect(sourceOf(second)).not.toBe(sourceOf(first));
      });

      test("lets anybody answer, and the answers find it (REQ-8)", async () => {
        const sent = await one(udp("10.0.0.7:5000", `${SERVER}:53`).payload("?"));
        for (const from of [`${SERVER}:53`, "198.51.100.7:4000"]) {
          const back = await one(udp(from, sourceOf(sent)).payload("!"));
          expect(back).toHaveVerdict("forward");
          expect([sourceOf(back), destinationOf(back)]).toEqual([from, "10.0.0.7:5000"]);
          expect(back.packet).toHaveValidChecksums();
          // What it says to whoever has spoken to it comes from where that one has sent to.
          expect(sourceOf(await one(udp("10.0.0.7:5000", from).payload("?")))).toBe(sourceOf(sent));
        }
      });
    });

    test("no two live flows share external address, port, protocol and remote end", async () => {
      only([
        { address: "203.0.113.7", ports: "20000-20299" },
        { address: "203.0.113.8", ports: "20000-20299" },
      ]);
      const draw = random(44);
      const flows = Array.from({ length: 1500 }, () => {
        const from = `10.0.${draw.below(4)}.${draw.below(16)}:${20_000 + draw.below(12)}`;
        const to = `192.0.2.${draw.below(3)}:${1000 + draw.below(3)}`;
        return { tcp: draw.below(2) === 0, from, to };
      });
      const sent = await target.run(
        ...flows.map((flow) => (flow.tcp ? tcp(flow.from, flow.to).syn() : udp(flow.from, flow.to).payload("?"))),
      );
      const owners = new Map<string, string>();
      const externals = new Map<string, string>();
      let given = 0;
      for (const [index, { tcp: isTcp, from, to }] of flows.entries()) {
        const outcome = sent[index] as Outcome;
        if (outcome.verdict === "drop") continue;
        given += 1;
        const external = `${isTcp ? "tcp" : "udp"} ${sourceOf(outcome)}`;
        const inside = `${isTcp ? "tcp" : "udp"} ${from}`;
        // The port is the endpoint's alone, so no remote end can be shared either.
        expect(owners.get(external) ?? inside).toBe(inside);
        expect(externals.get(inside) ?? external).toBe(external);
        owners.set(external, inside);
        externals.set(inside, external);
        expect(destinationOf(outcome)).toBe(to);
      }
      expect(given).toBeGreaterThan(1000);
      const refused = flows.length - given;
      expect(target.drops()).toEqual(refused === 0 ? {} : { "service: no port": BigInt(refused) });
    });

    test("when all ports are given, new endpoints are refused by name, and old flows go on", async () => {
      only([{ address: "203.0.113.7", ports: "40000-40003" }]);
      const of = (host: number) => udp(`10.0.0.${host}:5000`, `${SERVER}:53`).payload("?");
      const first = await target.run(...[1, 2, 3, 4].map(of));
      expect(new Set(first.map(sourceOf)).size).toBe(4);
      const fifth = await one(of(5));
      expect(fifth).toHaveVerdict("drop");
      expect(target.drops()).toEqual({ "service: no port": 1n });
      expect((await target.run(...[1, 2, 3, 4].map(of))).map(sourceOf)).toEqual(first.map(sourceOf));
      expect(destinationOf(await one(udp(`${SERVER}:53`, sourceOf(first[2])).payload("!")))).toBe("10.0.0.3:5000");
    });

    describe("hairpin", () => {
      test("hosts behind it reach each other by their external ends, both ways (REQ-9)", async () => {
        const [a, b] = await target.run(
          udp("10.0.0.7:5000", `${SERVER}:53`).payload("?"),
          udp("10.0.0.8:6000", `${SERVER}:53`).payload("?"),
        );
        const there = await one(udp("10.0.0.7:5000", sourceOf(b)).payload("hello"));
        expect([sourceOf(there), destinationOf(there)]).toEqual([sourceOf(a), "10.0.0.8:6000"]);
        const back = await one(udp("10.0.0.8:6000", sourceOf(a)).payload("hello"));
        expect([sourceOf(back), destinationOf(back)]).toEqual([sourceOf(b), "10.0.0.7:5000"]);
        for (const outcome of [there, back]) {
          expect(outcome).toHaveVerdict("forward");
          expect(outcome.packet).toHaveValidChecksums();
        }
      });

      test("also those that a static forward leads to", async () => {
        const there = await one(tcp("10.0.0.7:5000", "203.0.113.8:80").syn());
        expect(destinationOf(there)).toBe("10.0.0.5:8080");
        expect(addressOf(sourceOf(there))).toMatch(/^203\.0\.113\./);
        const back = await one(tcp("10.0.0.5:8080", sourceOf(there)).synAck());
        expect([sourceOf(back), destinationOf(back)]).toEqual(["203.0.113.8:80", "10.0.0.7:5000"]);
      });
    });

    test("static forwards let anybody in, and what such a host sends comes from there", async () => {
      const asked = await one(tcp("198.51.100.7:4000", "203.0.113.8:80").syn());
      expect(asked).toHaveVerdict("forward");
      expect([sourceOf(asked), destinationOf(asked)]).toEqual(["198.51.100.7:4000", "10.0.0.5:8080"]);
      expect(asked.packet).toHaveValidChecksums();
      const answered = await one(tcp("10.0.0.5:8080", "198.51.100.7:4000").synAck());
      expect([sourceOf(answered), destinationOf(answered)]).toEqual(["203.0.113.8:80", "198.51.100.7:4000"]);
      expect(answered.packet).toHaveValidChecksums();
      expect(sourceOf(await one(udp("10.0.0.6:53", `${SERVER}:53`).payload("?")))).toBe("203.0.113.9:53");
    });

    describe("time", () => {
      test("an idle flow's port is free again after five minutes and a quarter (REQ-5), not before", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        const [first, second] = [7, 8].map((host) => udp(`10.0.0.${host}:5000`, `${SERVER}:53`).payload("?")) as [
          Packet,
          Packet,
        ];
        await one(first);
        target.advance("299s");
        expect(await one(second)).toHaveVerdict("drop");
        target.advance("90s");
        expect(sourceOf(await one(second))).toBe("203.0.113.7:40000");
        expect(await one(first)).toHaveVerdict("drop");
      });

      test("a port is kept as long as one of its flows lives", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        const to = (server: number) => udp("10.0.0.7:5000", `192.0.2.${server}:53`).payload("?");
        const other = udp("10.0.0.8:5000", `${SERVER}:53`).payload("?");
        await one(to(1));
        target.advance("370s");
        // Opened when the port is about to be free: it is its port from now on.
        await one(to(2));
        target.advance("299s");
        expect(await one(other)).toHaveVerdict("drop");
        expect(sourceOf(await one(to(3)))).toBe("203.0.113.7:40000");
      });

      test("answers from inside keep it for flows that were opened from outside (REQ-6)", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        await one(udp("10.0.0.7:5000", `${SERVER}:53`).payload("?"));
        await one(udp("198.51.100.7:4000", "203.0.113.7:40000").payload("hello"));
        for (let minute = 0; minute < 12; minute += 2) {
          target.advance("120s");
          expect(sourceOf(await one(udp("10.0.0.7:5000", "198.51.100.7:4000").payload("!")))).toBe("203.0.113.7:40000");
        }
        expect(await one(udp("10.0.0.8:5000", `${SERVER}:53`).payload("?"))).toHaveVerdict("drop");
        const another = await one(udp("198.51.100.8:4000", "203.0.113.7:40000").payload("hello"));
        expect(destinationOf(another)).toBe("10.0.0.7:5000");
      });

      test("a connection keeps it for two hours and four minutes (RFC 5382 REQ-5); one that has ended, for minutes", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        const client = tcp("10.0.0.7:5000", `${SERVER}:80`);
        const server = tcp(`${SERVER}:80`, "203.0.113.7:40000");
        const other = tcp("10.0.0.8:5000", "192.0.2.82:80").syn();
        await target.run(client.syn(), server.synAck(), client.ack());
        target.advance("7430s");
        expect(await one(other)).toHaveVerdict("drop");
        expect(destinationOf(await one(server.payload("still there")))).toBe("10.0.0.7:5000");
        await target.run(client.fin(), server.fin(), client.ack());
        target.advance("310s");
        expect(sourceOf(await one(other))).toBe("203.0.113.7:40000");
      });

      test("a connection whose client never acknowledges the server's answer is over in minutes", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        const client = tcp("10.0.0.7:5000", `${SERVER}:80`);
        const server = tcp(`${SERVER}:80`, "203.0.113.7:40000");
        await target.run(client.syn(), server.synAck(), server.synAck());
        target.advance("310s");
        expect(sourceOf(await one(tcp("10.0.0.8:5000", "192.0.2.82:80").syn()))).toBe("203.0.113.7:40000");
      });
    });

    describe("ICMP", () => {
      test("an echo's identifier is its port (RFC 5508 REQ-1), and its reply finds back", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40003" }]);
        const asked = await target.run(
          icmp("10.0.0.7", SERVER).echo({ identifier: 9 }),
          icmp("10.0.0.8", SERVER).echo({ identifier: 9 }),
          icmp("10.0.0.9", SERVER).echo({ identifier: 0 }),
        );
        const identifiers = asked.map((outcome) => fieldOf(outcome, "icmp.identifier") as number);
        expect(new Set(identifiers).size).toBe(3);
        for (const [index, identifier] of identifiers.entries()) {
          expect(asked[index]?.packet).toHaveFields({ "ipv4.source": "203.0.113.7" });
          expect(asked[index]?.packet).toHaveValidChecksums();
          const back = await one(icmp("203.0.113.7", SERVER).echoReply({ identifier }));
          expect(back.packet).toHaveFields({
            "ipv4.destination": `10.0.0.${7 + index}`,
            "icmp.identifier": index === 2 ? 0 : 9,
          });
          expect(back.packet).toHaveValidChecksums();
        }
      });
    });

    describe("fragments", () => {
      test("follow their first, both ways (RFC 4787 REQ-14)", async () => {
        const data = "x".repeat(3000);
        const cut = (packet: Packet) => fragments(packet, { size: 1400, identification: 7 });
        const there = await target.run(...cut(udp("10.0.0.7:5000", `${SERVER}:53`).payload(data)));
        const external = sourceOf(there[0]);
        expect(external).toMatch(/^203\.0\.113\./);
        const back = await target.run(...cut(udp(`${SERVER}:53`, external).payload(data)));
        for (const [outcomes, from, to] of [
          [there, external, `${SERVER}:53`],
          [back, `${SERVER}:53`, "10.0.0.7:5000"],
        ] as const) {
          const expected = cut(udp(from, to).payload(data));
          expect(outcomes.length).toBe(3);
          for (const [index, outcome] of outcomes.entries()) {
            expect(outcome).toHaveVerdict("forward");
            const { source: sourceMac, destination: destinationMac } = outcome.packet.layer("ethernet");
            expect(outcome).toEqualPacket((expected[index] as Packet).with({ ttl: 63, sourceMac, destinationMac }));
          }
        }
      });

      test("of echoes too", async () => {
        const asked = icmp("10.0.0.7", SERVER).echo({ identifier: 9, payload: "x".repeat(3000) });
        const there = await target.run(...fragments(asked, { size: 1400, identification: 8 }));
        for (const outcome of there) expect(outcome).toHaveVerdict("forward");
        const sources = there.map((outcome) => fieldOf(outcome, "ipv4.source"));
        expect(new Set(sources).size).toBe(1);
        expect(sources[0]).toMatch(/^203\.0\.113\./);
      });
    });

    describe("what it does not translate", () => {
      test("messages without a port, and fragments without their first, are dropped by name", async () => {
        const asks = icmp("10.0.0.7", SERVER);
        const whole = udp("10.0.0.7:5000", `${SERVER}:53`).payload("x".repeat(3000));
        const [, ...later] = fragments(whole, { size: 1400 });
        for (const packet of [asks.message({ type: 13 }), ...later]) expect(await one(packet)).toHaveVerdict("drop");
        expect(target.drops()).toEqual({
          "service: has no port": 1n,
          "service: fragment without its first": BigInt(later.length),
        });
      });

      test("answers to ports that nobody has are dropped by name", async () => {
        expect(await one(udp(`${SERVER}:53`, "203.0.113.8:5000").payload("!"))).toHaveVerdict("drop");
        expect(target.drops()).toEqual({ "service: nobody has the port": 1n });
      });

      test("a port is neither reached nor taken away by packets from nowhere", async () => {
        only([{ address: "203.0.113.7", ports: "40000-40000" }]);
        const client = tcp("10.0.0.7:5000", `${SERVER}:80`);
        await target.run(client.syn(), tcp(`${SERVER}:80`, "203.0.113.7:40000").synAck(), client.ack());
        for (const from of ["0.0.0.0:0", "0.0.0.0:1"]) await one(tcp(from, "203.0.113.7:40000").syn());
        target.advance("7000s");
        expect(await one(tcp("10.0.0.8:5000", "192.0.2.82:80").syn())).toHaveVerdict("drop");
        expect(sourceOf(await one(tcp("10.0.0.7:5000", "192.0.2.81:80").syn()))).toBe("203.0.113.7:40000");
      });

      test("IPv6, and what is neither inside nor external, goes through as it is", async () => {
        const six = await one(udp("[2001:db8::7]:5000", "[2001:db8:2::1]:53").payload("?"));
        expect(six.packet).toHaveFields({ "ipv6.source": "2001:db8::7", "udp.sourcePort": 5000 });
        const passing = await one(udp("198.51.100.7:5000", `${SERVER}:53`).payload("?"));
        expect([sourceOf(passing), destinationOf(passing)]).toEqual(["198.51.100.7:5000", `${SERVER}:53`]);
      });
    });
  },
  { config },
);

onEveryTarget(
  new URL("./per-destination.ts", import.meta.url),
  (target) => {
    describe("with a port for each destination", () => {
      const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;
      const ask = (host: number, server: number) => udp(`10.0.0.${host}:5000`, `192.0.2.${server}:53`).payload("?");

      test("one port serves many, no two flows to one share it, and only that one answers", async () => {
        target.config.set("nat44.external", [{ address: "203.0.113.7", ports: "40000-40000" }]);
        const sent = await target.run(ask(1, 1), ask(2, 2), ask(3, 3));
        expect(sent.map(sourceOf)).toEqual(Array(3).fill("203.0.113.7:40000"));
        expect(await one(ask(4, 1))).toHaveVerdict("drop");
        expect(target.drops()).toEqual({ "service: no port": 1n });
        const back = await target.run(
          ...[1, 2, 3].map((server) => udp(`192.0.2.${server}:53`, "203.0.113.7:40000").payload("!")),
        );
        expect(back.map(destinationOf)).toEqual([1, 2, 3].map((host) => `10.0.0.${host}:5000`));
        for (const from of ["192.0.2.1:54", "192.0.2.4:53"])
          expect(await one(udp(from, "203.0.113.7:40000").payload("!"))).toHaveVerdict("drop");
        target.advance("400s");
        expect(sourceOf(await one(ask(4, 1)))).toBe("203.0.113.7:40000");
      });

      test("many random flows: external end and remote end are one flow's", async () => {
        target.config.set("nat44.external", [{ address: "203.0.113.7", ports: "20000-20063" }]);
        const draw = random(45);
        const flows = new Set<string>();
        while (flows.size < 600)
          flows.add(
            `10.0.0.${draw.below(32)}:${20_000 + draw.below(8)} 192.0.2.${draw.below(4)}:${53 + draw.below(3)}`,
          );
        const sent = await target.run(
          ...[...flows].map((flow) => udp(...(flow.split(" ") as [string, string])).payload("?")),
        );
        expect(sent.every((outcome) => outcome.verdict === "redirect")).toBe(true);
        expect(new Set(sent.map((outcome) => `${sourceOf(outcome)} ${destinationOf(outcome)}`)).size).toBe(600);
      });

      test("forwards let in, and are reached from inside", async () => {
        expect(destinationOf(await one(tcp("198.51.100.7:4000", "203.0.113.8:80").syn()))).toBe("10.0.0.5:8080");
        const there = await one(tcp("10.0.0.7:5000", "203.0.113.8:80").syn());
        expect(destinationOf(there)).toBe("10.0.0.5:8080");
        const back = await one(tcp("10.0.0.5:8080", sourceOf(there)).synAck());
        expect([sourceOf(back), destinationOf(back)]).toEqual(["203.0.113.8:80", "10.0.0.7:5000"]);
      });
    });
  },
  { config },
);

onEveryTarget(new URL("./service.ts", import.meta.url), (target) => {
  test("config.json is its config", () => {
    const file = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
    target.config.set(file);
    expect(target.config.get("nat44.inside")).toEqual(file.nat44.inside);
  });
});
