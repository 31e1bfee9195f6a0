/** Quotas of tenants: of flows at once, and of new ones a second. What stands goes on, and pays nothing. */
import { beforeEach, describe, expect, test } from "vitest";
import type { QuotasOfTenants } from "../../runtime/node/quotas.ts";
import { pairOf } from "../headers/pair.ts";
import { type Packet, tcp, udp } from "../kit/index.ts";

const MANY = "service: quota of flows";
const FAST = "service: quota of new flows";
const pair = pairOf(new URL("./programs/limited.ts", import.meta.url), { clock: 1_000_000_000_000n });

const outcomes = async (packets: readonly Packet[]): Promise<readonly (string | null)[]> =>
  (await pair.run(packets)).map(({ verdict, reason }) => (verdict === "drop" ? reason : verdict));
const set = (quotas: QuotasOfTenants): Promise<void> => pair.tell(({ underlay }) => underlay.quotas.set(quotas));
const moveTo = (to: string): void => pair.both((running) => running.config.set("mover.to", to));
const uses = () => pair.both((running) => running.underlay.quotas.uses());

let host = 0;
/** New flows, others each time. */
const four = (count: number): Packet[] =>
  Array.from({ length: count }, () => {
    host += 1;
    return udp(`10.2.${host >> 8}.${host & 255}:4000`, "10.1.0.1:53").payload("?");
  });

beforeEach(async () => {
  moveTo("10.9.0.1:80");
  await set({});
  // What earlier tests have left is over.
  pair.both((running) => running.advance("3h"));
});

describe("flows at once", () => {
  test("those beyond are refused by name; those that stand go on, and others' networks are not asked", async () => {
    await set({ 0: { flows: 3 }, 7: { flows: 0 } });
    const packets = four(5);
    const [first, , , fourth] = packets as [Packet, Packet, Packet, Packet];
    expect(await outcomes(packets)).toEqual(["redirect", "redirect", "redirect", MANY, MANY]);
    expect(await outcomes([...packets, first])).toEqual(["redirect", "redirect", "redirect", MANY, MANY, "redirect"]);
    expect(uses()).toEqual([
      { vni: 0, quota: { flows: 3 }, flows: 3n, refused: { flows: 4n, newFlows: 0n } },
      { vni: 7, quota: { flows: 0 }, flows: 0n, refused: { flows: 0n, newFlows: 0n } },
    ]);
    await set({ 0: { flows: 4 } });
    expect(await outcomes([fourth, ...four(1)])).toEqual(["redirect", MANY]);
    await set({});
    expect(await outcomes(four(2))).toEqual(["redirect", "redirect"]);
  });

  test("both families count as one", async () => {
    await set({ 0: { flows: 2 } });
    moveTo("[2001:db8:9::1]:80");
    const six = [1, 2, 3].map((at) => udp(`[2001:db8:2::${at}]:4000`, "[2001:db8:1::1]:53").payload("?"));
    expect(await outcomes(six.slice(0, 1))).toEqual(["redirect"]);
    moveTo("10.9.0.1:80");
    expect(await outcomes(four(2))).toEqual(["redirect", MANY]);
  });

  test("one that is decided anew takes its own place", async () => {
    await set({ 0: { flows: 2 } });
    const flows = four(2);
    expect(await outcomes(flows)).toEqual(["redirect", "redirect"]);
    moveTo("10.9.0.2:80");
    expect(await outcomes([...flows, ...four(1)])).toEqual(["redirect", "redirect", MANY]);
    expect(uses()[0]?.flows).toBe(2n);
  });

  test("a connection that is over begins anew in its own place", async () => {
    await set({ 0: { flows: 1 } });
    const client = tcp("10.3.0.1:4000", "10.1.0.1:80");
    const sent = [client.syn(), client.ack(), client.rst(), client.syn(), ...four(1)];
    expect(await outcomes(sent)).toEqual([...Array(4).fill("redirect"), MANY]);
    expect(uses()[0]?.flows).toBe(1n);
  });

  test("a refused connection leaves the one of its name as it was", async () => {
    const client = tcp("10.3.0.2:4000", "10.1.0.1:80");
    expect(await outcomes([client.syn(), client.ack()])).toEqual(["redirect", "redirect"]);
    await set({ 0: { newFlows: { perSecond: 1, burst: 1 } } });
    expect(await outcomes(four(2))).toEqual(["redirect", FAST]);
    moveTo("10.9.0.1:81");
    expect(await outcomes([client.syn(), client.ack()])).toEqual([FAST, "redirect"]);
  });
});

