/** Keys of longest-prefix-match maps as text: "10.0.0.0/8", "2001:db8::/32". */
import { formatAddress, formatIpv4, formatIpv6, parseAddress, parseIpv4, parseIpv6 } from "../../sdk/layout/address.ts";
import type { LayoutData, StructField } from "../../sdk/layout/data.ts";
import { failure, valueDoesNotFit } from "../loader/problems.ts";

interface Family {
  readonly bits: number;
  readonly parse: (text: string) => number | bigint | null;
  readonly format: (value: bigint) => string;
}

const FAMILIES: Readonly<Record<string, Family>> = {
  ipv4: { bits: 32, parse: parseIpv4, format: (value) => formatIpv4(Number(value)) },
  ipv6: { bits: 128, parse: parseIpv6, format: formatIpv6 },
  address: { bits: 128, parse: parseAddress, format: formatAddress },
};

/** IPv4 in the 128-bit `address` form begins after 96 bits. */
const MAPPED_BITS = 96;

/** The two fields of a key that has a text form: a length, and an address after it. Null for other keys. */
function fieldsOf(
  layout: LayoutData,
): { readonly length: StructField; readonly address: StructField; readonly family: Family } | null {
  if (layout.kind !== "struct") return null;
  const [length, address, ...more] = layout.fields;
  if (length === undefined || address?.layout.kind !== "scalar" || more.length > 0) return null;
  const family = FAMILIES[address.layout.type];
  return family === undefined ? null : { length, address, family };
}

/**
 * A key from its text, with the bits beyond its length cleared. A bare address means all its bits.
 * @throws ZT4016 for text that is no prefix, or a key that is not a length and an address.
 */
export function parsePrefix(layout: LayoutData, text: string, what: string): Record<string, number | bigint> {
  const fields = fieldsOf(layout);
  const [addressText = "", lengthText, ...more] = text.split("/");
  const value = fields?.family.parse(addressText) ?? null;
  if (fields === null || value === null || more.length > 0)
    throw failure(valueDoesNotFit(null, what, `'${text}' is not a prefix for it`));
  const { bits } = fields.family;
  const before = bits === 128 && parseIpv4(addressText) !== null ? MAPPED_BITS : 0;
  const length =
    lengthText === undefined ? bits : before + (/^\d{1,3}$/.test(lengthText) ? Number(lengthText) : Number.NaN);
  if (!(length >= before && length <= bits))
    throw failure(valueDoesNotFit(null, what, `'/${lengthText}' is not a prefix length`));
  const rest = BigInt(bits - length);
  const masked = (BigInt(value) >> rest) << rest;
  return { [fields.length.name]: length, [fields.address.name]: bits === 32 ? Number(masked) : masked };
}

/** The text of a key, or null when its layout has no text form. */
export function formatPrefix(layout: LayoutData, key: unknown): string | null {
  const fields = fieldsOf(layout);
  if (fields === null) return null;
  const parts = key as Record<string, number | bigint>;
  const address = fields.family.format(BigInt(parts[fields.address.name] ?? 0));
  const length = Number(parts[fields.length.name] ?? 0);
  const shortened = fields.family.bits === 128 && !address.includes(":") ? length - MAPPED_BITS : length;
  return `${address}/${shortened}`;
}
