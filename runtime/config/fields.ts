/**
 * zod types of the kinds of config fields. What they give is ready to be laid out (see plan.ts): encoded keys and values,
 * without duplicates and within the declared maximum.
 */
import { z } from "zod";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { type ParsedListener, PROTOCOLS, readListener, readPrefix } from "./text.ts";
import { fieldsOf, isEndpoint, textOf, typeOf } from "./values.ts";

export type ConfigField = NonNullable<Manifest["service"]>["config"][number];

/** A key and a value as they lie in a map. */
export interface EncodedEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
export interface EncodedChoice {
  readonly bytes: Uint8Array;
  readonly weight: number;
}

/** Content of a field by its kind. */
export interface FieldContent {
  readonly scalar: Uint8Array;
  readonly prefixes: readonly EncodedEntry[];
  readonly table: readonly EncodedEntry[];
  readonly maglev: readonly EncodedChoice[];
}

type Context = z.RefinementCtx;

/** How this module's own findings travel in zod's issues; problems are made of them in validate.ts. */
export interface Finding {
  readonly duplicateOf?: string;
  readonly tooMany?: { readonly count: number; readonly max: number };
}

const report = (context: Context, path: readonly PropertyKey[], message: string, params: Finding = {}): void => {
  context.issues.push({ code: "custom", message, path: [...path], input: undefined, params: { ...params } });
};

function limit(context: Context, count: number, max: number): void {
  if (count > max) report(context, [], `at most ${max} entries`, { tooMany: { count, max } });
}

const nameOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** Finds keys that were there before, whatever text they had. */
function duplicates(context: Context): (key: Uint8Array, at: PropertyKey) => void {
  const seen = new Map<string, PropertyKey>();
  return (key, at) => {
    const name = nameOf(key);
    const first = seen.get(name);
    if (first === undefined) seen.set(name, at);
    else report(context, [at], "twice", { duplicateOf: String(first) });
  };
}

/** Declared with `of: {}`: only presence counts, and a list of keys says it all. */
const isPresence = (layout: LayoutData): boolean => layout.kind === "scalar" && layout.type === "u8";
const PRESENT = Uint8Array.of(1);

const PREFIX_KEY_BYTES = 20;

