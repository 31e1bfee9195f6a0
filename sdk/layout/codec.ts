/** Encoding and decoding of values by their layout: the runtime's typed map access and the test targets share it. */
import { parseAddress, parseIpv4, parseIpv6, parseMac } from "./address.ts";
import type { BitsLayout, LayoutData, ScalarLayout } from "./data.ts";

export class CodecError extends Error {
  /** Where in the value: "rules[3].from". */
  readonly path: string;
  constructor(path: string, reason: string) {
    super(path === "" ? reason : `${path}: ${reason}`);
    this.name = "CodecError";
    this.path = path;
  }
}

const BITS: Readonly<Record<string, number>> = {
  bool: 1,
  u8: 8,
  u16: 16,
  u32: 32,
  u64: 64,
  i32: 32,
  i64: 64,
  ipv4: 32,
  ipv6: 128,
  mac: 48,
  address: 128,
};
const PARSE: Readonly<Record<string, (text: string) => number | bigint | null>> = {
  ipv4: parseIpv4,
  ipv6: parseIpv6,
  mac: parseMac,
  address: parseAddress,
};

const readBytes = (bytes: Uint8Array, at: number, size: number, order: "little" | "big"): bigint => {
  let value = 0n;
  for (let i = 0; i < size; i++)
    value = (value << 8n) | BigInt(bytes[at + (order === "big" ? i : size - 1 - i)] as number);
  return value;
};

const writeBytes = (bytes: Uint8Array, at: number, size: number, order: "little" | "big", value: bigint): void => {
  let rest = BigInt.asUintN(size * 8, value);
  for (let i = 0; i < size; i++) {
    bytes[at + (order === "big" ? size - 1 - i : i)] = Number(rest & 0xffn);
    rest >>= 8n;
  }
};

function scalarBits(layout: ScalarLayout, value: unknown, path: string): bigint {
  const { type } = layout;
  if (type === "bool") {
    if (typeof value !== "boolean") throw new CodecError(path, `expected true or false, got ${String(value)}`);
    return value ? 1n : 0n;
  }
  if (typeof value === "string") {
    const parsed = PARSE[type]?.(value) ?? null;
    if (parsed === null)
      throw new CodecError(path, `'${value}' is not ${type in PARSE ? `the text of an ${type} value` : `a ${type}`}`);
    return BigInt(parsed);
  }
  if (typeof value !== "bigint" && !(typeof value === "number" && Number.isInteger(value))) {
    throw new CodecError(path, `expected a ${type}, got ${String(value)}`);
  }
  const wide = BigInt(value);
  const bits = BITS[type] as number;
  const fits =
    type === "i32" || type === "i64" ? BigInt.asIntN(bits, wide) === wide : BigInt.asUintN(bits, wide) === wide;
  if (!fits) throw new CodecError(path, `${value} does not fit ${type}`);
  return wide;
}

function scalarValue(layout: ScalarLayout, bits: bigint): boolean | number | bigint {
  switch (layout.type) {
    case "bool":
      return bits !== 0n;
    case "i32":
      return Number(BigInt.asIntN(32, bits));
    case "i64":
      return BigInt.asIntN(64, bits);
    case "u64":
    case "ipv6":
    case "mac":
    case "address":
      return bits;
    default:
      return Number(bits);
  }
}

function packBits(layout: BitsLayout, value: unknown, path: string): bigint {
  if (typeof value !== "object" || value === null)
    throw new CodecError(path, `expected an object of bit fields, got ${String(value)}`);
  let word = 0n;
  for (const { name, shift, width } of layout.fields) {
    const part = (value as Record<string, unknown>)[name];
    if (typeof part !== "number" || !Number.isInteger(part) || part < 0 || part >= 2 ** width) {
      throw new CodecError(
        path === "" ? name : `${path}.${name}`,
        `expected a whole number below 2^${width}, got ${String(part)}`,
      );
    }
    word |= BigInt(part) << BigInt(shift);
  }
  return word;
}

