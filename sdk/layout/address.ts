/** Text forms of addresses (RFC 791, RFC 4291 section 2.2, RFC 5952) and their integer values. */

const V4_MAPPED = 0xffffn << 32n;

/** Parses dotted-quad IPv4, or returns null. "10.0.0.1" → 0x0a000001. */
export function parseIpv4(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Parses IPv6 text (RFC 4291 section 2.2, with the embedded-IPv4 form), or returns null. */
export function parseIpv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const groups = (half: string): number[] | null => {
    if (half === "") return [];
    const out: number[] = [];
    const parts = half.split(":");
    for (const [index, part] of parts.entries()) {
      if (part.includes(".") && index === parts.length - 1) {
        const v4 = parseIpv4(part);
        if (v4 === null) return null;
        out.push(Math.floor(v4 / 65536), v4 % 65536);
      } else {
        if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
        out.push(Number.parseInt(part, 16));
      }
    }
    return out;
  };
  const head = groups(halves[0] as string);
  const tail = halves.length === 2 ? groups(halves[1] as string) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail].reduce(
    (value, group) => (value << 16n) | BigInt(group),
    0n,
  );
}

/** Parses either family into the 128-bit `address` form; IPv4 becomes ::ffff:a.b.c.d. */
export function parseAddress(text: string): bigint | null {
  const v4 = parseIpv4(text);
  return v4 === null ? parseIpv6(text) : V4_MAPPED | BigInt(v4);
}

/** Parses "02:00:00:00:00:01" into a 48-bit value, or returns null. */
export function parseMac(text: string): bigint | null {
  return /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text) ? BigInt(`0x${text.replaceAll(":", "")}`) : null;
}

export const formatIpv4 = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

/** Canonical text of RFC 5952: lower case, longest run of zero groups shortened. */
export function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > best.length) best = { start: i, length: n };
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

export const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn;

/** Text of the 128-bit `address` form: dotted quad when it is an IPv4-mapped address. */
export const formatAddress = (value: bigint): string =>
  isMapped(value) ? formatIpv4(Number(value & 0xffffffffn)) : formatIpv6(value);

export const formatMac = (value: bigint): string =>
  (value.toString(16).padStart(12, "0").match(/../g) as string[]).join(":");
