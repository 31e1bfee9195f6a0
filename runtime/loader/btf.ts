/**
 * BTF, the kernel's type format (Documentation/bpf/btf.rst): enough of it to compare the shapes of two maps and to find
 * an instruction's line. Read by ourselves, because libbpf gives no way to compare types of different objects.
 */

const MAGIC = 0xeb9f;
export const KIND = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  functionProto: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

export interface BtfType {
  readonly name: string;
  readonly kind: number;
  readonly count: number;
  readonly bitFields: boolean;
  /** Bytes of the type, or the id of the type it refers to: by kind. */
  readonly sizeOrType: number;
  /** Where what follows the header begins. */
  readonly body: number;
}

export interface Btf {
  readonly types: readonly BtfType[];
  readonly view: DataView;
  /** All names, one after the other; offsets of names count from its start. */
  readonly strings: Uint8Array;
  text(offset: number): string;
}

/** Bytes that follow a type's three words. */
function bodyBytes(kind: number, count: number): number {
  switch (kind) {
    case KIND.int:
    case KIND.variable:
    case KIND.declarationTag:
      return 4;
    case KIND.array:
      return 12;
    case KIND.struct:
    case KIND.union:
    case KIND.dataSection:
    case KIND.enum64:
      return 12 * count;
    case KIND.enum:
    case KIND.functionProto:
      return 8 * count;
    default:
      return 0;
  }
}

/** Null when the bytes are no BTF of this byte order. */
export function readBtf(bytes: Uint8Array): Btf | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint16(0, true) !== MAGIC) return null;
  const header = view.getUint32(4, true);
  const stringsAt = header + view.getUint32(16, true);
  const strings = bytes.subarray(stringsAt, stringsAt + view.getUint32(20, true));
  const text = (offset: number): string => {
    const end = strings.indexOf(0, offset);
    return Buffer.from(strings.subarray(offset, end)).toString("utf8");
  };
  const types: BtfType[] = [{ name: "void", kind: 0, count: 0, bitFields: false, sizeOrType: 0, body: 0 }];
  let at = header + view.getUint32(8, true);
  const end = at + view.getUint32(12, true);
  while (at < end) {
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 31;
    const count = info & 0xffff;
    types.push({
      name: text(view.getUint32(at, true)),
      kind,
      count,
      bitFields: info >>> 31 === 1,
      sizeOrType: view.getUint32(at + 8, true),
      body: at + 12,
    });
    at += 12 + bodyBytes(kind, count);
  }
  return { types, view, strings, text };
}

function describeInteger(btf: Btf, type: BtfType): string {
  const encoding = (btf.view.getUint32(type.body, true) >>> 24) & 15;
  if ((encoding & 4) !== 0) return "bool";
  return `${(encoding & 1) === 0 ? "u" : "i"}${type.sizeOrType * 8}`;
}

function describeMembers(btf: Btf, type: BtfType): string {
  const members = Array.from({ length: type.count }, (_, index) => {
    const at = type.body + index * 12;
    const place = btf.view.getUint32(at + 8, true);
    const bits = type.bitFields ? place & 0xffffff : place;
    const width = type.bitFields && place >>> 24 !== 0 ? `:${place >>> 24}` : "";
    const offset = bits % 8 === 0 ? `${bits / 8}` : `${Math.floor(bits / 8)}.${bits % 8}`;
    return `${btf.text(btf.view.getUint32(at, true))}@${offset}${width}: ${describeType(btf, btf.view.getUint32(at + 4, true))}`;
  });
  return `${type.kind === KIND.struct ? "struct" : "union"} { ${members.join("; ")} } of ${type.sizeOrType} bytes`;
}

/**
 * A type as text that is equal for equal memory layouts: names of fields, their offsets and widths, not the names of types.
 * "struct { from@0: u16; to@2: u16 } of 4 bytes".
 */
export function describeType(btf: Btf, id: number): string {
  const type = btf.types[id];
  if (type === undefined || id === 0) return "void";
  switch (type.kind) {
    case KIND.int:
      return describeInteger(btf, type);
    case KIND.typedef:
    case KIND.volatile:
    case KIND.const:
    case KIND.restrict:
    case KIND.typeTag:
      return describeType(btf, type.sizeOrType);
    case KIND.array:
      return `${describeType(btf, btf.view.getUint32(type.body, true))}[${btf.view.getUint32(type.body + 8, true)}]`;
    case KIND.struct:
      return type.name === "bpf_spin_lock" || type.name === "bpf_timer" ? type.name : describeMembers(btf, type);
    case KIND.union:
      return describeMembers(btf, type);
    case KIND.enum:
    case KIND.enum64:
      return `${type.bitFields ? "i" : "u"}${type.sizeOrType * 8}`;
    case KIND.pointer:
      return "pointer";
    case KIND.float:
      return `f${type.sizeOrType * 8}`;
    default:
      return `kind ${type.kind}`;
  }
}
