/** Packets as named fields, for people: one line, many lines, and what differs between two. */
import { parseAddress, parseMac } from "../../../sdk/layout/address.ts";
import { sameBytes, toHex } from "../bytes.ts";
import { type Dissection, dissect } from "./dissect.ts";
import type { Layer } from "./layers.ts";
import { optionText } from "./options.ts";

export type FieldValue = string | number | boolean | Uint8Array;
export interface Field {
  /** "ipv4.destination", "inner.tcp.flags", "vlan[1].id". */
  readonly path: string;
  readonly value: FieldValue;
}

/** Flags and options become text: "syn ack", "mss 1460, nop". */
function plain(value: unknown): FieldValue {
  if (!Array.isArray(value)) return value as FieldValue;
  const items: unknown[] = value;
  const texts = items.map((item) =>
    typeof item === "object" ? optionText(item as Parameters<typeof optionText>[0]) : String(item),
  );
  return texts.join(typeof items[0] === "object" ? ", " : " ");
}

const layerFields = (layer: Layer, path: string): Field[] =>
  Object.entries(layer)
    .filter(([name, value]) => name !== "kind" && value !== undefined)
    .map(([name, value]) => ({ path: `${path}.${name}`, value: plain(value) }));

/** Every field of a packet, in wire order. */
export const listFields = ({ layers, places }: Dissection): Field[] =>
  layers.flatMap((layer, i) => layerFields(layer, places[i]?.path ?? layer.kind));

const PREVIEW = 32;
const printable = (bytes: Uint8Array): boolean => bytes.every((byte) => byte >= 0x20 && byte < 0x7f);

/** Bytes for people: text where it is text, otherwise hexadecimal; long ones are cut. */
export function bytesText(bytes: Uint8Array): string {
  const head = bytes.subarray(0, PREVIEW);
  const text = printable(head) ? JSON.stringify(new TextDecoder().decode(head)) : toHex(head);
  return bytes.length > PREVIEW ? `${text}… (${bytes.length} bytes)` : text;
}

export function valueText({ path, value }: Field): string {
  if (value instanceof Uint8Array) return value.length === 0 ? "none" : bytesText(value);
  if (typeof value === "number" && /(checksum|ethernet\.type|vlan(\[\d+\])?\.type|geneve\.protocol)$/.test(path)) {
    return `0x${value.toString(16).padStart(4, "0")}`;
  }
  return value === "" ? "none" : String(value);
}

type Subject = Uint8Array | { readonly bytes: Uint8Array };
export const bytesOf = (subject: Subject): Uint8Array => (subject instanceof Uint8Array ? subject : subject.bytes);

const stopText = ({ stopped }: Dissection): string | null =>
  stopped === null ? null : `stops at byte ${stopped.at}: ${stopped.layer} ${stopped.reason}`;

/** Many lines, one for each field; wrong checksums say what would be right. */
export function fields(subject: Subject): string {
  const dissection = dissect(bytesOf(subject));
  const verdicts = new Map(dissection.checksums.map((checksum) => [`${checksum.layer}.checksum`, checksum]));
  const lines = listFields(dissection)
    .filter(({ path, value }) => !(path.endsWith(".trailer") && value instanceof Uint8Array && value.length === 0))
    .map((field) => {
      const verdict = verdicts.get(field.path);
      const note =
        verdict?.verdict === "wrong" ? ` (wrong: 0x${(verdict.expected ?? 0).toString(16).padStart(4, "0")})` : "";
      return `${field.path}: ${valueText(field)}${note}`;
    });
  return [...lines, ...(stopText(dissection) === null ? [] : [stopText(dissection) as string])].join("\n");
}

const endpoint = (address: string, port?: number): string =>
  port === undefined ? address : address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

function layerText(layer: Layer): string | null {
  switch (layer.kind) {
    case "vlan":
      return `vlan ${layer.id}`;
    case "arp":
      return layer.operation === 1
        ? `arp who has ${layer.targetAddress}, tell ${layer.senderAddress}`
        : `arp ${layer.senderAddress} is at ${layer.senderMac}`;
    case "tcp":
      return `tcp${layer.flags.length > 0 ? ` ${layer.flags.join(" ")}` : ""}`;
    case "icmp":
    case "icmpv6":
      return `${layer.kind} type ${layer.type} code ${layer.code}`;
    case "vxlan":
    case "geneve":
      return `${layer.kind} ${layer.vni}`;
    case "payload":
      return `${layer.bytes.length} bytes of payload`;
    case "fragment":
      return `fragment at ${layer.offset}`;
    case "ethernet":
      return null;
    default:
      return layer.kind;
  }
}

