/**
 * zod types of the kinds of config fields. What they give is ready to be laid out (see plan.ts): encoded keys and values,
 * without duplicates and within the declared maximum.
 */
import { z } from "zod";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { encode, encodeInto } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { isEndpoint, isScalar } from "../maps/present.ts";
import { type Entries, writeEntries } from "./entries.ts";
import { duplicates, limit, recordOf, report } from "./findings.ts";
import { type PoolContent, portPoolType } from "./port-pool.ts";
import { type SecretContent, secretType } from "./secret.ts";
import { type ParsedListener, PROTOCOLS, readEndpoint, readListener, readPrefix } from "./text.ts";
import { fieldsOf, objectOf, textOf, typeOf } from "./values.ts";

export type ConfigField = NonNullable<Manifest["service"]>["config"][number];

export interface EncodedChoice {
  readonly bytes: Uint8Array;
  readonly weight: number;
}

/** Content of a field by its kind. */
export interface FieldContent {
  readonly scalar: Uint8Array;
  readonly prefixes: Entries;
  readonly table: Entries;
  readonly maglev: readonly EncodedChoice[];
  readonly portPool: PoolContent;
  readonly secret: SecretContent;
}

const U8: LayoutData = { kind: "scalar", type: "u8", size: 1, align: 1, order: "little" };

/** Declared with `of: {}`: only presence counts, and a list of keys says it all. */
const isPresence = (layout: LayoutData): boolean => isScalar(layout, "u8");

const isNothing = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

/** The value of an entry. One that only has to be there is 1, or the `{}` that it was declared as. */
const entryType = (of: LayoutData): z.ZodType =>
  isPresence(of) ? z.preprocess((value) => (isNothing(value) ? 1 : value), typeOf(of)) : typeOf(of);

/** struct bpf_lpm_trie_key: the length in bits, then the address in network order. */
export const PREFIX_KEY_BYTES = 20;

function encodePrefixes(
  { of, max }: ConfigField,
  entries: readonly (readonly [text: string, value: unknown])[],
  /** Where the nth entry stands. */
  place: (index: number, text: string) => PropertyKey,
  context: z.RefinementCtx,
): Entries {
  limit(context, entries.length, max);
  const isNew = duplicates(context);
  const out = writeEntries(entries.length, PREFIX_KEY_BYTES, of.size);
  const view = new DataView(out.keys.buffer);
  for (const [index, [text, value]] of entries.entries()) {
    const at = place(index, text);
    const prefix = readPrefix(text);
    if (!prefix.ok) {
      report(context, [at], prefix.reason);
      continue;
    }
    const { length, v4, address } = prefix.value;
    view.setUint32(out.keyAt, length, true);
    if (v4 !== null) {
      view.setUint32(out.keyAt + 12, 0xffff);
      view.setUint32(out.keyAt + 16, v4);
    } else {
      view.setBigUint64(out.keyAt + 4, address >> 64n);
      view.setBigUint64(out.keyAt + 12, address);
    }
    isNew(v4 === null ? `${length}/${address}` : v4 * 256 + length, at);
    encodeInto(of, value, out.values, out.valueAt);
    out.next();
  }
  return out.finish();
}

function prefixes(field: ConfigField): z.ZodType<Entries> {
  const error = 'an object of values by prefix was expected, such as { "10.0.0.0/8": … }';
  const record = recordOf(entryType(field.of), error).transform((given, context) =>
    encodePrefixes(field, given, (_, text) => text, context),
  );
  if (!isPresence(field.of)) return record;
  const list = z.array(z.string()).transform((given, context) =>
    encodePrefixes(
      field,
      given.map((text) => [text, 1]),
      (index) => index,
      context,
    ),
  );
  return z.union([list, record], { error: "a list of prefixes was expected" });
}

