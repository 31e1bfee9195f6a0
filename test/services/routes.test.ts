/** The kernel's own routes and neighbours: where a rewritten packet goes, and what is left to the host's stack. */

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { inNamespace } from "../../runtime/loader/network-namespace.ts";
import { kernel, type Outcome, type Packet, type Running, tcp } from "../kit/index.ts";
import { createNamespace, type TestNamespace } from "../kit/namespaces.ts";
import "../kit/matchers.ts";

const OWN_MAC = "02:cc:00:00:00:01";
const NEIGHBOUR_MAC = "02:cc:00:00:00:02";
const DESTINATIONS = {
  4001: "10.2.0.1:8080",
  4002: "10.3.7.7:8080",
  4003: "10.2.0.9:8080",
  4004: "10.4.0.1:8080",
  4005: "[2001:db8:2::1]:8080",
  4006: "10.5.0.1:8080",
} as const;

let missing: string | null = null;
let namespace: TestNamespace | null = null;
let running: Running | null = null;

beforeAll(async () => {
  missing = await kernel.missing();
  if (missing !== null) return;
  namespace = await createNamespace("routes", { forwarding: true });
  await namespace.ip(
    "link set lo up",
    "link add out type veth peer name in",
    `link set out address ${OWN_MAC} up`,
    "link set in up",
    "address add 10.2.0.254/24 dev out",
    "address add 2001:db8:2::ff/64 dev out nodad",
    `neighbour add 10.2.0.1 lladdr ${NEIGHBOUR_MAC} dev out nud permanent`,
    `neighbour add 2001:db8:2::1 lladdr ${NEIGHBOUR_MAC} dev out nud permanent`,
    "route add 10.3.0.0/16 via 10.2.0.1",
    "route add blackhole 10.5.0.0/16",
  );
  // Not built for tests: such a program asks the test for its routes.
  const source = fileURLToPath(new URL("./programs/rewriters.ts", import.meta.url));
  const lowered = await createCompiler().lower(source);
  if (!lowered.ok) throw new Error(lowered.problems.map(({ message }) => message).join("\n"));
  const entries = Object.entries(DESTINATIONS).map(([port, destination]) => ({
    key: { port: Number(port) },
    value: { change: 2, source: "0.0.0.0:0", destination },
  }));
  const { module, manifest } = lowered;
  running = await kernel.load({ module, manifest, object: null }, { config: { "first.flows": entries } });
});
beforeEach((context) => {
  if (missing !== null) context.skip(`the kernel target needs ${missing}`);
});
afterAll(async () => {
  await running?.close();
  await namespace?.[Symbol.asyncDispose]();
});

/** The run's first packet goes before anything is awaited, and so from inside the namespace. */
const one = async (packet: Packet): Promise<Outcome> =>
  (await inNamespace(namespace?.fullName ?? "", () => (running as Running).run(packet)))[0] as Outcome;
const from = (port: number) => tcp(`10.0.0.7:${port}`, "10.1.0.1:80");

describe("a rewritten packet", () => {
  test.each([
    ["to a neighbour goes there", 4001],
    ["behind a router goes to the router", 4002],
  ] as const)("%s, one hop older", async (_, port) => {
    for (const packet of [from(port).syn(), from(port).payload("by the remembered hop")]) {
      const outcome = await one(packet);
      expect(outcome).toHaveVerdict("redirect");
      const macs = { sourceMac: OWN_MAC, destinationMac: NEIGHBOUR_MAC };
      expect(outcome).toEqualPacket(packet.with({ destination: DESTINATIONS[port], ttl: 63, ...macs }));
      expect(outcome.packet).toHaveValidChecksums();
    }
  });

  test("over IPv6 likewise", async () => {
    const packet = tcp("[2001:db8::7]:4005", "[2001:db8:1::1]:80").syn();
    const outcome = await one(packet);
    expect(outcome).toHaveVerdict("redirect");
    const macs = { sourceMac: OWN_MAC, destinationMac: NEIGHBOUR_MAC };
    expect(outcome).toEqualPacket(packet.with({ destination: DESTINATIONS[4005], ttl: 63, ...macs }));
  });

  test.each([
    ["whose neighbour is not known", 4003],
    ["without a route", 4004],
    ["into a black hole", 4006],
  ] as const)("%s is the host's", async (_, port) => {
    const packet = from(port).syn();
    const outcome = await one(packet);
    expect(outcome).toHaveVerdict("pass");
    expect(outcome).toEqualPacket(packet.with({ destination: DESTINATIONS[port] }));
  });

  test("a neighbour that becomes known is used from the next packet on", async () => {
    const packet = from(4003).payload("again");
    expect(await one(packet)).toHaveVerdict("pass");
    await namespace?.ip(`neighbour replace 10.2.0.9 lladdr 02:cc:00:00:00:09 dev out nud permanent`);
    expect((await one(packet)).nextHop).toBe("02:cc:00:00:00:09");
  });
});