/** One line: "10.0.0.7:40000 > 10.1.0.1:80 tcp syn (54 bytes)". */
export function describe(subject: Subject): string {
  const bytes = bytesOf(subject);
  const dissection = dissect(bytes);
  const parts: string[] = [];
  dissection.layers.forEach((layer, i) => {
    if (layer.kind === "ipv4" || layer.kind === "ipv6") {
      const ports = dissection.layers[i + 1];
      const has = ports?.kind === "tcp" || ports?.kind === "udp";
      parts.push(
        `${endpoint(layer.source, has ? ports.sourcePort : undefined)} > ${endpoint(layer.destination, has ? ports.destinationPort : undefined)}`,
      );
      if (layer.kind === "ipv4" && layer.fragmentOffset > 0) parts.push(`fragment at ${layer.fragmentOffset}`);
    } else {
      const text = layerText(layer);
      if (text !== null) parts.push(text);
    }
  });
  const stop = stopText(dissection);
  return `${parts.join(" ") || "ethernet"} (${bytes.length} bytes${stop === null ? "" : `, ${stop}`})`;
}

function sameValue(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? sameBytes(a, b) : a === b;
}

/** Long byte strings differ somewhere: show that place, not the beginning. */
function byteDifference(a: Uint8Array, b: Uint8Array): string | null {
  if (a.length <= PREVIEW && b.length <= PREVIEW) return null;
  const at = a.findIndex((byte, i) => byte !== b[i]);
  const from = Math.max(0, (at < 0 ? Math.min(a.length, b.length) : at) - 4);
  const cut = (bytes: Uint8Array) => `${bytesText(bytes.subarray(from, from + PREVIEW))} of ${bytes.length}`;
  return `from byte ${from}: ${cut(a)}, expected ${cut(b)}`;
}

/**
 * What differs, one line per field: "ipv4.ttl: 63, expected 64". Empty when the bytes are equal.
 * `received` is what came out, `expected` what should have.
 */
export function diff(received: Subject, expected: Subject): string {
  const [a, b] = [bytesOf(received), bytesOf(expected)];
  if (sameBytes(a, b)) return "";
  const [left, right] = [listFields(dissect(a)), listFields(dissect(b))];
  const wanted = new Map(right.map((field) => [field.path, field]));
  const had = new Set(left.map((field) => field.path));
  const lines: string[] = [];
  for (const field of left) {
    const other = wanted.get(field.path);
    if (other === undefined) lines.push(`${field.path}: ${valueText(field)}, expected no such field`);
    else if (!sameValue(field.value, other.value)) {
      const detail =
        field.value instanceof Uint8Array && other.value instanceof Uint8Array
          ? byteDifference(field.value, other.value)
          : null;
      lines.push(`${field.path}: ${detail ?? `${valueText(field)}, expected ${valueText(other)}`}`);
    }
  }
  for (const field of right)
    if (!had.has(field.path)) lines.push(`${field.path}: missing, expected ${valueText(field)}`);
  if (a.length !== b.length) lines.push(`length: ${a.length}, expected ${b.length}`);
  // Every bit has a field, so this is reached only if a header's reader loses one: then say where.
  if (lines.length === 0) lines.push(`byte ${a.findIndex((byte, i) => byte !== b[i])}: differs in no named field`);
  return lines.join("\n");
}

const canonical = (value: unknown): unknown =>
  typeof value === "string" ? (parseAddress(value) ?? parseMac(value)?.toString(16).concat("mac") ?? value) : value;

/** Equality as a test means it: addresses in any spelling, bytes also as text. */
export function fieldEquals(value: FieldValue, expected: unknown): boolean {
  if (value instanceof Uint8Array) {
    return expected instanceof Uint8Array
      ? sameBytes(value, expected)
      : typeof expected === "string" && sameBytes(value, new TextEncoder().encode(expected));
  }
  return value === expected || (typeof value === "string" && canonical(value) === canonical(expected));
}
