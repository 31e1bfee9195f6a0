/** Reads back a BPF object: the functions in it, their instructions, calls and stack. ELF64, little-endian. */
import { fallsBack } from "./back-edges.ts";

export interface ObjectFunction {
  readonly name: string;
  readonly section: string;
  /** Instructions of eight bytes; a 64-bit constant counts twice, as for the kernel. */
  readonly instructions: number;
  /** Bytes of stack that it touches itself. */
  readonly stack: number;
  /** Names of the functions it calls or hands to the kernel. */
  readonly calls: readonly string[];
  /** Whether it makes tail calls. */
  readonly tailCalls: boolean;
  /** Whether it falls through to the start of a loop: see back-edges.ts. */
  readonly fallsBack: boolean;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

interface Symbol {
  readonly name: string;
  readonly type: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

const SHT_SYMTAB = 2;
const SHT_REL = 9;
const STT_FUNC = 2;
const STT_SECTION = 3;
const INSTRUCTION = 8;
/** Opcodes: call, and the load of a 64-bit constant. */
const JUMP = 0x05;
const EXIT = 0x95;
const CALL = 0x85;
const LOAD_64 = 0x18;
/** Source of a call to another function of the object. */
const PSEUDO_CALL = 1;
/** Number of the kernel's function that makes a tail call. */
const TAIL_CALL = 12;
const FRAME_POINTER = 10;
/** Stack below a function that makes a tail call: less than this. */
const TAIL_CALL_STACK = 256;

function textAt(view: DataView, offset: number): string {
  let end = offset;
  while (end < view.byteLength && view.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset));
}

const number64 = (view: DataView, offset: number): number => Number(view.getBigUint64(offset, true));

function sectionsOf(view: DataView): readonly Section[] {
  const table = number64(view, 40);
  const [entry, count, names] = [view.getUint16(58, true), view.getUint16(60, true), view.getUint16(62, true)];
  const raw = Array.from({ length: count }, (_, index) => {
    const at = table + index * entry;
    return {
      nameAt: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      offset: number64(view, at + 24),
      size: number64(view, at + 32),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
    };
  });
  const strings = raw[names]?.offset ?? 0;
  return raw.map(({ nameAt, ...rest }) => ({ ...rest, name: textAt(view, strings + nameAt) }));
}

function symbolsOf(view: DataView, sections: readonly Section[]): readonly Symbol[] {
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  if (table === undefined) return [];
  const strings = sections[table.link]?.offset ?? 0;
  return Array.from({ length: table.size / 24 }, (_, index) => {
    const at = table.offset + index * 24;
    return {
      name: textAt(view, strings + view.getUint32(at, true)),
      type: view.getUint8(at + 4) & 0xf,
      section: view.getUint16(at + 6, true),
      value: number64(view, at + 8),
      size: number64(view, at + 16),
    };
  });
}

/** Relocated symbol by section and offset within it. */
function relocationsOf(view: DataView, sections: readonly Section[]): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const section of sections) {
    if (section.type !== SHT_REL) continue;
    for (let at = section.offset; at < section.offset + section.size; at += 16) {
      out.set(`${section.info}:${number64(view, at)}`, view.getUint32(at + 12, true));
    }
  }
  return out;
}

/** The deepest byte below the frame pointer that an instruction names: by access, or by address (`r2 = r10; r2 += -16`). */
function stackOf(view: DataView, from: number, to: number): number {
  let deepest = 0;
  const fromFrame = new Set<number>();
  for (let at = from; at < to; at += INSTRUCTION) {
    const opcode = view.getUint8(at);
    const registers = view.getUint8(at + 1);
    const [target, source] = [registers & 0xf, registers >> 4];
    const kind = opcode & 7;
    const offset = view.getInt16(at + 2, true);
    const loads = kind === 1 && source === FRAME_POINTER;
    const stores = (kind === 2 || kind === 3) && target === FRAME_POINTER;
    if (loads || stores) deepest = Math.max(deepest, -offset);
    // What a call leaves in its argument registers, and what stands after a jump, comes from somewhere else.
    if (opcode === CALL) for (let argument = 0; argument <= 5; argument++) fromFrame.delete(argument);
    else if (opcode === JUMP || opcode === EXIT) fromFrame.clear();
    else if (opcode === LOAD_64) fromFrame.delete(target);
    else if (opcode === 0xbf && source === FRAME_POINTER) fromFrame.add(target);
    else if (opcode === 0x07 && fromFrame.has(target)) deepest = Math.max(deepest, -view.getInt32(at + 4, true));
    else if (kind === 7 || kind === 4 || kind === 1) fromFrame.delete(target);
    if (opcode === LOAD_64) at += INSTRUCTION;
  }
  return deepest;
}

