/** What the marker promises. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fragments, icmp, type Outcome, type Packet, tcp, truncations, udp, vlan } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./service.ts", import.meta.url);
const VOICE = 46;
const config = {
  "qos-marker.sources": { "10.8.0.0/16": 8, "10.8.9.0/24": 64, "2001:db8:8::/48": 10 },
  "qos-marker.ports": [
    { key: { protocol: 17, port: 5060 }, value: VOICE },
    { key: { protocol: 6, port: 443 }, value: 18 },
  ],
  "qos-marker.others": 2,
};
const six = (source: string, port: number) => udp(`[${source}]:4000`, `[2001:db8:1::1]:${port}`);

describe("qos-marker", () => {
  onEveryTarget(
    service,
    (target) => {
      const one = async (packet: Packet): Promise<Outcome> => (await target.run(packet))[0] as Outcome;

      test.each<[string, number, (dscp: number) => Packet]>([
        ["by its port", VOICE, (dscp) => udp("10.0.0.7:4000", "10.1.0.1:5060").payload("hello", { dscp })],
        ["by its port in IPv6", VOICE, (dscp) => six("2001:db8::7", 5060).payload("hello", { dscp })],
        ["by port and protocol", 18, (dscp) => tcp("10.0.0.7:4000", "10.1.0.1:443").syn({ dscp, ecn: 3 })],
        ["as others by another protocol", 2, (dscp) => udp("10.0.0.7:4000", "10.1.0.1:443").payload("", { dscp })],
        ["as others without ports", 2, (dscp) => icmp("10.0.0.7", "10.1.0.1").echo({}, { dscp })],
        ["by its source before its port", 8, (dscp) => tcp("10.8.0.7:4000", "10.1.0.1:443").syn({ dscp, ecn: 2 })],
        ["by its source in IPv6", 10, (dscp) => six("2001:db8:8::7", 5060).payload("hello", { dscp })],
        ["as it was, from a source that is trusted", 34, () => tcp("10.8.9.7:1", "10.1.0.1:443").syn({ dscp: 34 })],
        ["inside a tag", 18, (dscp) => vlan(42, tcp("10.0.0.7:4000", "10.1.0.1:443").syn({ dscp }))],
      ])("a packet is marked %s, and nothing else is changed", async (_, mark, packet) => {
        for (const before of [0, 63]) {
          const outcome = await one(packet(before));
          expect(outcome).toHaveVerdict("pass");
          // Built anew with the mark: checksums, ECN and all the rest are as the test kit makes them.
          expect(outcome).toEqualPacket(packet(mark));
          expect(outcome.packet).toHaveValidChecksums();
        }
      });

      test("fragments are marked as their first is", async () => {
        const whole = udp("10.0.0.7:4000", "10.1.0.1:5060").payload("x".repeat(64));
        for (const outcome of await target.run(...fragments(whole, { size: 32 }))) {
          expect(outcome).toHaveFields({ "ipv4.dscp": VOICE });
        }
      });

      test("a mark that does not exist is never written", async () => {
        target.config.set("qos-marker.others", 65);
        expect((await one(udp("10.0.0.7:4000", "10.1.0.1:1").payload(""))).reason).toBe("qos-marker: no such mark");
      });

      test("packets cut at any byte never abort", async () => {
        // The kernel's test run refuses frames without a whole Ethernet header.
        const cut = [six("2001:db8::7", 5060).payload("hello"), tcp("10.0.0.7:4000", "10.1.0.1:443").syn()].flatMap(
          (packet) => truncations(packet).slice(target.name === "kernel" ? 14 : 0),
        );
        for (const outcome of await target.run(...cut)) expect(outcome.verdict).not.toBe("aborted");
      });
    },
    { config },
  );
});

onEveryTarget(service, (target) => {
  test("config.json is its config", () => {
    const file = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
    target.config.set(file);
    expect(target.config.get("qos-marker.sources")).toEqual(file["qos-marker"].sources);
  });
});
