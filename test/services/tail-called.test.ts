/** A service whose filters follow each other by tail call does what it does with all of them in one program. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { interpreter, kernel, type Outcome, type Packet, type Running, tcp, udp } from "../kit/index.ts";
import "../kit/matchers.ts";

const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/secure-balancer/${name}`, import.meta.url));
const config = Object.fromEntries(
  Object.entries(JSON.parse(readFileSync(example("config.json"), "utf8")) as Record<string, object>).flatMap(
    ([part, fields]) => Object.entries(fields).map(([name, value]) => [`${part}.${name}`, value]),
  ),
);

let missing: string | null = null;
/** Fused on both targets, then by tail calls on both. */
const running: Running[] = [];
const programs: Record<string, readonly string[]> = {};

beforeAll(async () => {
  missing = await kernel.missing();
  if (missing !== null) return;
  const compiler = createCompiler();
  for (const filters of ["fused", "tail-calls"] as const) {
    const lowered = await compiler.lower(example("service.ts"), { testBuild: true, filters });
    if (!lowered.ok) throw new Error(lowered.problems.map(({ message }) => message).join("\n"));
    const { module, manifest } = lowered;
    programs[filters] = manifest.programs.map(({ name }) => name);
    for (const target of [interpreter, kernel])
      running.push(await target.load({ module, manifest, object: null }, { config }));
  }
});
beforeEach((context) => {
  if (missing !== null) context.skip(`the kernel target needs ${missing}`);
});
afterAll(async () => {
  for (const one of running) await one.close();
});

const plain = ({ verdict, reason, packet }: Outcome) => ({ verdict, reason, bytes: Buffer.from(packet.bytes) });

/** Runs the packet in all of them: what comes of it must be the same. */
async function one(packet: Packet): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const each of running) outcomes.push((await each.run(packet))[0] as Outcome);
  const [first, ...others] = outcomes as [Outcome, ...Outcome[]];
  for (const other of others) expect(plain(other)).toEqual(plain(first));
  return first;
}

const configure = (path: string, value: unknown): void => {
  for (const each of running) each.config.set(path, value);
};

test("there is one program of filters, or one for each", () => {
  const first = "secure_balancer_filter";
  // The second stands in the place of the first while somebody traces.
  const decides = ["secure_balancer_decide", "secure_balancer_told"];
  expect(programs).toEqual({
    fused: [first, ...decides],
    "tail-calls": [first, `${first}_1`, `${first}_2`, ...decides],
  });
});

test("each filter in its turn says the same: the first, those behind, and the decision after all of them", async () => {
  for (const [client, backend] of [
    [tcp("10.0.0.7:40000", "10.1.0.1:80"), /^10\.2\.0\.[12]$/],
    [tcp("10.0.0.8:40001", "10.1.0.1:80"), /^10\.2\.0\.[12]$/],
  ] as const) {
    const challenge = await one(client.syn());
    expect(challenge).toHaveVerdict("transmit");
    const sequence = challenge.packet.layer("tcp").acknowledgement;
    expect((await one(client.rst({ tcp: { sequence } }))).reason).toBe("syn-defence: challenge met");
    const syn = await one(client.syn());
    expect(syn).toHaveVerdict("redirect");
    expect(syn.packet.layer("ipv4").destination).toMatch(backend);
    expect(await one(client.ack())).toHaveVerdict("redirect");
  }
  configure("rate-limiter.perSource", { perSecond: 1, burst: 1 });
  const met = tcp("10.0.0.7:40000", "10.1.0.1:80");
  await one(met.ack());
  expect((await one(met.ack())).reason).toMatch(/^rate-limiter: /);
  configure("acl.rules", { "10.9.0.0/16": { from: 80, to: 80 } });
  expect((await one(met.ack())).reason).toBe("acl: no rule");
  expect((await one(udp("10.0.0.7:40000", "10.1.0.1:80").payload("?"))).verdict).toBe("pass");
});

test("counters agree", () => {
  const [first, ...others] = running.map((each) => each.counters());
  expect(first).toMatchObject({ "syn-defence.challenged": 2n, "syn-defence.passed": 2n });
  for (const other of others) expect(other).toEqual(first);
});
