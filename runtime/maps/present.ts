/** Decoded values as people read and write them: addresses, hardware addresses and endpoints as text. */
import { formatAddress, formatIpv4, formatIpv6, formatMac } from "../../sdk/layout/address.ts";
import type { LayoutData, ScalarName } from "../../sdk/layout/data.ts";
import { endpointText } from "../config/text.ts";

const FORMATS: Readonly<Record<string, (value: never) => string>> = {
  ipv4: formatIpv4,
  ipv6: formatIpv6,
  address: formatAddress,
  mac: formatMac,
};

/** JSON's numbers hold 53 bits exactly. */
const plainNumber = (value: unknown): unknown =>
  typeof value !== "bigint"
    ? value
    : value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : String(value);

export const isScalar = (layout: LayoutData | undefined, type: ScalarName): boolean =>
  layout?.kind === "scalar" && layout.type === type;

/** Whether a struct is an address and a port, which have one text: "10.0.0.1:80". */
export const isEndpoint = (layout: LayoutData): boolean =>
  layout.kind === "struct" &&
  layout.fields.length === 2 &&
  isScalar(layout.fields.find((field) => field.name === "address")?.layout, "address") &&
  isScalar(layout.fields.find((field) => field.name === "port")?.layout, "u16");

/** A decoded value as a config file says it, and as events are shown. */
export function present(layout: LayoutData, value: unknown): unknown {
  switch (layout.kind) {
    case "scalar": {
      const format = FORMATS[layout.type];
      return format === undefined ? plainNumber(value) : format(value as never);
    }
    case "array":
      return (value as readonly unknown[]).map((each) => present(layout.of, each));
    case "struct": {
      const parts = value as Record<string, unknown>;
      if (isEndpoint(layout)) return endpointText(parts.address as bigint, parts.port as number);
      return Object.fromEntries(
        layout.fields
          .filter((field) => field.layout.kind !== "spinLock")
          .map((field) => [field.name, present(field.layout, parts[field.name])]),
      );
    }
    case "bits":
    case "spinLock":
      return value;
  }
}
