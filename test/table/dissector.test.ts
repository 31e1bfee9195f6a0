/** Operations as Wireshark reads them with the project's dissector: the walk of a new flow, hop by hop. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { openCluster, type Wire } from "../kit/cluster/cluster.ts";
import { writePcap } from "../kit/index.ts";
import { startWireshark, type Wireshark } from "../kit-tests/wireshark.ts";
import { compileFirst } from "./compiled.ts";

compileFirst();

const script = fileURLToPath(new URL("../../docs/wireshark/zeta.lua", import.meta.url));
let wireshark: Wireshark;
let wire: readonly Wire[];
beforeAll(async () => {
  wireshark = await startWireshark();
  const cluster = await openCluster({
    forwarders: 1,
    chains: [3],
    services: [
      {
        source: new URL("../../examples/balancer/service.ts", import.meta.url),
        config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:8080"] },
      },
    ],
  });
  cluster.send(1, tcp("10.0.0.7:40000", "10.1.0.1:80").syn().bytes);
  wire = cluster.wire();
}, 120_000);
afterAll(() => wireshark?.close());

const read = (...fields: string[]): Promise<string[]> =>
  wireshark.read(
    writePcap(wire.map(({ frame }) => frame)),
    ...["-X", `lua_script:${script}`, "-T", "fields", "-E", "occurrence=f"],
    ...fields.flatMap((field) => ["-e", field]),
  );

test("a new flow, hop by hop: who asks whom for what, in which epoch, at which place of the chain", async () => {
  const lines = await read(
    "ip.src",
    "ip.dst",
    "zeta.operation",
    "zeta.place",
    "zeta.hops",
    "zeta.epoch",
    "zeta.forwarder",
  );
  expect(lines.map((line) => line.split("\t").slice(0, 7).join(" "))).toEqual([
    "172.16.0.1 172.16.0.2 2 0 19 1 1",
    "172.16.0.2 172.16.0.3 5 1 18 1 1",
    "172.16.0.3 172.16.0.4 5 2 17 1 1",
    "172.16.0.4 172.16.0.1 6 2 16 1 1",
  ]);
});

test("and what was decided, from the head on", async () => {
  const ends = [
    "source",
    "source.port",
    "destination",
    "destination.port",
    "to.source",
    "to.destination",
    "to.destination.port",
  ];
  const lines = await read("zeta.version.epoch", "zeta.state", ...ends.map((name) => `zeta.${name}`));
  const entry = "1 1 ::ffff:10.0.0.7 40000 ::ffff:10.1.0.1 80 ::ffff:10.0.0.7 ::ffff:10.2.0.1 8080";
  expect(lines.map((line) => line.trim().split("\t").join(" "))).toEqual(["", entry, entry, entry]);
});

test("Wireshark's own dissectors find nothing wrong in any operation, nor in the packet behind it", async () => {
  const packets = wire.map(({ frame }) => ({ bytes: frame }));
  expect(await wireshark.faults(packets as never)).toEqual([]);
});
