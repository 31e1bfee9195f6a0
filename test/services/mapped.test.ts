/**
 * Mappings whose external address, or port, config takes out of their pool: flows on them end at the client's next packet, new
 * flows have the new pool's at once. Mappings that the pool still has stay as they are (RFC 4787 REQ-2).
 */
import { describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { dissect, listFields, type Outcome, type Packet, udp } from "../kit/index.ts";

const A = "203.0.113.7";
const B = "203.0.113.8";
const C = "203.0.113.40";

const fieldOf = (outcome: Outcome, name: string): unknown =>
  listFields(dissect(outcome.packet.bytes)).find((each) => each.path === name)?.value;
const sourceOf = (outcome: Outcome): string =>
  outcome.reason ?? `${fieldOf(outcome, "ipv4.source")}:${fieldOf(outcome, "udp.sourcePort")}`;

interface Case {
  readonly source: URL;
  readonly field: string;
  readonly rest: Readonly<Record<string, unknown>>;
  /** From a host's port, to one of many servers. */
  readonly ask: (host: number, server: number) => Packet;
  /** Where the host's packets come from as the server sees them, and where answers find it. */
  readonly isBack: (outcome: Outcome, host: number) => boolean;
}
const four = (host: number, server: number) => udp(`10.0.0.${host}:5000`, `192.0.2.${server}:53`).payload("?");
const backTo4 = (outcome: Outcome, host: number) => fieldOf(outcome, "ipv4.destination") === `10.0.0.${host}`;
const example = (name: string) => new URL(`../../examples/${name}/service.ts`, import.meta.url);

const CASES: readonly [string, Case][] = [
  [
    "nat44, which holds to its pool",
    {
      source: example("nat44"),
      field: "nat44.external",
      rest: { "nat44.inside": { "10.0.0.0/8": 1 } },
      ask: four,
      isBack: backTo4,
    },
  ],
  [
    "a service that holds to nothing",
    {
      source: new URL("./programs/mapping.ts", import.meta.url),
      field: "mapping.external",
      rest: {},
      ask: four,
      isBack: backTo4,
    },
  ],
  [
    "nat64",
    {
      source: example("nat64"),
      field: "nat64.external",
      rest: { "nat64.prefix": { address: "64:ff9b::", length: 96 } },
      ask: (host, server) =>
        udp(`[2001:db8::${host}]:5000`, `[64:ff9b::c000:2${server.toString(16).padStart(2, "0")}]:53`).payload("?"),
      isBack: (outcome, host) => fieldOf(outcome, "ipv6.destination") === `2001:db8::${host}`,
    },
  ],
];

describe.each(CASES)("%s", (_, { source, field, rest, ask, isBack }) => {
  const pair = pairOf(source, { config: { ...rest, [field]: [A] } });
  const pool = (addresses: unknown): void => pair.both((running) => running.config.set(field, addresses));
  const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
  /** To an external endpoint. From a server that was never asked: such a packet opens a flow of its own. */
  const answer = (to: string, server = 80) => udp(`192.0.2.${server}:53`, to).payload("!");

  test("an address that goes: its flows and its mapping go with it", async () => {
    pool([A]);
    expect(sourceOf(await one(ask(7, 80)))).toBe(`${A}:5000`);
    expect(isBack(await one(answer(`${A}:5000`)), 7)).toBe(true);
    pool([B]);
    // A new flow of the same port, and then the old flow.
    expect(sourceOf(await one(ask(7, 81)))).toBe(`${B}:5000`);
    expect(sourceOf(await one(ask(7, 80)))).toBe(`${B}:5000`);
    expect(isBack(await one(answer(`${B}:5000`)), 7)).toBe(true);
    expect(isBack(await one(answer(`${A}:5000`, 99)), 7)).toBe(false);
    // The other way round: the old flow first.
    pool([A]);
    expect(sourceOf(await one(ask(7, 80)))).toBe(`${A}:5000`);
    expect(sourceOf(await one(ask(7, 81)))).toBe(`${A}:5000`);
    expect(isBack(await one(answer(`${B}:5000`, 98)), 7)).toBe(false);
  });

  test("addresses that come: whoever has one keeps it, whatever they would get now", async () => {
    pool([A]);
    const hosts = Array.from({ length: 12 }, (_, i) => 20 + i);
    for (const host of hosts) expect(sourceOf(await one(ask(host, 80)))).toContain(`${A}:`);
    pool([A, B, "203.0.113.9", "203.0.113.10"]);
    for (const host of hosts) {
      for (const server of [81, 80]) expect(sourceOf(await one(ask(host, server)))).toContain(`${A}:`);
    }
    const fresh = [];
    for (let host = 60; host < 80; host++) fresh.push(sourceOf(await one(ask(host, 80))).split(":")[0]);
    expect(new Set(fresh).size).toBeGreaterThan(1);
  });

  test("a range that shrinks: what lies outside goes, what lies inside stays", async () => {
    pool([{ address: C, ports: "5000-5999" }]);
    expect(sourceOf(await one(ask(101, 80)))).toBe(`${C}:5000`);
    pool([{ address: C, ports: "4000-5000" }]);
    expect(sourceOf(await one(ask(101, 81)))).toBe(`${C}:5000`);
    pool([{ address: C, ports: "6000-6999" }]);
    const moved = sourceOf(await one(ask(101, 80)));
    expect(Number(moved.split(":")[1])).toBeGreaterThanOrEqual(6000);
    expect(sourceOf(await one(ask(101, 81)))).toBe(moved);
  });
});
