/** What the firewall promises, in either family. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fragments, icmp, icmpv6, type Packet, tcp, udp } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const config = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));

const FAMILIES = [
  {
    name: "IPv4",
    inside: "10.0.0.7",
    open: "10.0.0.80",
    outside: "198.51.100.7",
    at: (host: string, port: number) => `${host}:${port}`,
  },
  {
    name: "IPv6",
    inside: "2001:db8:1::7",
    open: "2001:db8:1::80",
    outside: "2001:db8:2::7",
    at: (host: string, port: number) => `[${host}]:${port}`,
  },
] as const;

onEveryTarget(
  new URL("./service.ts", import.meta.url),
  (target) => {
    const verdicts = async (...packets: readonly Packet[]): Promise<string[]> =>
      (await target.run(...packets)).map(({ verdict, reason }) =>
        verdict === "redirect" ? "forward" : (reason ?? verdict),
      );
    const NOT_OPEN = "firewall: not open";
    const STRAY = "firewall: no connection";

    describe.each(FAMILIES)("$name", ({ name, inside, open, outside, at }) => {
      const echo = name === "IPv4" ? icmp : icmpv6;

      test("hosts inside open what they like, and only answers come in", async () => {
        const connection = tcp(at(inside, 4000), at(outside, 25));
        const question = udp(at(inside, 4000), at(outside, 53));
        expect(
          await verdicts(
            connection.syn(),
            tcp(at(outside, 25), at(inside, 4000)).synAck(),
            connection.ack(),
            question.payload("?"),
            udp(at(outside, 53), at(inside, 4000)).payload("!"),
            echo(inside, outside).echo({ identifier: 5 }),
            echo(inside, outside).echoReply({ identifier: 5 }),
          ),
        ).toEqual(Array(7).fill("forward"));
        expect(
          await verdicts(
            udp(at(outside, 54), at(inside, 4000)).payload("!"),
            udp(at(outside, 53), at(inside, 4001)).payload("!"),
            tcp(at(outside, 25), at(inside, 4001)).syn(),
            echo(inside, outside).echoReply({ identifier: 6 }),
          ),
        ).toEqual([NOT_OPEN, NOT_OPEN, NOT_OPEN, "firewall: protocol"]);
      });

      test("hosts outside open what is open, and no more", async () => {
        const to = (port: number) => at(open, port);
        const from = at(outside, 4000);
        expect(
          await verdicts(
            tcp(from, to(80)).syn(),
            tcp(to(80), from).synAck(),
            tcp(from, to(443)).syn(),
            udp(from, to(443)).payload("?"),
            echo(outside, open).echo(),
          ),
        ).toEqual(Array(5).fill("forward"));
        expect(
          await verdicts(
            tcp(from, to(79)).syn(),
            tcp(from, to(444)).syn(),
            tcp(from, to(0)).syn(),
            udp(from, to(53)).payload("?"),
            tcp(from, at(inside, 80)).syn(),
            echo(outside, inside).echo(),
          ),
        ).toEqual(Array(6).fill(NOT_OPEN));
      });

      test("segments of no connection are refused, from either side, where a SYN would be let in too", async () => {
        const from = at(outside, 4001);
        const strays = (to: string) => {
          const segment = tcp(from, to);
          return [segment.ack(), segment.synAck(), segment.fin(), segment.rst(), segment.payload("x")];
        };
        const ways = [...strays(at(open, 80)), ...strays(at(inside, 80)), tcp(at(inside, 80), from).ack()];
        expect(await verdicts(...ways)).toEqual(Array(ways.length).fill(STRAY));
        expect(target.drops()).toEqual({ [STRAY]: BigInt(ways.length) });
      });

      test("a flow that has idled too long is over", async () => {
        await target.run(udp(at(inside, 4002), at(outside, 53)).payload("?"));
        const answer = udp(at(outside, 53), at(inside, 4002)).payload("!");
        target.advance("299s");
        expect(await verdicts(answer)).toEqual(["forward"]);
        target.advance("400s");
        expect(await verdicts(answer)).toEqual([NOT_OPEN]);
      });

      test("what is closed in the config ends", async () => {
        const segment = tcp(at(outside, 4003), at(open, 80));
        expect(await verdicts(segment.syn(), segment.ack())).toEqual(["forward", "forward"]);
        target.config.set("firewall.open", {});
        expect(await verdicts(segment.ack())).toEqual([STRAY]);
        expect(await verdicts(segment.syn())).toEqual([NOT_OPEN]);
      });
    });

    test("fragments follow their first, and are let in where it is", async () => {
      const data = "x".repeat(3000);
      const cut = (packet: Packet, identification: number) => fragments(packet, { size: 1400, identification });
      const asked = cut(udp("10.0.0.7:4000", "198.51.100.7:53").payload(data), 1);
      const answered = cut(udp("198.51.100.7:53", "10.0.0.7:4000").payload(data), 2);
      expect(await verdicts(...asked, ...answered)).toEqual(Array(6).fill("forward"));
      const unasked = cut(udp("198.51.100.7:54", "10.0.0.7:4000").payload(data), 3);
      const stray = "service: fragment of no flow";
      expect(await verdicts(...unasked)).toEqual(["firewall: not open", stray, stray]);
    });

    test("errors of no flow, other messages that are no question, and fragments without their first are refused", async () => {
      const [, later] = fragments(udp("10.0.0.7:4000", "198.51.100.7:53").payload("x".repeat(3000)), { size: 1400 });
      const about = udp("10.0.0.7:4000", "198.51.100.7:53").payload("?");
      expect(
        await verdicts(
          icmp("198.51.100.1", "10.0.0.7").unreachable(about),
          later as Packet,
          icmp("10.0.0.7", "198.51.100.7").message({ type: 13 }),
        ),
      ).toEqual(["service: error of no flow", "service: fragment without its first", "firewall: protocol"]);
    });
  },
  { config: { "firewall.inside": config.firewall.inside, "firewall.open": config.firewall.open } },
);
