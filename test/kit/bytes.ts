/** Big-endian bytes: the few operations that headers, checksums and capture files share. */

import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { parseIpv4, parseIpv6, parseMac } from "../../sdk/layout/address.ts";
import { notAnAddress } from "./problems.ts";

export type Bytes = Uint8Array;

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const u24 = (value: number): number[] => [(value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): number[] => [(value >>> 24) & 0xff, ...u24(value)];

export const get8 = (bytes: Uint8Array, at: number): number => bytes[at] as number;
export const get16 = (bytes: Uint8Array, at: number): number => get8(bytes, at) * 256 + get8(bytes, at + 1);
export const get24 = (bytes: Uint8Array, at: number): number => get8(bytes, at) * 65536 + get16(bytes, at + 1);
export const get32 = (bytes: Uint8Array, at: number): number => get16(bytes, at) * 65536 + get16(bytes, at + 2);
export const getWide = (bytes: Uint8Array, at: number, size: number): bigint =>
  bytes.subarray(at, at + size).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

const wide = (value: bigint, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn));

function parsed<T>(value: T | null, text: string, what: string): T {
  if (value === null) throw new ZetaError([notAnAddress(null, text, what)]);
  return value;
}

export const ipv4Bytes = (text: string): number[] => u32(parsed(parseIpv4(text), text, "IPv4"));
export const ipv6Bytes = (text: string): number[] => wide(parsed(parseIpv6(text), text, "IPv6"), 16);
export const macBytes = (text: string): number[] => wide(parsed(parseMac(text), text, "MAC"), 6);

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Parses pairs of hexadecimal digits; spaces between pairs are allowed. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new RangeError(`'${text}' is not pairs of hexadecimal digits`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Payload as a person gives it: text is UTF-8. */
export const toBytes = (value: string | Uint8Array): Uint8Array =>
  typeof value === "string" ? new TextEncoder().encode(value) : value;

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Appends zeros until the length is a multiple of `to`. */
export const padded = (bytes: readonly number[], to: number): number[] => [
  ...bytes,
  ...new Array<number>((to - (bytes.length % to)) % to).fill(0),
];
