/** Layouts and maps in the notation of printed IR. */
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";

/** `u32`, `be u16`, `bits8 { version:4, headerWords:4 }`, `u8[6]`, `struct16 { source@0: address }`. */
export function printLayout(layout: LayoutData): string {
  switch (layout.kind) {
    case "scalar": {
      const network = ["ipv4", "ipv6", "mac", "address"].includes(layout.type);
      const order = layout.order === (network ? "big" : "little") ? "" : `${layout.order === "big" ? "be" : "le"} `;
      return `${order}${layout.type}`;
    }
    case "bits": {
      const order = layout.order === "big" ? "be " : "";
      const fields = layout.fields.map((field) => `${field.name}:${field.width}`).join(", ");
      return `${order}bits${layout.size * 8} { ${fields} }`;
    }
    case "array":
      return `${printLayout(layout.of)}[${layout.length}]`;
    case "struct": {
      const fields = layout.fields.map((field) => `${field.name}@${field.offset}: ${printLayout(field.layout)}`);
      return fields.length === 0 ? `struct${layout.size} {}` : `struct${layout.size} { ${fields.join(", ")} }`;
    }
    case "spinLock":
      return "spinLock";
  }
}

/** `lruHash<address, u64>[1024]`, with flags and parameters only where they are set. */
export function printMapShape(map: MapData): string {
  const types = [map.key, map.value].map((layout) => (layout === null ? "-" : printLayout(layout)));
  const extras = [
    ...(map.flags === 0 ? [] : [`flags 0x${map.flags.toString(16)}`]),
    ...(map.extra === 0 ? [] : [`extra ${map.extra}`]),
    ...(map.inner === null ? [] : [`of ${printMapShape(map.inner)}`]),
  ];
  return [`${map.kind}<${types.join(", ")}>[${map.maxEntries}]`, ...extras].join(" ");
}
