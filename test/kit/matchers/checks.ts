/**
 * The matchers as plain functions, for any test runner: each says whether it holds and, as text, why not
 * (or, for a negated expectation, that it does).
 */
import { dissect } from "../packet/dissect.ts";
import { bytesOf, describe, diff, fieldEquals, fields, listFields, valueText } from "../packet/fields.ts";
import { type ExpectedVerdict, meets, type Verdict } from "./verdict.ts";

export interface Check {
  readonly pass: boolean;
  /** Why it failed; when `pass`, why its negation did. */
  readonly message: string;
}

/** Bytes, a packet, or an outcome of a run, whose packet is meant. */
export type PacketLike =
  | Uint8Array
  | { readonly bytes: Uint8Array }
  | { readonly packet: { readonly bytes: Uint8Array } };

const subjectOf = (subject: PacketLike): Uint8Array =>
  subject instanceof Uint8Array ? subject : "packet" in subject ? subject.packet.bytes : bytesOf(subject);

const hex = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`;

/** `reason` is what an outcome knows of the cause of a drop or a fault. */
export function checkVerdict(
  outcome: {
    readonly verdict: Verdict;
    readonly packet: { readonly bytes: Uint8Array };
    readonly reason?: string | null;
  },
  expected: ExpectedVerdict,
): Check {
  const pass = meets(outcome.verdict, expected);
  const reason = outcome.reason == null ? "" : ` (${outcome.reason})`;
  return {
    pass,
    message: pass
      ? `expected another verdict than '${expected}' for ${describe(outcome.packet)}`
      : `expected the verdict '${expected}', got '${outcome.verdict}'${reason} for ${describe(outcome.packet)}`,
  };
}

export function checkPacket(received: PacketLike, expected: PacketLike): Check {
  const [a, b] = [subjectOf(received), subjectOf(expected)];
  const difference = diff(a, b);
  return difference === ""
    ? { pass: true, message: `expected another packet than ${describe(b)}` }
    : { pass: false, message: `expected ${describe(b)}\ngot      ${describe(a)}\n${difference}` };
}

/** Every checksum that can be known is right. UDP's "none" counts as valid over IPv4 and for tunnels (RFC 6935). */
export function checkChecksums(subject: PacketLike): Check {
  const bytes = subjectOf(subject);
  const { layers, places, checksums } = dissect(bytes);
  const faults = checksums.flatMap(({ layer, found, expected, verdict }) => {
    if (verdict === "wrong") return [`${layer}.checksum: ${hex(found)}, expected ${hex(expected ?? 0)}`];
    if (verdict !== "none") return [];
    const at = places.findIndex((place) => place.path === layer);
    const network = layers.slice(0, at).findLast((outer) => outer.kind === "ipv4" || outer.kind === "ipv6");
    const tunnel = layers[at + 1]?.kind === "vxlan" || layers[at + 1]?.kind === "geneve";
    return network?.kind === "ipv6" && !tunnel ? [`${layer}.checksum: none, which IPv6 forbids`] : [];
  });
  if (checksums.length === 0) faults.push("it has no checksum");
  const pass = faults.length === 0;
  return {
    pass,
    message: pass
      ? `expected a wrong checksum in ${describe(bytes)}`
      : `expected valid checksums in ${describe(bytes)}\n${faults.join("\n")}`,
  };
}

/** Values by path: numbers, booleans, texts; addresses in any spelling; payload as text or bytes. */
export type ExpectedFields = Readonly<Record<string, string | number | boolean | Uint8Array>>;

export function checkFields(subject: PacketLike, expected: ExpectedFields): Check {
  const bytes = subjectOf(subject);
  const found = new Map(listFields(dissect(bytes)).map((field) => [field.path, field]));
  const faults = Object.entries(expected).flatMap(([path, value]) => {
    const field = found.get(path);
    if (field === undefined) return [`${path}: missing, expected ${valueText({ path, value })}`];
    return fieldEquals(field.value, value)
      ? []
      : [`${path}: ${valueText(field)}, expected ${valueText({ path, value })}`];
  });
  const pass = faults.length === 0;
  const missing = faults.some((fault) => fault.includes(": missing"));
  return {
    pass,
    message: pass
      ? `expected other fields than these in ${describe(bytes)}: ${Object.keys(expected).join(", ")}`
      : `expected other fields in ${describe(bytes)}\n${faults.join("\n")}${missing ? `\nThe packet's fields:\n${fields(bytes)}` : ""}`,
  };
}
