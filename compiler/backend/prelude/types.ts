/** Debug types, from which LLVM makes the object's BTF. */
import type { LayoutData, ScalarName } from "../../../sdk/layout/data.ts";
import type { Metadata, Node } from "./metadata.ts";

/** A name that the kernel accepts in BTF: [A-Za-z_][A-Za-z0-9_]*. */
export const btfName = (name: string): string => {
  const plain = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return /^[0-9]/.test(plain) || plain === "" ? `_${plain}` : plain;
};

const BASIC = {
  int: ["int", 32, "DW_ATE_signed"],
  bool: ["_Bool", 8, "DW_ATE_boolean"],
  char: ["char", 8, "DW_ATE_signed_char"],
  u8: ["unsigned char", 8, "DW_ATE_unsigned_char"],
  u16: ["unsigned short", 16, "DW_ATE_unsigned"],
  u32: ["unsigned int", 32, "DW_ATE_unsigned"],
  u64: ["unsigned long long", 64, "DW_ATE_unsigned"],
  i64: ["long long", 64, "DW_ATE_signed"],
} as const;

export type BasicName = keyof typeof BASIC;

export interface DebugTypes {
  basic(name: BasicName): Node;
  pointer(to: Node | null): Node;
  array(of: Node, length: number, elementBytes: number): Node;
  /** An array whose length the type leaves open, as the `values` of a map of maps. */
  openArray(of: Node): Node;
  struct(
    name: string,
    bytes: number,
    members: readonly { readonly name: string; readonly type: Node; readonly offset: number; readonly bytes: number }[],
  ): Node;
  /** The type of a layout; structs inside are named after `name`. */
  layout(layout: LayoutData, name: string): Node;
}

/** Scalars whose BTF is an integer. Addresses of 128 bits and MACs are bytes. */
const INTEGER: Readonly<Record<Exclude<ScalarName, "ipv6" | "mac" | "address">, BasicName>> = {
  bool: "bool",
  u8: "u8",
  u16: "u16",
  u32: "u32",
  u64: "u64",
  i32: "int",
  i64: "i64",
  ipv4: "u32",
};

const BITS_TYPE: Readonly<Record<1 | 2 | 4 | 8, BasicName>> = { 1: "u8", 2: "u16", 4: "u32", 8: "u64" };

export function createDebugTypes(metadata: Metadata): DebugTypes {
  const structs = new Map<string, Node>();

  const basic = (name: BasicName): Node => {
    const [label, size, encoding] = BASIC[name];
    return metadata.add(`!DIBasicType(name: "${label}", size: ${size}, encoding: ${encoding})`);
  };
  const pointer = (to: Node | null): Node =>
    metadata.add(`!DIDerivedType(tag: DW_TAG_pointer_type, baseType: ${to ?? "null"}, size: 64)`);
  const arrayOf = (of: Node, count: number, bytes: number): Node => {
    const range = metadata.tuple([metadata.add(`!DISubrange(count: ${count})`)]);
    return metadata.add(
      `!DICompositeType(tag: DW_TAG_array_type, baseType: ${of}, size: ${bytes * 8}, elements: ${range})`,
    );
  };
  const struct: DebugTypes["struct"] = (name, bytes, members) => {
    const signature = JSON.stringify([name, bytes, members]);
    const before = name === "" ? undefined : structs.get(signature);
    if (before !== undefined) return before;
    const node = metadata.reserve();
    const elements = members.map((member) =>
      metadata.add(
        `!DIDerivedType(tag: DW_TAG_member, name: "${btfName(member.name)}", scope: ${node}, baseType: ${member.type}, size: ${member.bytes * 8}, offset: ${member.offset * 8})`,
      ),
    );
    const label = name === "" ? "" : `name: "${btfName(name)}", `;
    metadata.set(
      node,
      `distinct !DICompositeType(tag: DW_TAG_structure_type, ${label}size: ${bytes * 8}, elements: ${metadata.tuple(elements)})`,
    );
    structs.set(signature, node);
    return node;
  };

  const layoutType = (layout: LayoutData, name: string): Node => {
    switch (layout.kind) {
      case "scalar":
        return layout.type === "ipv6" || layout.type === "mac" || layout.type === "address"
          ? arrayOf(basic("u8"), layout.size, layout.size)
          : basic(INTEGER[layout.type]);
      case "bits":
        return basic(BITS_TYPE[layout.size]);
      case "array":
        return arrayOf(layoutType(layout.of, `${name}_item`), layout.length, layout.size);
      case "spinLock":
        // The kernel knows the lock by this very name.
        return struct("bpf_spin_lock", 4, [{ name: "val", type: basic("u32"), offset: 0, bytes: 4 }]);
      case "struct": {
        const members = layout.fields.map((field) => ({
          name: field.name,
          type: layoutType(field.layout, `${name}_${field.name}`),
          offset: field.offset,
          bytes: field.layout.size,
        }));
        return struct(name, layout.size, members);
      }
    }
  };

  return {
    basic,
    pointer,
    array: (of, length, elementBytes) => arrayOf(of, length, length * elementBytes),
    openArray: (of) => arrayOf(of, -1, 0),
    struct,
    layout: layoutType,
  };
}