describe("new flows a second", () => {
  test("a burst, then as many as the rate brings; what stands pays nothing", async () => {
    await set({ 0: { newFlows: { perSecond: 2, burst: 3 } } });
    const packets = four(4);
    expect(await outcomes(packets)).toEqual(["redirect", "redirect", "redirect", FAST]);
    const [first, , , last] = packets as [Packet, Packet, Packet, Packet];
    expect(await outcomes(Array(20).fill(first))).toEqual(Array(20).fill("redirect"));
    pair.both((running) => running.advance("1s"));
    expect(await outcomes([last, ...four(2)])).toEqual(["redirect", "redirect", FAST]);
    expect(uses()[0]?.refused).toEqual({ flows: 0n, newFlows: 2n });
  });

  test("flows that are decided anew pay nothing; a connection that begins anew pays", async () => {
    const flows = four(3);
    expect(await outcomes(flows)).toEqual(Array(3).fill("redirect"));
    await set({ 0: { newFlows: { perSecond: 1, burst: 2 } } });
    moveTo("10.9.0.2:80");
    expect(await outcomes([...flows, ...flows])).toEqual(Array(6).fill("redirect"));
    const client = tcp("10.3.0.3:4000", "10.1.0.1:80");
    const sent = [client.syn(), client.rst(), client.syn(), client.rst(), client.syn()];
    expect(await outcomes(sent)).toEqual([...Array(4).fill("redirect"), FAST]);
  });

  test("both quotas at once: what the count refuses takes no token", async () => {
    await set({ 0: { flows: 1, newFlows: { perSecond: 1, burst: 2 } } });
    expect(await outcomes(four(4))).toEqual(["redirect", MANY, MANY, MANY]);
    await set({ 0: { newFlows: { perSecond: 1, burst: 2 } } });
    expect(await outcomes(four(2))).toEqual(["redirect", FAST]);
  });
});

test.each([
  [{ 0: { flows: -1 } }, /quotas\.0\.flows: Too small/],
  [{ 0: { flows: 1.5 } }, /quotas\.0\.flows/],
  [{ 7: {} }, /quotas\.7: 'flows' or 'newFlows' was expected/],
  [{ 7: { newFlows: { perSecond: 0, burst: 1 } } }, /quotas\.7\.newFlows\.perSecond/],
  [{ 7: { newFlows: { perSecond: 1 } } }, /quotas\.7\.newFlows\.burst/],
  [{ 7: { newFlows: { perSecond: 1, burst: 2_000_000_000 } } }, /quotas\.7\.newFlows\.burst/],
  [{ 7: { flow: 1 } }, /quotas\.7: .*flow/],
  [{ 16777216: { flows: 1 } }, /quotas\.16777216: the number of a network was expected/],
  [{ "07": { flows: 1 } }, /quotas\.07: the number of a network was expected/],
  [Object.fromEntries(Array.from({ length: 4097 }, (_, vni) => [vni, { flows: 1 }])), /ZT8203.*4096/s],
])("refused whole: %#", async (quotas, message) => {
  await set({ 0: { flows: 1 } });
  await pair.tell(async ({ underlay }) => {
    await expect(underlay.quotas.set(quotas as never)).rejects.toThrow(message);
    expect(underlay.quotas.get()).toEqual({ 0: { flows: 1 } });
  });
  expect(await outcomes(four(2))).toEqual(["redirect", MANY]);
});
