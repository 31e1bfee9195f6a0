/** What the rate limiter promises. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { icmp, type Packet, tcp, truncations, udp } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./service.ts", import.meta.url);
const config = {
  "rate-limiter.perSource": { perSecond: 10, burst: 5 },
  "rate-limiter.perTenant": [],
};
const from = (source: string): Packet => udp(`${source}:4000`, "10.1.0.1:53").payload("?");
const fromSix = (source: string): Packet => udp(`[${source}]:4000`, "[2001:db8:1::1]:53").payload("?");

describe("rate-limiter", () => {
  onEveryTarget(
    service,
    (target) => {
      /** What becomes of so many of the same packet: "p" for pass, "d" for drop. */
      const sent = async (count: number, packet: Packet): Promise<string> =>
        (await target.run(...new Array(count).fill(packet))).map(({ verdict }) => verdict[0]).join("");
      const tenant = (vni: number, perSecond: number, burst: number) =>
        target.config.set("rate-limiter.perTenant", [{ key: vni, value: { perSecond, burst } }]);

      test("each source has its burst, whatever it sends, and gets it back with time", async () => {
        expect(await sent(3, from("10.0.0.7"))).toBe("ppp");
        expect(await sent(3, tcp("10.0.0.7:9", "10.1.0.2:80").syn())).toBe("ppd");
        expect(await sent(1, icmp("10.0.0.7", "10.1.0.1").echo())).toBe("d");
        expect(await sent(6, from("10.0.0.8"))).toBe("pppppd");
        target.advance("300ms");
        expect(await sent(4, from("10.0.0.7"))).toBe("pppd");
        target.advance("1h");
        expect(await sent(6, from("10.0.0.7"))).toBe("pppppd");
        expect(target.drops()).toEqual({ "rate-limiter: source": 5n });
      });

      test("an IPv6 network of 64 bits is one source", async () => {
        expect(await sent(3, fromSix("2001:db8::7"))).toBe("ppp");
        expect(await sent(3, fromSix("2001:db8::ffff:0:0:1"))).toBe("ppd");
        expect(await sent(6, fromSix("2001:db8:0:1::7"))).toBe("pppppd");
      });

      test("a tenant's sources share its limit; the limits of others are not theirs", async () => {
        tenant(7, 1, 1);
        expect(await sent(2, from("10.0.0.7"))).toBe("pp");
        tenant(0, 4, 8);
        expect(await sent(5, from("10.0.0.1"))).toBe("ppppp");
        expect(await sent(5, from("10.0.0.2"))).toBe("pppdd");
        target.advance("500ms");
        expect(await sent(3, fromSix("2001:db8::3"))).toBe("ppd");
        expect(target.drops()).toEqual({ "rate-limiter: tenant": 3n });
      });

      test("what a source sends in excess is not taken from its tenant", async () => {
        tenant(0, 1, 6);
        expect(await sent(50, from("10.0.0.1"))).toBe(`ppppp${"d".repeat(45)}`);
        expect(await sent(2, from("10.0.0.2"))).toBe("pd");
        expect(target.drops()).toEqual({ "rate-limiter: source": 45n, "rate-limiter: tenant": 1n });
      });

      test("a new limit counts from the next packet on; one that cannot be is refused", async () => {
        expect(await sent(6, from("10.0.0.7"))).toBe("pppppd");
        expect(() => target.config.set("rate-limiter.perSource", { perSecond: -1, burst: 1 })).toThrow(
          /ZT6001.*rate-limiter\.perSource\.perSecond/,
        );
        target.config.set("rate-limiter.perSource", { perSecond: 1000, burst: 5 });
        target.advance("4ms");
        expect(await sent(5, from("10.0.0.7"))).toBe("ppppd");
      });

      test("packets cut at any byte never abort", async () => {
        // The kernel's test run refuses frames without a whole Ethernet header.
        const cut = truncations(fromSix("2001:db8::7")).slice(target.name === "kernel" ? 14 : 0);
        for (const outcome of await target.run(...cut)) expect(outcome.verdict).not.toBe("aborted");
      });
    },
    // Refilled from a moment at which the clock had run: nothing begins at zero by chance.
    { config, clock: 1_000_000_000_000n },
  );
});

onEveryTarget(service, (target) => {
  test("config.json is its config", () => {
    const file = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
    target.config.set(file);
    expect(target.config.get("rate-limiter.perSource")).toEqual(file["rate-limiter"].perSource);
  });

  test("without config, nobody may send", async () => {
    expect((await target.run(from("10.0.0.7")))[0]?.reason).toBe("rate-limiter: source");
  });
});
