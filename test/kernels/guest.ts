/** What runs inside: a shell script that loads every object with bpftool, and says how each went on the console. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { run } from "../../runtime/lab/command.ts";
import { type CpioEntry, cpio } from "./cpio.ts";

export interface GuestObject {
  /** A file name without a folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const init = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t bpf bpf /sys/fs/bpf
echo
echo "ZETA KERNEL $(/bin/busybox uname -r)"
cd /objects
for object in *.o; do
  echo "ZETA LOAD $object"
  if /bin/bpftool prog loadall "$object" /sys/fs/bpf/object; then echo "ZETA PASS $object"; else echo "ZETA FAIL $object"; fi
  /bin/busybox rm -rf /sys/fs/bpf/object
done
echo "ZETA DONE"
/bin/busybox poweroff -f
`;

/** The first file system: busybox, bpftool with the libraries it links, the objects, the script. */
export async function buildGuest(objects: readonly GuestObject[]): Promise<Uint8Array> {
  const bpftool = "/usr/sbin/bpftool";
  const files = new Map<string, Uint8Array>([
    ["init", Buffer.from(init)],
    ["bin/busybox", readFileSync("/bin/busybox")],
    ["bin/bpftool", readFileSync(bpftool)],
  ]);
  for (const library of await librariesOf(bpftool)) files.set(library.slice(1), readFileSync(library));
  for (const { name, bytes } of objects) files.set(`objects/${name}`, bytes);
  const folders = new Set(["objects", ...[...files.keys()].flatMap(foldersOf)]);
  return cpio([
    ...[...folders].sort().map((path): CpioEntry => ({ path, content: null })),
    ...[...files].map(([path, content]): CpioEntry => ({ path, content })),
  ]);
}

async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await run("ldd", [program]);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [...foldersOf(folder), folder];
}