/** struct bpf_lpm_trie_key: the length in bits, then the address in network order. */
function prefixKey(length: number, address: bigint): Uint8Array {
  const bytes = new Uint8Array(PREFIX_KEY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setBigUint64(4, address >> 64n);
  view.setBigUint64(12, address);
  return bytes;
}

function encodePrefixes(
  of: LayoutData,
  max: number,
  entries: readonly (readonly [at: PropertyKey, text: string, value: unknown])[],
  context: Context,
): EncodedEntry[] {
  limit(context, entries.length, max);
  const isNew = duplicates(context);
  return entries.flatMap(([at, text, value]) => {
    const prefix = readPrefix(text);
    if (!prefix.ok) {
      report(context, [at], prefix.reason);
      return [];
    }
    const key = prefixKey(prefix.value.length, prefix.value.address);
    isNew(key, at);
    return [{ key, value: value === PRESENT ? PRESENT : encode(of, value) }];
  });
}

function prefixes({ of, max }: ConfigField): z.ZodType<FieldContent["prefixes"]> {
  const record = z
    .record(z.string(), typeOf(of), {
      error: 'an object of values by prefix was expected, such as { "10.0.0.0/8": … }',
    })
    .transform((given, context) =>
      encodePrefixes(
        of,
        max,
        Object.entries(given).map(([text, value]) => [text, text, value]),
        context,
      ),
    );
  if (!isPresence(of)) return record;
  const list = z.array(z.string()).transform((given, context) =>
    encodePrefixes(
      of,
      max,
      given.map((text, index) => [index, text, PRESENT]),
      context,
    ),
  );
  return z.union([list, record], { error: "a list of prefixes was expected" });
}

/** Text of a key that an object can have: what a scalar's own type reads, numbers included. */
function keyFromText(key: LayoutData, text: string): unknown {
  if (key.kind !== "scalar") return text;
  if (key.type === "bool") return text === "true" ? true : text === "false" ? false : text;
  return /^-?\d+$/.test(text) && key.type !== "u64" && key.type !== "i64" ? Number(text) : text;
}

function table({ of, key: keyLayout, max }: ConfigField): z.ZodType<FieldContent["table"]> {
  const layout = keyLayout ?? of;
  const keyType = typeOf(layout);
  const valueType = isPresence(of) ? typeOf(of).default(1) : typeOf(of);
  const encoded = (
    entries: readonly (readonly [at: PropertyKey, key: unknown, value: unknown])[],
    context: Context,
  ): EncodedEntry[] => {
    limit(context, entries.length, max);
    const isNew = duplicates(context);
    return entries.map(([at, key, value]) => {
      const bytes = encode(layout, key);
      isNew(bytes, at);
      return { key: bytes, value: encode(of, value) };
    });
  };
  const list = z
    .array(z.strictObject({ key: keyType, value: valueType }), { error: "a list of { key, value } was expected" })
    .transform((given, context) =>
      encoded(
        given.map(({ key, value }, index) => [index, key, value]),
        context,
      ),
    );
  if (layout.kind !== "scalar") return list;
  const record = z.record(z.string(), typeOf(of)).transform((given, context) => {
    const entries = Object.entries(given).flatMap(([text, value]): [string, unknown, unknown][] => {
      const key = keyType.safeParse(keyFromText(layout, text));
      if (key.success) return [[text, key.data, value]];
      for (const issue of key.error.issues) report(context, [text], issue.message);
      return [];
    });
    return encoded(entries, context);
  });
  return z.union([list, record], { error: "a list of { key, value }, or an object of values by key, was expected" });
}

const weight = z
  .number("a whole number was expected")
  .int("a whole number was expected")
  .min(0, "the least is 0: no new flows")
  .max(65_535, "the greatest is 65535")
  .default(1);

/** A choice by itself, or with its weight beside its fields, or as { value, weight }. */
function choice(of: LayoutData): z.ZodType<{ readonly value: unknown; readonly weight: number }> {
  const explicit = z.strictObject({ value: typeOf(of), weight });
  const plain = (type: z.ZodType) => type.transform((value: unknown) => ({ value, weight: 1 }));
  if (of.kind !== "struct") return z.union([explicit, plain(typeOf(of))]);
  const beside = z.strictObject({ ...fieldsOf(of), weight }).transform(({ weight: turns, ...value }) => ({
    value,
    weight: turns as number,
  }));
  return isEndpoint(of) ? z.union([plain(typeOf(of)), beside, explicit]) : z.union([beside, explicit]);
}

function maglev({ of, max }: ConfigField): z.ZodType<FieldContent["maglev"]> {
  return z.array(choice(of), { error: "a list of choices was expected" }).transform((given, context) => {
    limit(context, given.length, max);
    const isNew = duplicates(context);
    return given.map(({ value, weight: turns }, index) => {
      const bytes = encode(of, value);
      isNew(bytes, index);
      return { bytes, weight: turns };
    });
  });
}

export const fieldTypes: { readonly [K in ConfigField["kind"]]: (field: ConfigField) => z.ZodType<FieldContent[K]> } = {
  scalar: ({ of }) => typeOf(of).transform((value) => encode(of, value)),
  prefixes,
  table,
  maglev,
};

const protocol = z.union([
  z.enum(Object.keys(PROTOCOLS) as [string, ...string[]]).transform((name) => PROTOCOLS[name] ?? 0),
  z.number().int().min(0).max(255),
]);

/** The addresses a service stands behind; encoded as the keys of its map. */
export function listenType(key: LayoutData, max: number): z.ZodType<readonly Uint8Array[]> {
  const [address, port] = ["address", "u16"].map((type) => {
    const layout = key.kind === "struct" ? key.fields.find((f) => isType(f.layout, type))?.layout : undefined;
    return layout === undefined ? z.never() : typeOf(layout);
  }) as [z.ZodType, z.ZodType];
  const object = z.strictObject({ address, port: port.default(0), protocol });
  const one = z.union([textOf(readListener), object as unknown as z.ZodType<ParsedListener>]);
  return z.array(one, { error: 'a list such as ["10.1.0.1:80/tcp"] was expected' }).transform((given, context) => {
    limit(context, given.length, max);
    const isNew = duplicates(context);
    return given.map((listener, index) => {
      const bytes = encode(key, listener);
      isNew(bytes, index);
      return bytes;
    });
  });
}

const isType = (layout: LayoutData, type: string): boolean => layout.kind === "scalar" && layout.type === type;
