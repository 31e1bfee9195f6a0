/** Limits of a service as a whole: every node has a share, and the whole until it is told one. */

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { setShare, sharedLimits } from "../../runtime/service/shares.ts";
import { pairOf } from "../headers/pair.ts";
import { udp } from "../kit/index.ts";
import { problemsOf } from "../language/harness.ts";

const program = new URL("./programs/shared-limit.ts", import.meta.url);
const pair = pairOf(program, { clock: 1_000_000_000_000n });

/** How many of 60 packets pass at once. */
async function passed(source: string, port: number): Promise<number> {
  const packet = udp(`${source}:5000`, `10.1.0.1:${port}`).payload("?");
  return (await pair.run(new Array(60).fill(packet))).filter(({ verdict }) => verdict === "pass").length;
}
const share = (index: number, units: number): void =>
  pair.both((running) => running.map("zeta_shares").set(index, { share: units }));

test("a node that was told nothing has the whole", async () => {
  expect([await passed("10.0.0.1", 1), await passed("10.0.0.1", 2), await passed("10.0.0.1", 3)]).toEqual([40, 40, 40]);
});

test("a share is of burst and rate, of its limit alone; a node's own limit has none", async () => {
  share(0, 0x4000);
  share(1, 0x8000);
  expect([await passed("10.0.0.2", 1), await passed("10.0.0.2", 2), await passed("10.0.0.2", 3)]).toEqual([40, 10, 20]);
  pair.both((running) => running.advance("2s"));
  expect([await passed("10.0.0.2", 1), await passed("10.0.0.2", 2), await passed("10.0.0.2", 3)]).toEqual([20, 5, 10]);
  share(0, 1);
  expect(await passed("10.0.0.3", 2)).toBe(0);
  share(0, 0x1_0000);
  expect(await passed("10.0.0.3", 2)).toBe(40);
});

test("agents find the limits by path", async () => {
  const built = await createCompiler().lower(fileURLToPath(program), {});
  if (!built.ok || built.manifest.service === null) throw new Error("the program does not compile");
  const { service } = built.manifest;
  expect(sharedLimits(service)).toEqual(["limiting.first", "limiting.second"]);
  expect(service.state.map(({ path, scope, index }) => [path, scope, index])).toEqual([
    ["limiting.own", "node", 0],
    ["limiting.first", "service", 0],
    ["limiting.second", "service", 1],
  ]);
  expect(() => setShare(service, new Map(), "limiting.own", 0.5)).toThrow(/ZT4015.*limiting\.first/s);
  expect(() => setShare(service, new Map(), "limiting.first", 1.5)).toThrow(RangeError);
});

test("a limiter without a scope, or of another, is refused", async () => {
  const text = (scope: string) => `
import { address, middlebox, pass, rateLimiter, service } from "zeta";
const box = middlebox("box", { state: { l: rateLimiter({ key: address, max: 4${scope} }) }, filter: () => pass() });
export default service("example", { chain: [box] });`;
  for (const scope of ["", ', scope: "cluster"'])
    expect((await problemsOf(text(scope))).map(({ code }) => code)).toContain("ZT1002");
});
