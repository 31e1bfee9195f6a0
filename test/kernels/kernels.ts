/** Debian's stock kernels: which are tested, and how they come here. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../runtime/lab/command.ts";

export interface Kernel {
  /** The version that Zeta speaks of: "6.1". */
  readonly name: string;
  /** The Debian package that depends on the newest build of it. */
  readonly metaPackage: string;
  /** Levels of the instruction set that it takes; v4 came with Linux 6.6. */
  readonly cpus: readonly string[];
}

/** Debian 12's own kernel, and its newer one. Both without modules: what is loaded here needs none. */
export const kernels: readonly Kernel[] = [
  { name: "6.1", metaPackage: "linux-image-cloud-amd64", cpus: ["v2", "v3"] },
  { name: "6.12", metaPackage: "linux-image-6.12-cloud-amd64", cpus: ["v2", "v3", "v4"] },
];

/**
 * The kernel's image file, downloaded into `cache` unless it is there: `apt-get download` of the package that the meta
 * package names today, of which only the image is unpacked.
 */
export async function fetchKernel(kernel: Kernel, cache: string): Promise<string> {
  const folder = join(cache, await currentPackage(kernel));
  const there = imageIn(folder);
  if (there !== null) return there;
  mkdirSync(folder, { recursive: true });
  const name = folder.slice(cache.length + 1);
  // apt's download sandbox may not write here; as root it then says so and downloads all the same.
  await run("sh", ["-c", 'cd "$1" && apt-get -q download "$2"', "sh", folder, name], { timeout: 300_000 });
  await run("sh", [
    "-c",
    'cd "$1" && dpkg-deb --fsys-tarfile *.deb | tar -x --wildcards "./boot/vmlinuz-*"',
    "sh",
    folder,
  ]);
  await run("sh", ["-c", 'rm -- "$1"/*.deb', "sh", folder]);
  const image = imageIn(folder);
  if (image === null) throw new Error(`The package '${name}' holds no kernel image.`);
  return image;
}

/** apt lists the newest version first. */
async function currentPackage({ metaPackage }: Kernel): Promise<string> {
  const { stdout } = await run("apt-cache", ["show", metaPackage]);
  const name = /^Depends: (linux-image-[^\s,]+)/m.exec(stdout)?.[1];
  if (name === undefined)
    throw new Error(`apt offers no '${metaPackage}': run 'apt-get update', or look at its sources.`);
  return name;
}

function imageIn(folder: string): string | null {
  const boot = join(folder, "boot");
  const name = existsSync(boot) ? readdirSync(boot).find((one) => one.startsWith("vmlinuz-")) : undefined;
  return name === undefined ? null : join(boot, name);
}
