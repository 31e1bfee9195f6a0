/** Options inside headers. `malformed` holds the bytes from where an option list stops making sense. */

interface Malformed {
  readonly kind: "malformed";
  readonly data: Uint8Array;
}
interface Other {
  readonly kind: "other";
  readonly type: number;
  readonly data: Uint8Array;
}

/** RFC 9293 section 3.1, RFC 7323, RFC 2018. Padding to four bytes is added by itself and reads as `end`. */
export type TcpOption =
  | { readonly kind: "end" }
  | { readonly kind: "nop" }
  | { readonly kind: "mss"; readonly value: number }
  | { readonly kind: "windowScale"; readonly shift: number }
  | { readonly kind: "sackPermitted" }
  | { readonly kind: "sack"; readonly blocks: readonly { readonly from: number; readonly to: number }[] }
  | { readonly kind: "timestamps"; readonly value: number; readonly echo: number }
  | Other
  | Malformed;

/** RFC 791; `type` includes the copied flag and class. */
export type Ipv4Option =
  | { readonly kind: "end" }
  | { readonly kind: "nop" }
  | { readonly kind: "recordRoute"; readonly pointer: number; readonly addresses: readonly string[] }
  | { readonly kind: "routerAlert"; readonly value: number }
  | Other
  | Malformed;

/** RFC 8200 section 4.2: options of hop-by-hop and destination options headers. Padding to eight bytes is added by itself. */
export type DestinationOption =
  | { readonly kind: "pad1" }
  | { readonly kind: "padN"; readonly data: Uint8Array }
  | { readonly kind: "routerAlert"; readonly value: number }
  | Other
  | Malformed;

/** RFC 8926 section 3.5; the high bit of `type` says that the option is critical. Data is a multiple of four bytes. */
export type GeneveOption =
  | {
      readonly kind: "option";
      readonly class: number;
      readonly type: number;
      readonly reserved?: number;
      readonly data: Uint8Array;
    }
  | Malformed;

/** RFC 4861 section 4.6. */
export type NeighbourOption =
  | { readonly kind: "sourceLinkAddress" | "targetLinkAddress"; readonly mac: string }
  | Other
  | Malformed;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

type AnyOption = TcpOption | Ipv4Option | DestinationOption | GeneveOption | NeighbourOption;

/** "mss 1460", "timestamps 7 echo 9", "option 258 type 128 data 0011": short and complete. */
export function optionText(option: AnyOption): string {
  const parts: string[] = [option.kind];
  for (const [name, value] of Object.entries(option)) {
    if (name === "kind" || value === undefined || (name === "reserved" && value === 0)) continue;
    const label = name === "value" || name === "shift" || name === "class" || name === "mac" ? [] : [name];
    if (value instanceof Uint8Array) {
      if (value.length > 0) parts.push("data", hex(value));
    } else if (Array.isArray(value)) {
      const items: unknown[] = value;
      parts.push(
        items
          .map((item) => (typeof item === "object" ? Object.values(item as object).join("-") : String(item)))
          .join(" "),
      );
    } else parts.push(...label, String(value));
  }
  return parts.join(" ");
}
