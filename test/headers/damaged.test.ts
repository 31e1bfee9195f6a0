/** No packet aborts a program, however short and whatever it says of its lengths; both targets see the same in it. */
import { describe, expect, test } from "vitest";
import { interpreter, type Outcome, type Packet, random, type TargetOptions, truncations } from "../kit/index.ts";
import { KINDS, LYING, randomlyLying } from "./damaged.ts";
import { type Pair, pairOf, SHORTEST } from "./pair.ts";

const here = (path: string): URL => new URL(path, import.meta.url);

interface Subject {
  readonly source: URL;
  readonly options?: TargetOptions;
  /** A map whose content must be the same on both targets after every packet. */
  readonly map?: string;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  "every field of every view": { source: here("./programs/read.ts"), map: "readings" },
  "options and payload": {
    source: here("./programs/find.ts"),
    map: "places",
    options: { globals: { wanted: { kind: 8, offset: 0, length: 1 } } },
  },
  "raw headers": { source: here("./programs/raw.ts"), map: "places" },
  "the access list": {
    source: here("../../examples/acl/service.ts"),
    options: {
      config: {
        "acl.rules": { "10.0.0.0/8": { from: 1, to: 65535 }, "2001:db8::/32": { from: 0, to: 65535 } },
        "acl.perSecond": 1_000_000,
        "acl.burst": 1_000_000,
      },
    },
  },
  "the balancer": {
    source: here("../../examples/balancer/service.ts"),
    options: {
      config: {
        "service.listen": ["10.1.0.1/tcp", "10.1.0.1/udp", "10.1.0.1/icmp", "[2001:db8:1::1]:80/tcp"],
        "balancer.backends": ["10.2.0.1:8080", "10.2.0.2:8080"],
      },
    },
  },
};

const verdictsSeen = (outcomes: readonly Outcome[]) => new Set(outcomes.map(({ verdict }) => verdict));

async function expectWhole(pair: Pair, map: string | undefined, sent: readonly Packet[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const packet of sent) {
    const [outcome] = (await pair.run([packet])) as [Outcome];
    outcomes.push(outcome);
    expect(outcome.verdict).not.toBe("aborted");
    if (outcome.verdict === "pass" || outcome.verdict === "drop") expect(outcome).toEqualPacket(packet);
    if (map !== undefined) pair.both((running) => running.map(map).get(0));
  }
  return outcomes;
}

describe.each(Object.entries(SUBJECTS))("%s", (_, { source, options, map }) => {
  const pair = pairOf(source, options);

  test.each(Object.entries(KINDS))("of %s, cut at every byte", async (_, packet) => {
    await expectWhole(pair, map, [...truncations(packet).slice(SHORTEST), packet]);
  });

  test("of less than an Ethernet header, on the interpreter", async () => {
    await using running = await interpreter.load(source, options);
    const shorter = truncations(KINDS.ARP as Packet).slice(0, SHORTEST);
    const outcomes = await running.run(...shorter);
    for (const [index, outcome] of outcomes.entries()) expect(outcome).toEqualPacket(shorter[index] as Packet);
    expect(verdictsSeen(outcomes)).not.toContain("aborted");
  });

  test.each(Object.entries(LYING))("with lying %s", async (_, packets) => {
    await expectWhole(pair, map, packets);
  });

  test("with random header bytes", async () => {
    const draw = random(31);
    const outcomes = await expectWhole(
      pair,
      map,
      Array.from({ length: 400 }, () => randomlyLying(draw)),
    );
    // Not all of one kind, or the packets would not reach far.
    expect(verdictsSeen(outcomes).size).toBeGreaterThan(1);
  });
});
