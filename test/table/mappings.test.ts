/** External ports of a pool on a cluster: as long as a flow lives by one, nobody else is given it, whoever is the head. */
import { expect, test } from "vitest";
import { udp } from "zeta/testing";
import { portOf } from "../../runtime/cluster/buckets.ts";
import { parseAddress } from "../../sdk/layout/address.ts";
import { openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { dropsOf, sourceOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const BUCKET = 77;
const EXTERNAL = "203.0.113.8";
const address = (text: string): bigint => parseAddress(text) as bigint;
/** The only port of the bucket that the pool has. */
const only = portOf(address(EXTERNAL), BUCKET, 0);
const ofBucket = (host: string): string => `${host}:${portOf(address(host), BUCKET, 5)}`;

test("a mapping lives on with its flow, on the head and on its replicas", async () => {
  const cluster = await openCluster({
    forwarders: 2,
    chains: [3],
    services: [
      {
        source: new URL("../../examples/nat44/service.ts", import.meta.url),
        config: {
          "nat44.inside": { "10.0.0.0/8": 1 },
          "nat44.external": [{ address: EXTERNAL, ports: `${only}-${only}` }],
        },
      },
    ],
  });
  const one = udp(ofBucket("10.0.0.7"), "192.0.2.1:53").payload("?").bytes;
  const other = udp(ofBucket("10.0.0.8"), "192.0.2.1:53").payload("?").bytes;
  const external = `${EXTERNAL}:${only}`;
  // UDP flows may idle for five minutes; this one never does, for half an hour.
  for (let minute = 0; minute < 30; minute++) {
    expect(sourceOf(toldOf(cluster.send(1 + (minute % 2), one)))).toBe(external);
    cluster.advance(60n * SECOND);
  }
  expect(toldOf(cluster.send(1, other))).toBe("dropped");
  cluster.view(cluster.chains.map((chain) => chain.slice(1)));
  expect(toldOf(cluster.send(2, other))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "no port": 2 });
  // A second flow of the endpoint keeps it for both, as the first has it no more.
  const second = udp(ofBucket("10.0.0.7"), "192.0.2.2:53").payload("?").bytes;
  expect(sourceOf(toldOf(cluster.send(1, second)))).toBe(external);
  for (let minute = 0; minute < 20; minute++) {
    cluster.advance(60n * SECOND);
    expect(sourceOf(toldOf(cluster.send(1 + (minute % 2), second)))).toBe(external);
  }
  cluster.view(cluster.chains.map((chain) => chain.slice(2)));
  expect(toldOf(cluster.send(2, other))).toBe("dropped");
});

test("and so does that of a flow across the families", async () => {
  const cluster = await openCluster({
    forwarders: 2,
    chains: [3],
    services: [
      {
        source: new URL("../../examples/nat64/service.ts", import.meta.url),
        config: {
          "nat64.prefix": { address: "64:ff9b::", length: 96 },
          "nat64.external": [{ address: EXTERNAL, ports: `${only}-${only}` }],
        },
      },
    ],
  });
  const inside = (host: string): string => `[${host}]:${portOf(address(host), BUCKET, 5)}`;
  const one = udp(inside("2001:db8::7"), "[64:ff9b::c000:201]:53").payload("?").bytes;
  const other = udp(inside("2001:db8::8"), "[64:ff9b::c000:202]:53").payload("?").bytes;
  const answer = udp("192.0.2.1:53", `${EXTERNAL}:${only}`).payload("!").bytes;
  for (let minute = 0; minute < 30; minute++) {
    expect(sourceOf(toldOf(cluster.send(1 + (minute % 2), one)))).toBe(`${EXTERNAL}:${only}`);
    cluster.advance(60n * SECOND);
  }
  // Answers alone keep it as well.
  for (let minute = 0; minute < 20; minute++) {
    expect(toldOf(cluster.send(1 + (minute % 2), answer))).toMatch(/^sent/);
    cluster.advance(60n * SECOND);
  }
  expect(toldOf(cluster.send(1, other))).toBe("dropped");
  for (const left of [1, 2]) {
    cluster.view(cluster.chains.map((chain) => chain.slice(left)));
    expect(toldOf(cluster.send(2, other))).toBe("dropped");
  }
  expect(dropsOf(cluster)).toEqual({ "no port": 3 });
  expect(sourceOf(toldOf(cluster.send(1, one)))).toBe(`${EXTERNAL}:${only}`);
  // With its flow, it goes.
  cluster.advance(400n * SECOND);
  expect(sourceOf(toldOf(cluster.send(1, other)))).toBe(`${EXTERNAL}:${only}`);
});
