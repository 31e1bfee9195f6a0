/**
 * What libbpf takes for granted of an object's BTF, and follows blindly where it is not so: that types which are named are there,
 * that names are, and that no type holds itself.
 */
import { type Btf, type BtfType, KIND, readBtf } from "./btf.ts";

const REFERRING: ReadonlySet<number> = new Set([
  KIND.pointer,
  KIND.typedef,
  KIND.volatile,
  KIND.const,
  KIND.restrict,
  KIND.function,
  KIND.functionProto,
  KIND.variable,
  KIND.declarationTag,
  KIND.typeTag,
]);
/** Those that stand for what they refer to. */
const THROUGH: ReadonlySet<number> = new Set([KIND.typedef, KIND.volatile, KIND.const, KIND.restrict, KIND.typeTag]);
/** C's own structures are a few deep. */
const DEEPEST = 64;

/** Numbers of the types that follow in the body, where `each` bytes hold one at `place`. */
function inBody({ view }: Btf, { body, count }: BtfType, each: number, place: number): number[] {
  return Array.from({ length: count }, (_, index) => view.getUint32(body + index * each + place, true));
}

/** The types of which one is made, whose size it has to know. */
function partsOf(btf: Btf, type: BtfType): readonly number[] {
  if (THROUGH.has(type.kind)) return [type.sizeOrType];
  if (type.kind === KIND.array) return [btf.view.getUint32(type.body, true)];
  if (type.kind === KIND.struct || type.kind === KIND.union) return inBody(btf, type, 12, 4);
  return [];
}

function* namedBy(btf: Btf, type: BtfType): Generator<number> {
  yield* partsOf(btf, type);
  if (REFERRING.has(type.kind)) yield type.sizeOrType;
  if (type.kind === KIND.array) yield btf.view.getUint32(type.body + 4, true);
  if (type.kind === KIND.functionProto) yield* inBody(btf, type, 8, 4);
  if (type.kind === KIND.dataSection) yield* inBody(btf, type, 12, 0);
}

function endsInTime(btf: Btf): boolean {
  const known = new Set<number>();
  const ends = (id: number, depth: number): boolean => {
    if (known.has(id)) return true;
    if (depth > DEEPEST) return false;
    const type = btf.types[id];
    if (type !== undefined && !partsOf(btf, type).every((part) => ends(part, depth + 1))) return false;
    known.add(id);
    return true;
  };
  return btf.types.every((_, id) => ends(id, 0));
}

function* faults(bytes: Uint8Array): Generator<string> {
  const btf = readBtf(bytes);
  if (btf === null) return yield "its types are no BTF";
  const { types, view, strings } = btf;
  if (strings.at(0) !== 0 || strings.at(-1) !== 0) yield "the names of its types do not end";
  for (const type of types.slice(1)) {
    if (!Object.values<number>(KIND).includes(type.kind)) yield `a type is of kind ${type.kind}`;
    if (view.getUint32(type.body - 12, true) >= strings.length) yield "a type's name is outside the names";
    for (const id of namedBy(btf, type)) if (id >= types.length) yield "a type refers to one that is not there";
  }
  if (!endsInTime(btf)) yield "a type is made of itself";
}

/** What is wrong with the bytes of a `.BTF` section, or null. */
export function faultOfBtf(bytes: Uint8Array): string | null {
  try {
    const [first] = faults(bytes);
    return first ?? null;
  } catch (error) {
    if (error instanceof RangeError) return "its types are cut short";
    throw error;
  }
}
