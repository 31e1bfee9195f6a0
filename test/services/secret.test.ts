/** Secrets: SipHash-2-4 against the paper's vectors and against OpenSSL, on both targets; and how secrets follow each other. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { random, tcp } from "../kit/index.ts";

/** The key of the paper's vectors (appendix A): 00 01 … 0f. */
const PAPER = "000102030405060708090a0b0c0d0e0f";
const pair = pairOf(new URL("./programs/hashing.ts", import.meta.url), {
  config: { "hashing.key": PAPER, "hashing.other": PAPER },
});

interface Hashes {
  readonly hash: bigint;
  readonly previous: bigint;
  readonly other: bigint;
}
const hashes = (index: number): Hashes => pair.both((running) => running.map("hashing_hashes").get(index)) as Hashes;
const set = (path: string, value: unknown): void =>
  pair.both((running) => running.config.set(`hashing.${path}`, value));
const send = (from: string, to: string) => pair.run([tcp(from, to).syn()]);

function openssl(key: string, message: Uint8Array): bigint {
  const options = ["mac", "-macopt", `hexkey:${key}`, "-macopt", "size:8", "-in", "-", "SIPHASH"];
  const hex = execFileSync("openssl", options, { input: message, encoding: "utf8" }).trim();
  return Buffer.from(hex, "hex").readBigUInt64LE(0);
}

/** Values one behind the other, least significant byte first. */
const message = (...values: readonly (readonly [bytes: number, value: bigint | number])[]): Uint8Array =>
  Uint8Array.from(
    values.flatMap(([bytes, value]) =>
      Array.from({ length: bytes }, (_, i) => Number((BigInt(value) >> BigInt(i * 8)) & 0xffn)),
    ),
  );

test("the paper's vectors, in bytes, words and halves", async () => {
  set("key", { current: PAPER, previous: PAPER });
  set("other", { current: PAPER, previous: PAPER });
  await send("10.0.0.7:4000", "10.1.0.1:80");
  const empty = 0x726f_db47_dd0e_0e31n;
  expect(hashes(0)).toEqual({ hash: empty, previous: empty, other: empty });
  const fifteen = 0xa129_ca61_49be_45e5n;
  expect(hashes(2)).toEqual({ hash: fifteen, previous: fifteen, other: fifteen });
});

test("OpenSSL comes to the same, for random keys and packets of both families", async () => {
  const draw = random(77);
  const key = () => Array.from({ length: 16 }, () => draw.below(256).toString(16).padStart(2, "0")).join("");
  for (let i = 0; i < 6; i++) {
    const [current, previous, other] = [key(), key(), key()];
    set("key", { current, previous });
    set("other", other);
    const [low, high] = [draw.below(0x1_0000), draw.below(0x1_0000)];
    const [from, to] = [draw.between(1, 65535), draw.between(1, 65535)];
    const v6 = i % 2 === 0;
    if (v6) await send(`[2001:db8::${low.toString(16)}]:${from}`, `[2001:db8:1::${high.toString(16)}]:${to}`);
    else await send(`10.1.${low >> 8}.${low & 255}:${from}`, `10.2.${high >> 8}.${high & 255}:${to}`);
    const source = v6 ? (0x2001_0db8n << 96n) | BigInt(low) : (0xffffn << 32n) | BigInt(0x0a01_0000 + low);
    const destination = v6 ? (0x2001_0db8_0001n << 80n) | BigInt(high) : (0xffffn << 32n) | BigInt(0x0a02_0000 + high);
    const flow = message([16, source], [16, destination], [2, from], [2, to]);
    expect(hashes(1)).toEqual({
      hash: openssl(current, flow),
      previous: openssl(previous, flow),
      other: openssl(other, flow),
    });
    const mac = 0x02_0000_0000_01n;
    const byte = from & 255;
    expect(hashes(3).previous).toBe(openssl(current, message([8, from], [2, from], [8, from], [1, byte])));
    expect(hashes(3).other).toBe(openssl(current, message([1, byte], [2, from], [1, byte], [4, from])));
    const whole = message([1, byte], [6, mac], [4, 0xffff_fffe], [1, 0], [16, source]);
    expect(hashes(3).hash).toBe(openssl(current, whole));
    const words = Array.from({ length: 31 }, (_, n) => [8, n * from] as const);
    expect(hashes(4).hash).toBe(openssl(current, message(...words, [4, from], [2, from], [1, byte])));
  }
});

describe("how secrets follow each other", () => {
  const under = (key: string): bigint => openssl(key, new Uint8Array());
  const keys = ["11".repeat(16), "22".repeat(16), "33".repeat(16)] as const;
  const now = async (): Promise<readonly [bigint, bigint]> => {
    await send("10.0.0.7:4000", "10.1.0.1:80");
    const { hash, previous } = hashes(0);
    return [hash, previous];
  };

  test("a new one makes the old one previous; the same again changes nothing", async () => {
    set("key", { current: keys[0], previous: keys[0] });
    set("key", keys[1]);
    expect(await now()).toEqual([under(keys[1]), under(keys[0])]);
    set("key", keys[1]);
    expect(await now()).toEqual([under(keys[1]), under(keys[0])]);
    set("key", keys[2]);
    expect(await now()).toEqual([under(keys[2]), under(keys[1])]);
  });

  test("other changes leave it, and so does a whole config without it", async () => {
    set("key", { current: keys[0], previous: keys[1] });
    set("other", keys[2]);
    pair.both((running) => running.config.set({}));
    expect(await now()).toEqual([under(keys[0]), under(keys[1])]);
  });

  test("base64 and longer secrets", async () => {
    set("key", Buffer.from(keys[0], "hex").toString("base64"));
    set("key", "long enough to be a secret of more bytes than a key has".replaceAll(" ", "_"));
    const bytes = Buffer.from("long_enough_to_be_a_secret_of_more_bytes_than_a_key_has", "base64");
    const condensed = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
    expect(await now()).toEqual([under(condensed), under(keys[0])]);
  });

  test("nobody is shown it", () => {
    expect(pair.both((running) => running.config.get("hashing.key"))).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    ["too short", "00".repeat(15), /ZT6001.*'hashing\.key'.*at least 16 bytes/],
    ["no text of bytes", "not a secret at all, really", /ZT6001.*hexadecimal or base64/],
    ["a number", 7, /ZT6001.*a secret was expected/],
    ["no previous", { current: keys[0] }, /ZT6003.*'hashing\.key\.previous'/],
    ["a third", { current: keys[0], previous: keys[1], next: keys[2] }, /ZT6002.*'hashing\.key\.next'/],
  ])("%s is refused", (_, value, expected) => {
    const told = pair.both((running) => {
      try {
        running.config.set("hashing.key", value);
        return "taken";
      } catch (error) {
        return String(error);
      }
    });
    expect(told).toMatch(expected);
  });
});
