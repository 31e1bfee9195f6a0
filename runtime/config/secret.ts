/** Secrets in config: 128-bit keys, two of which are valid at a time. */
import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { encode } from "../../sdk/layout/codec.ts";
import type { ConfigField } from "./fields.ts";
import type { Read } from "./text.ts";
import { textOf } from "./values.ts";

export interface SecretContent {
  readonly current: Uint8Array;
  /** Null: whatever serves as current when this one comes. */
  readonly previous: Uint8Array | null;
  /** It was left out: an earlier one stays. */
  readonly generated: boolean;
}

const KEY_BYTES = 16;

/** Longer secrets are condensed, so that all of their bytes count. */
const keyOf = (bytes: Uint8Array): Uint8Array =>
  bytes.length === KEY_BYTES ? bytes : createHash("sha256").update(bytes).digest().subarray(0, KEY_BYTES);

function readSecret(text: string): Read<Uint8Array> {
  const isHex = /^([0-9a-fA-F]{2})+$/.test(text);
  if (!isHex && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text))
    return { ok: false, reason: "a secret is text in hexadecimal or base64" };
  const bytes = Buffer.from(text, isHex ? "hex" : "base64");
  if (bytes.length < KEY_BYTES) return { ok: false, reason: `a secret has at least ${KEY_BYTES} bytes` };
  return { ok: true, value: keyOf(bytes) };
}

const one = textOf(readSecret);

export const secretType = (_: ConfigField): z.ZodType<SecretContent> =>
  z
    .union(
      [
        one.transform((current) => ({ current, previous: null, generated: false })),
        z.strictObject({ current: one, previous: one }).transform((both) => ({ ...both, generated: false })),
      ],
      { error: "a secret was expected: hexadecimal or base64 text, or { current, previous }" },
    )
    .default(() => ({ current: randomBytes(KEY_BYTES), previous: null, generated: true }));

/** What takes effect: a secret that was left out stays as it is, and a new one makes the old one previous. */
export function successor(next: SecretContent, serving: SecretContent | undefined): SecretContent {
  if (serving === undefined || next.previous !== null) return next;
  const same = next.generated || Buffer.compare(next.current, serving.current) === 0;
  return same ? serving : { ...next, previous: serving.current };
}

/** Its part of the config global. */
export function secretKeys({ of }: ConfigField, { current, previous }: SecretContent): Uint8Array {
  const half = (key: Uint8Array, at: number): bigint => Buffer.from(key).readBigUInt64LE(at);
  const before = previous ?? current;
  return encode(of, {
    low: half(current, 0),
    high: half(current, 8),
    previousLow: half(before, 0),
    previousHigh: half(before, 8),
  });
}
