/** A full table and a quota that refuses: of a flow that is not entered nothing is left, neither what it binds nor its port. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interpreter, kernel, type Outcome, type Running, udp } from "../kit/index.ts";
import "../kit/matchers.ts";

const FULL = "service: table full";
const MANY = "service: quota of flows";
const SOURCE = new URL("./programs/filling.ts", import.meta.url);
const config = {
  "filling.to": "10.9.0.1:80",
  "filling.external": { addresses: ["203.0.113.7"], forwards: {} },
};

/** Of a mapping's key: the protocol's number with the bit that says so (bpf-lib/flow/mapping.ts, entry.ts). */
const MAPPING = 0x80n | 17n;
const isMapping = (key: readonly bigint[]): boolean => (((key[1] as bigint) >> 32n) & 0xffn) === MAPPING;

describe.each([interpreter, kernel])("on the $name", (target) => {
  let running: Running;
  beforeAll(async () => {
    const missing = await target.missing();
    if (missing !== null) throw new Error(`this test needs ${missing}`);
    running = await target.load(SOURCE, { config, flows: 1, clock: 1_000_000_000_000n });
  });
  afterAll(() => running?.close());

  let clients = 0;
  /** A client's only flow, and what became of it. */
  async function open(): Promise<{ client: string; outcome: Outcome }> {
    clients += 1;
    const client = `10.0.${clients >> 8}.${clients & 255}`;
    const [outcome] = (await running.run(udp(`${client}:4000`, "10.1.0.1:53").payload("?"))) as [Outcome];
    return { client, outcome };
  }
  const isBound = (client: string): boolean => running.map("filling_ports").get(client) !== null;
  /** Living mappings, either half: the ways of the table whose protocol is one. */
  const halves = (): number => {
    const pages = running.map("zeta_node_flows4").entries() as [number, { ways: { key: bigint[]; until: number }[] }][];
    return pages.flatMap(([, page]) => page.ways).filter((way) => way.until !== 0 && isMapping(way.key)).length;
  };

  test("what a full table refuses has bound nothing and holds no port", async () => {
    const through: string[] = [];
    const refused: string[] = [];
    while (refused.length < 40) {
      const { client, outcome } = await open();
      if (outcome.reason === FULL) refused.push(client);
      else {
        expect(outcome).toHaveVerdict("redirect");
        through.push(client);
      }
    }
    expect(through.length).toBeGreaterThan(100);
    expect(through.filter((client) => !isBound(client))).toEqual([]);
    expect(refused.filter(isBound)).toEqual([]);
    expect(halves()).toBe(2 * through.length);
  });

  test("nor has what a quota refuses", async () => {
    running.advance("3h");
    await running.underlay.quotas.set({ 0: { flows: 3 } });
    const opened = [await open(), await open(), await open(), await open(), await open()];
    expect(opened.map(({ outcome }) => outcome.reason)).toEqual([null, null, null, MANY, MANY]);
    expect(opened.map(({ client }) => isBound(client))).toEqual([true, true, true, false, false]);
    await running.underlay.quotas.set({});
    // The ports that were not given are there for whoever comes next, and for those who were refused.
    const [again] = (await running.run(udp(`${opened[4]?.client}:4000`, "10.1.0.1:53").payload("?"))) as [Outcome];
    expect(again).toHaveVerdict("redirect");
    expect(isBound(opened[4]?.client ?? "")).toBe(true);
  });
});