/** Text of a key that an object can have: what a scalar's own type reads, numbers included. */
function keyFromText(key: LayoutData, text: string): unknown {
  if (isScalar(key, "bool")) return text === "true" ? true : text === "false" ? false : text;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

function encoded(
  keyLayout: LayoutData,
  valueLayout: LayoutData,
  entries: readonly (readonly [at: PropertyKey, key: unknown, value: unknown])[],
  max: number,
  context: z.RefinementCtx,
): Entries {
  limit(context, entries.length, max);
  const isNew = duplicates(context);
  const out = writeEntries(entries.length, keyLayout.size, valueLayout.size);
  for (const [at, key, value] of entries) {
    encodeInto(keyLayout, key, out.keys, out.keyAt);
    encodeInto(valueLayout, value, out.values, out.valueAt);
    isNew(Buffer.from(out.keys.buffer, out.keyAt, keyLayout.size).toString("latin1"), at);
    out.next();
  }
  return out.finish();
}

function table({ of, key: keyLayout, max }: ConfigField): z.ZodType<Entries> {
  const layout = keyLayout ?? of;
  const keyType = typeOf(layout);
  const valueType = isPresence(of) ? entryType(of).default(1) : typeOf(of);
  const error = "a list of { key, value } was expected";
  const list = z.array(objectOf({ key: keyType, value: valueType }), { error }).transform((given, context) =>
    encoded(
      layout,
      of,
      given.map(({ key, value }, index) => [index, key, value]),
      max,
      context,
    ),
  );
  if (layout.kind !== "scalar") return list;
  const record = recordOf(entryType(of), error).transform((given, context) => {
    const entries = given.flatMap(([text, value]): [string, unknown, unknown][] => {
      const key = keyType.safeParse(keyFromText(layout, text));
      if (key.success) return [[text, key.data, value]];
      for (const issue of key.error.issues) report(context, [text], issue.message);
      return [];
    });
    return encoded(layout, of, entries, max, context);
  });
  return z.union([list, record], { error: `${error}, or an object of values by key` });
}

const weight = z
  .number("a whole number was expected")
  .int("a whole number was expected")
  .min(0, "the least is 0: no new flows")
  .max(65_535, "the greatest is 65535")
  .default(1);

/** A choice by itself, or with its weight beside its fields, or as { value, weight }. */
function choice(of: LayoutData): z.ZodType<{ readonly value: unknown; readonly weight: number }> {
  const explicit = objectOf({ value: typeOf(of), weight });
  const plain = (type: z.ZodType) => type.transform((value: unknown) => ({ value, weight: 1 }));
  const error = "a choice was expected, by itself or as { value, weight }";
  if (of.kind !== "struct") return z.union([explicit, plain(typeOf(of))], { error });
  const beside = objectOf({ ...fieldsOf(of), weight }).transform(({ weight: turns, ...value }) => ({
    value,
    weight: turns as number,
  }));
  return isEndpoint(of)
    ? z.union([plain(textOf(readEndpoint)), beside, explicit], {
        error: 'an address with a port was expected, such as "10.0.0.1:80", with a weight or without',
      })
    : z.union([beside, explicit], { error });
}

function maglev({ of, max }: ConfigField): z.ZodType<FieldContent["maglev"]> {
  return z.array(choice(of), { error: "a list of choices was expected" }).transform((given, context) => {
    limit(context, given.length, max);
    const isNew = duplicates(context);
    return given.map(({ value, weight: turns }, index) => {
      const bytes = encode(of, value);
      isNew(Buffer.from(bytes).toString("latin1"), index);
      return { bytes, weight: turns };
    });
  });
}

export const fieldTypes: { readonly [K in ConfigField["kind"]]: (field: ConfigField) => z.ZodType<FieldContent[K]> } = {
  scalar: ({ of }) => typeOf(of).transform((value) => encode(of, value)),
  prefixes,
  table,
  maglev,
  portPool: portPoolType,
  secret: secretType,
};

const anyProtocol = `a protocol was expected: ${Object.keys(PROTOCOLS).join(", ")}, or its number`;
const protocol = z.union(
  [
    z.enum(Object.keys(PROTOCOLS) as [string, ...string[]], anyProtocol).transform((name) => PROTOCOLS[name] ?? 0),
    z.number().int(anyProtocol).min(0, anyProtocol).max(255, anyProtocol),
  ],
  { error: anyProtocol },
);

/** The addresses a service stands behind: keys of the node's map, struct { address, vni, port, protocol }; all present. */
export function listenType(key: LayoutData, max: number): z.ZodType<Entries> {
  const { address = z.never(), port = z.never(), vni = z.never() } = key.kind === "struct" ? fieldsOf(key) : {};
  const object = objectOf({ address, vni: vni.default(0), port: port.default(0), protocol });
  const one = z.union([textOf(readListener), object as unknown as z.ZodType<ParsedListener>], {
    error: 'an address was expected, such as "10.1.0.1:80/tcp"',
  });
  return z.array(one, { error: 'a list such as ["10.1.0.1:80/tcp"] was expected' }).transform((given, context) =>
    encoded(
      key,
      U8,
      given.map((listener, index) => [index, listener, 1]),
      max,
      context,
    ),
  );
}

/** Where endpoints are: key and value of the map in one object, { vni, address, interface, destination, source }. */
export function endpointsType(key: LayoutData, value: LayoutData, max: number): z.ZodType<Entries> {
  const [keyFields, valueFields] = [key, value].map((each) => (each.kind === "struct" ? fieldsOf(each) : {}));
  const { vni, ...rest } = { ...keyFields, ...valueFields };
  const one = objectOf({ ...rest, vni: (vni ?? z.never()).default(0) });
  const part = (all: Record<string, unknown>, of: Record<string, z.ZodType> | undefined) =>
    Object.fromEntries(Object.keys(of ?? {}).map((name) => [name, all[name]]));
  return z.array(one, { error: "a list of endpoints was expected" }).transform((given, context) =>
    encoded(
      key,
      value,
      given.map((each, index) => [index, part(each, keyFields), part(each, valueFields)]),
      max,
      context,
    ),
  );
}
