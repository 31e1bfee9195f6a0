/** Where a service listens: packets to those places are its own, and to no others, whatever addresses come and go. */
import { expect, test } from "vitest";
import { formatAddress } from "../../sdk/layout/address.ts";
import { pairOf } from "../headers/pair.ts";
import { random, udp } from "../kit/index.ts";

const pair = pairOf(new URL("./programs/taker.ts", import.meta.url), {});
const at = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
const listen = (places: readonly string[]): void =>
  pair.both((running) => running.config.set("service.listen", places));

/** Which of the addresses' packets the service takes. */
async function taken(addresses: readonly string[], port = 53): Promise<readonly string[]> {
  const packets = addresses.map((to) =>
    udp(to.includes(":") ? "[2001:db8::7]:4000" : "10.0.0.7:4000", at(to, port)).payload("?"),
  );
  const outcomes = await pair.run(packets);
  return addresses.filter((_, i) => outcomes[i]?.verdict === "drop");
}

test("addresses by the thousand, of both families, come and go: each is taken as long as it is listened at", async () => {
  const draw = random(5);
  const four = () => formatAddress((0xffffn << 32n) | BigInt(0x0a00_0000 + draw.below(2 ** 24)));
  const six = () =>
    formatAddress((0x2001_0db8n << 96n) | (BigInt(draw.below(2 ** 32)) << 64n) | BigInt(draw.below(2 ** 32)));
  const addresses = [...new Set(Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? four() : six())))];
  const half = addresses.filter((_, i) => i % 3 !== 0);
  listen(addresses.map((one) => `${at(one, 53)}/udp`));
  expect(await taken(addresses)).toEqual(addresses);
  listen(half.map((one) => `${at(one, 53)}/udp`));
  expect(await taken(addresses)).toEqual(half);
  listen([]);
  expect(await taken(addresses)).toEqual([]);
});

test("several ports of one address, and all of them: the address goes with its last place", async () => {
  listen(["10.1.0.1:53/udp", "10.1.0.1:54/udp"]);
  expect(await taken(["10.1.0.1"], 54)).toEqual(["10.1.0.1"]);
  listen(["10.1.0.1:53/udp"]);
  expect([await taken(["10.1.0.1"]), await taken(["10.1.0.1"], 54)]).toEqual([["10.1.0.1"], []]);
  listen(["10.1.0.1:*/udp"]);
  expect(await taken(["10.1.0.1"], 999)).toEqual(["10.1.0.1"]);
  listen([]);
  expect(await taken(["10.1.0.1"], 999)).toEqual([]);
});