/** The functions of an object. */
export function functionsOf(object: Uint8Array): readonly ObjectFunction[] {
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  const sections = sectionsOf(view);
  const symbols = symbolsOf(view, sections);
  const relocations = relocationsOf(view, sections);
  const functions = symbols.filter(({ type }) => type === STT_FUNC);
  const functionAt = (section: number, offset: number): string | undefined =>
    functions.find((one) => one.section === section && one.value === offset)?.name;

  const targetOf = (section: number, offset: number, at: number): string | undefined => {
    const opcode = view.getUint8(at);
    const immediate = view.getInt32(at + 4, true);
    const calls = opcode === CALL && view.getUint8(at + 1) >> 4 === PSEUDO_CALL;
    if (!calls && opcode !== LOAD_64) return undefined;
    const symbol = symbols[relocations.get(`${section}:${offset}`) ?? -1];
    if (symbol === undefined) return calls ? functionAt(section, offset + (immediate + 1) * INSTRUCTION) : undefined;
    if (symbol.type === STT_FUNC) return symbol.name;
    if (symbol.type !== STT_SECTION) return undefined;
    return functionAt(symbol.section, calls ? (immediate + 1) * INSTRUCTION : immediate);
  };

  return functions.map(({ name, section, value, size }) => {
    const begin = (sections[section]?.offset ?? 0) + value;
    const calls = new Set<string>();
    let tailCalls = false;
    for (let at = 0; at < size; at += INSTRUCTION) {
      tailCalls ||= view.getUint16(begin + at, true) === CALL && view.getInt32(begin + at + 4, true) === TAIL_CALL;
      const target = targetOf(section, value + at, begin + at);
      if (target !== undefined) calls.add(target);
    }
    return {
      name,
      section: sections[section]?.name ?? "",
      instructions: size / INSTRUCTION,
      stack: stackOf(view, begin, begin + size),
      calls: [...calls],
      tailCalls,
      fallsBack: fallsBack(new DataView(view.buffer, view.byteOffset + begin, size)),
    };
  });
}

export interface ProgramSize {
  readonly name: string;
  /** Of the program and every function it reaches. */
  readonly instructions: number;
  /** Of its deepest chain of calls. */
  readonly stack: number;
}

/** The kernel rounds each frame to this when it adds them up. */
const FRAME = 32;

const frameOf = ({ stack }: ObjectFunction): number => Math.ceil(Math.max(stack, 1) / FRAME) * FRAME;

/** Stack that callers may have in use below a function that makes a tail call, by name of that function, where it is too much. */
export function deepTailCalls(functions: readonly ObjectFunction[], name: string): ReadonlyMap<string, number> {
  const byName = new Map(functions.map((one) => [one.name, one]));
  const found = new Map<string, number>();
  const visit = (at: string, below: number): void => {
    const one = byName.get(at);
    if (one === undefined) return;
    if (at !== name && one.tailCalls && below >= TAIL_CALL_STACK) found.set(at, Math.max(below, found.get(at) ?? 0));
    for (const next of one.calls) if (next !== at) visit(next, below + frameOf(one));
  };
  visit(name, 0);
  return found;
}

/** What the kernel will load for a program: the loader joins it with the functions it reaches. */
export function programSize(functions: readonly ObjectFunction[], name: string): ProgramSize {
  const byName = new Map(functions.map((one) => [one.name, one]));
  const reached = new Set<string>();
  const depth = (at: string): number => {
    const one = byName.get(at);
    if (one === undefined) return 0;
    reached.add(at);
    const below = Math.max(0, ...one.calls.filter((next) => next !== at).map(depth));
    return frameOf(one) + below;
  };
  const deepest = depth(name);
  const own = byName.get(name);
  const instructions = [...reached].reduce((sum, one) => sum + (byName.get(one)?.instructions ?? 0), 0);
  return { name, instructions, stack: own !== undefined && own.calls.length === 0 ? own.stack : deepest };
}
