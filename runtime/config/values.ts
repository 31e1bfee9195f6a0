/** zod types of values by their layout: what JSON can say of them, in; what the codec takes, out. */
import { z } from "zod";
import { parseAddress, parseIpv4, parseIpv6, parseMac } from "../../sdk/layout/address.ts";
import type { LayoutData, ScalarName, StructLayout } from "../../sdk/layout/data.ts";
import { isEndpoint } from "../maps/present.ts";
import { type Read, readEndpoint } from "./text.ts";

/** A string that a reader of text forms takes. */
export const textOf = <T>(read: (text: string) => Read<T>) =>
  z.string("text was expected").transform((text, context) => {
    const result = read(text);
    if (result.ok) return result.value;
    context.issues.push({ code: "custom", message: result.reason, input: text });
    return z.NEVER;
  });

const parsed =
  <T>(what: string, parse: (text: string) => T | null) =>
  (text: string): Read<T> => {
    const value = parse(text);
    return value === null ? { ok: false, reason: `'${text}' is not ${what}` } : { ok: true, value };
  };

const whole = (low: number, high: number) =>
  z
    .number({ error: "a whole number was expected" })
    .int("a whole number was expected")
    .min(low, `the least is ${low}`)
    .max(high, `the greatest is ${high}`);

/** 64 bits are more than JSON's numbers hold exactly: larger ones come as bigint or as decimal text. */
const wide = (low: bigint, high: bigint) =>
  z
    .union(
      [
        z.number().refine(Number.isSafeInteger, "a whole number was expected; beyond 2^53 write it as text"),
        z.bigint(),
        z.string().regex(/^-?\d+$/, "a decimal number was expected"),
      ],
      { error: "a whole number was expected, or its decimal text" },
    )
    .transform((value) => BigInt(value))
    .refine((value) => value >= low && value <= high, `${low} to ${high} was expected`);

const SCALARS: Readonly<Record<ScalarName, () => z.ZodType>> = {
  bool: () => z.boolean("true or false was expected"),
  u8: () => whole(0, 0xff),
  u16: () => whole(0, 0xffff),
  u32: () => whole(0, 0xffff_ffff),
  i32: () => whole(-0x8000_0000, 0x7fff_ffff),
  u64: () => wide(0n, (1n << 64n) - 1n),
  i64: () => wide(-(1n << 63n), (1n << 63n) - 1n),
  ipv4: () => textOf(parsed('an IPv4 address, such as "10.0.0.1"', parseIpv4)),
  ipv6: () => textOf(parsed('an IPv6 address, such as "2001:db8::1"', parseIpv6)),
  mac: () => textOf(parsed('a MAC address, such as "02:00:00:00:00:01"', parseMac)),
  address: () => textOf(parsed("an IPv4 or IPv6 address", parseAddress)),
};

/** An object with just these fields. Anything else is told what was expected, and not in the words of a type checker. */
export const objectOf = <Fields extends Record<string, z.ZodType>>(
  fields: Fields,
): z.ZodObject<Fields, z.core.$strict> =>
  z.strictObject(fields, {
    error: ({ code }) =>
      code === "invalid_type" ? `an object was expected, of ${Object.keys(fields).join(", ")}` : undefined,
  });

/** The fields of a struct, each with its type. */
export const fieldsOf = ({ fields }: StructLayout): Record<string, z.ZodType> =>
  Object.fromEntries(
    fields.filter(({ layout }) => layout.kind !== "spinLock").map(({ name, layout }) => [name, typeOf(layout)]),
  );

export function typeOf(layout: LayoutData): z.ZodType {
  switch (layout.kind) {
    case "scalar":
      return SCALARS[layout.type]();
    case "bits":
      return objectOf(Object.fromEntries(layout.fields.map(({ name, width }) => [name, whole(0, 2 ** width - 1)])));
    case "array":
      return z
        .array(typeOf(layout.of), "a list was expected")
        .length(layout.length, `exactly ${layout.length} values were expected`);
    case "struct": {
      const object = objectOf(fieldsOf(layout));
      const error = 'an address with a port was expected, such as "10.0.0.1:80"';
      return isEndpoint(layout) ? z.union([textOf(readEndpoint), object], { error }) : object;
    }
    case "spinLock":
      return z.never();
  }
}