const inside = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** The common case without detours: tables of hundreds of thousands of entries are encoded one number at a time. */
function writeSmall(layout: ScalarLayout, value: unknown, bytes: Uint8Array, at: number): boolean {
  const { size, type, order } = layout;
  if (typeof value !== "number" || size > 4 || type === "i32" || type === "bool") return false;
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) return false;
  for (let i = 0; i < size; i++) bytes[at + (order === "big" ? size - 1 - i : i)] = value >>> (8 * i);
  return true;
}

function write(layout: LayoutData, value: unknown, bytes: Uint8Array, at: number, path: string): void {
  switch (layout.kind) {
    case "scalar":
      if (writeSmall(layout, value, bytes, at)) return;
      return writeBytes(bytes, at, layout.size, layout.order, scalarBits(layout, value, path));
    case "bits":
      return writeBytes(bytes, at, layout.size, layout.order, packBits(layout, value, path));
    case "spinLock":
      return;
    case "array": {
      const items = value instanceof Uint8Array || Array.isArray(value) ? value : null;
      if (items === null || items.length !== layout.length)
        throw new CodecError(path, `expected ${layout.length} values`);
      for (let i = 0; i < layout.length; i++)
        write(layout.of, items[i], bytes, at + i * layout.of.size, `${path}[${i}]`);
      return;
    }
    case "struct": {
      if (typeof value !== "object" || value === null)
        throw new CodecError(path, `expected an object, got ${String(value)}`);
      const known = new Set(layout.fields.map((field) => field.name));
      for (const name of Object.keys(value))
        if (!known.has(name)) throw new CodecError(inside(path, name), "there is no such field");
      for (const field of layout.fields) {
        if (field.layout.kind === "spinLock") continue;
        const part = (value as Record<string, unknown>)[field.name];
        if (part === undefined) throw new CodecError(inside(path, field.name), "is missing");
        write(field.layout, part, bytes, at + field.offset, inside(path, field.name));
      }
    }
  }
}

function read(layout: LayoutData, bytes: Uint8Array, at: number): unknown {
  switch (layout.kind) {
    case "scalar":
      return scalarValue(layout, readBytes(bytes, at, layout.size, layout.order));
    case "bits": {
      const word = readBytes(bytes, at, layout.size, layout.order);
      return Object.fromEntries(
        layout.fields.map(({ name, shift, width }) => [
          name,
          Number((word >> BigInt(shift)) & ((1n << BigInt(width)) - 1n)),
        ]),
      );
    }
    case "array":
      return Array.from({ length: layout.length }, (_, i) => read(layout.of, bytes, at + i * layout.of.size));
    case "struct":
      return Object.fromEntries(
        layout.fields
          .filter((field) => field.layout.kind !== "spinLock")
          .map((field) => [field.name, read(field.layout, bytes, at + field.offset)]),
      );
    case "spinLock":
      return undefined;
  }
}

/**
 * Encodes a value. Addresses may be given as text ("10.0.0.1", "2001:db8::1", "02:00:00:00:00:01") or as integers.
 * Padding bytes are zero.
 * @throws CodecError with the path of the part that does not fit.
 */
export function encode(layout: LayoutData, value: unknown): Uint8Array {
  const bytes = new Uint8Array(layout.size);
  write(layout, value, bytes, 0, "");
  return bytes;
}

/** The same into `bytes` at `at`, whose padding must be zero already. */
export const encodeInto = (layout: LayoutData, value: unknown, bytes: Uint8Array, at: number): void =>
  write(layout, value, bytes, at, "");

/** Decodes `layout.size` bytes at `at`. u64, i64, ipv6, mac and address give bigint; the rest number, boolean, object or array. */
export function decode(layout: LayoutData, bytes: Uint8Array, at = 0): unknown {
  if (bytes.length < at + layout.size)
    throw new CodecError("", `expected ${layout.size} bytes, got ${bytes.length - at}`);
  return read(layout, bytes, at);
}
