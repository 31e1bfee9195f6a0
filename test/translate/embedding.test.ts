/** IPv4 addresses in IPv6 addresses, as the tables of RFC 6052 have them. */
import { expect, test } from "vitest";
import { parseIpv4, parseIpv6 } from "../../sdk/layout/address.ts";
import { pairOf } from "../headers/pair.ts";
import { random, tcp } from "../kit/index.ts";

const pair = pairOf(new URL("./programs/embed.ts", import.meta.url));

async function embedded(prefix: string | bigint, length: number, of: string | number) {
  pair.both((running) => running.map("wishes").set(0, { prefix, length, of }));
  await pair.run([tcp("10.0.0.7:1", "10.1.0.1:2").syn()]);
  return pair.both((running) => running.map("results").get(0)) as { made: bigint; back: number };
}

/** RFC 6052 section 2.4, tables 2 and 3. */
const VECTORS = [
  ["2001:db8::", 32, "2001:db8:c000:221::"],
  ["2001:db8:100::", 40, "2001:db8:1c0:2:21::"],
  ["2001:db8:122::", 48, "2001:db8:122:c000:2:2100::"],
  ["2001:db8:122:300::", 56, "2001:db8:122:3c0:0:221::"],
  ["2001:db8:122:344::", 64, "2001:db8:122:344:c0:2:2100::"],
  ["2001:db8:122:344::", 96, "2001:db8:122:344::192.0.2.33"],
  ["64:ff9b::", 96, "64:ff9b::192.0.2.33"],
] as const;

test.each(VECTORS)("192.0.2.33 under %s/%i is %s", async (prefix, length, made) => {
  expect(await embedded(prefix, length, "192.0.2.33")).toEqual({
    made: parseIpv6(made),
    back: parseIpv4("192.0.2.33"),
  });
});

/** By the picture of section 2.2: the address behind the prefix, a zero octet put in at bit 64. */
function pictured(prefix: bigint, length: number, of: number): bigint {
  const prefixBits = prefix.toString(2).padStart(128, "0").slice(0, length);
  let bits = prefixBits + of.toString(2).padStart(32, "0");
  if (length < 96) bits = `${bits.slice(0, 64)}00000000${bits.slice(64)}`;
  return BigInt(`0b${bits.padEnd(128, "0")}`);
}

test("300 random addresses under random prefixes of every length", async () => {
  const draw = random(111);
  for (let i = 0; i < 300; i++) {
    const length = draw.pick([32, 40, 48, 56, 64, 96]);
    const octet = 0xffn << 56n;
    const prefix = ((((draw.u64() << 64n) | draw.u64()) >> BigInt(128 - length)) << BigInt(128 - length)) & ~octet;
    const of = draw.u32();
    expect(await embedded(prefix, length, of)).toEqual({ made: pictured(prefix, length, of), back: of });
  }
});
