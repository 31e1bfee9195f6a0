/** The archive that the kernel unpacks as its first file system (Documentation/driver-api/early-userspace/buffer-format). */
export interface CpioEntry {
  /** Without a leading slash; its folders must come before it. */
  readonly path: string;
  /** Null for a folder. */
  readonly content: Uint8Array | null;
}

export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, index) => record(index + 1, entry));
  return Buffer.concat([...parts, ...record(0, { path: "TRAILER!!!", content: new Uint8Array() })]);
}

/** "newc": thirteen numbers as eight hexadecimal digits, the name, the content; both padded to four bytes. */
function record(inode: number, { path, content }: CpioEntry): readonly Uint8Array[] {
  const mode = content === null ? 0o040755 : 0o100755;
  const size = content?.length ?? 0;
  const name = Buffer.from(`${path}\0`);
  const numbers = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.length, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(content ?? new Uint8Array())];
}

const padded = (bytes: Uint8Array) => Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
