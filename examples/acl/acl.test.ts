/** What the access list promises. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fragments, icmp, type Packet, tcp, truncations, udp, vlan } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./service.ts", import.meta.url);
const rules = {
  "10.0.0.0/8": { from: 80, to: 443 },
  "10.9.0.0/16": { from: 22, to: 22 },
  "2001:db8::/32": { from: 80, to: 80 },
};
const config = { "acl.rules": rules, "acl.perSecond": 10, "acl.burst": 5 };

describe("acl", () => {
  onEveryTarget(
    service,
    (target) => {
      test.each([
        ["the first port of the range", tcp("10.0.0.7:40000", "10.1.0.1:80").syn()],
        ["the last port of the range", tcp("10.0.0.7:40000", "10.1.0.1:443").syn()],
        ["UDP as well as TCP", udp("10.0.0.7:40000", "10.1.0.1:443").payload("hello")],
        ["IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80").syn()],
        ["tagged frames", vlan(42, tcp("10.0.0.7:40000", "10.1.0.1:80").syn())],
      ])("lets in %s, untouched, and counts it", async (_, packet) => {
        const [outcome] = await target.run(packet);
        expect(outcome).toHaveVerdict("pass");
        expect(outcome).toEqualPacket(packet);
        expect(target.counters()).toEqual({ "acl.allowed": 1n });
        expect(target.drops()).toEqual({});
      });

      test.each([
        ["no rule", "a source that no rule covers", tcp("192.0.2.7:40000", "10.1.0.1:80").syn()],
        ["no rule", "an IPv6 source that no rule covers", tcp("[2001:db9::7]:40000", "[2001:db8::1]:80").syn()],
        ["port", "a port below the range", tcp("10.0.0.7:40000", "10.1.0.1:79").syn()],
        ["port", "a port above the range", udp("10.0.0.7:40000", "10.1.0.1:444").payload("")],
        ["port", "what has no ports", icmp("10.0.0.7", "10.1.0.1").echo()],
        ["port", "what the longer of two prefixes forbids", tcp("10.9.0.7:40000", "10.1.0.1:80").syn()],
      ])("drops by the name '%s' %s", async (reason, _, packet) => {
        const [outcome] = await target.run(packet);
        expect(outcome).toHaveVerdict("drop");
        expect(outcome?.reason).toBe(`acl: ${reason}`);
        expect(target.drops()).toEqual({ [`acl: ${reason}`]: 1n });
        expect(target.counters()).toEqual({ "acl.allowed": 0n });
      });

      test("limits each source to its burst, and refills it with time", async () => {
        const one = tcp("10.0.0.7:40000", "10.1.0.1:80").syn();
        const other = tcp("10.0.0.8:40000", "10.1.0.1:80").syn();
        const verdicts = async (count: number, packet = one): Promise<string> =>
          (await target.run(...new Array(count).fill(packet))).map(({ verdict }) => verdict[0]).join("");
        expect(await verdicts(7)).toBe("pppppdd");
        expect(await verdicts(1, other)).toBe("p");
        target.advance("300ms");
        expect(await verdicts(4)).toBe("pppd");
        target.advance("1h");
        expect(await verdicts(6)).toBe("pppppd");
        expect(target.drops()).toEqual({ "acl: rate": 4n });
      });

      test("obeys new rules from the next packet on, and keeps the old ones when the new are refused", async () => {
        const packet = tcp("10.0.0.7:40000", "10.1.0.1:22").syn();
        target.config.set("acl.rules", { "10.0.0.0/8": { from: 22, to: 22 } });
        expect((await target.run(packet))[0]).toHaveVerdict("pass");
        expect(() => target.config.set("acl.rules", { "10.0.0.0/8": { from: 1, to: 70_000 } })).toThrow(
          /ZT6001.*acl\.rules\["10\.0\.0\.0\/8"\]\.to/,
        );
        expect((await target.run(packet))[0]).toHaveVerdict("pass");
        target.config.set("acl.rules", {});
        expect((await target.run(packet))[0]).toHaveVerdict("drop");
      });

      test("sees the port of the first in all fragments, drops those without one, and never aborts on broken packets", async () => {
        const whole = udp("10.0.0.7:40000", "10.1.0.1:80").payload("x".repeat(64));
        const [first, ...later] = fragments(whole, { size: 32 });
        const strays = await target.run(...later);
        expect(strays.map(({ reason }) => reason)).toEqual(later.map(() => "service: fragment without its first"));
        for (const outcome of await target.run(first as Packet, ...later)) expect(outcome).toHaveVerdict("pass");
        const refused = await target.run(
          ...fragments(udp("10.0.0.7:40000", "10.1.0.1:22").payload("x".repeat(64)), { size: 32 }),
        );
        for (const { reason } of refused) expect(reason).toBe("acl: port");
        // The kernel's test run refuses frames without a whole Ethernet header.
        const cut = truncations(whole).slice(target.name === "kernel" ? 14 : 0);
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
    expect(target.config.get("acl.rules")).toEqual(file.acl.rules);
  });

  test("without config, nothing comes in", async () => {
    const [outcome] = await target.run(tcp("10.0.0.7:40000", "10.1.0.1:80").syn());
    expect(outcome?.reason).toBe("acl: no rule");
  });
});
