/** Line information of an object (.BTF.ext): which instruction comes from which line and column of which source. */
import { readBtf } from "./btf.ts";
import type { Elf } from "./elf.ts";

export interface SourceLine {
  readonly section: string;
  /** Instruction within the section. */
  readonly instruction: number;
  readonly file: string;
  readonly text: string;
  readonly line: number;
  /** 1-based; 0 when unknown. */
  readonly column: number;
}

/** All of it, in the object's order; empty when the object has none. */
export function readLines(elf: Elf): SourceLine[] {
  const extension = elf.sections.get(".BTF.ext")?.bytes;
  const btf = readBtf(elf.sections.get(".BTF")?.bytes ?? new Uint8Array(0));
  if (extension === undefined || btf === null || extension.length < 24) return [];
  const view = new DataView(extension.buffer, extension.byteOffset, extension.byteLength);
  const start = view.getUint32(4, true) + view.getUint32(16, true);
  const end = start + view.getUint32(20, true);
  if (end > extension.length || end - start < 4) return [];
  const recordBytes = view.getUint32(start, true);
  const lines: SourceLine[] = [];
  for (let at = start + 4; at + 8 <= end; ) {
    const section = btf.text(view.getUint32(at, true));
    const count = view.getUint32(at + 4, true);
    at += 8;
    for (let index = 0; index < count; index++, at += recordBytes) {
      const place = view.getUint32(at + 12, true);
      lines.push({
        section,
        instruction: view.getUint32(at, true) / 8,
        file: btf.text(view.getUint32(at + 4, true)),
        text: btf.text(view.getUint32(at + 8, true)).trim(),
        line: place >>> 10,
        column: place & 1023,
      });
    }
  }
  return lines;
}
