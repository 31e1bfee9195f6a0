/** Reads bundle folders: manifest.json and objects, checked before anything of them reaches the kernel. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { manifestDigest } from "../../compiler/bundle/digest.ts";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { kindOf } from "../../compiler/file-kind.ts";
import { missingCapabilities } from "./capabilities.ts";
import { acceptsCpu, mayNotLoad } from "./cpu-level.ts";
import { openLibrary } from "./library.ts";
import {
  bundleDigestDiffers,
  capabilityMissing,
  corruptBundle,
  failure,
  newerBundle,
  noObjectForCpu,
} from "./problems.ts";

export type Cpu = "v2" | "v3" | "v4";

export interface Bundle {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Object bytes by instruction set; their digests agree with the manifest. */
  readonly objects: ReadonlyMap<Cpu, Uint8Array>;
}

export const isBundle = (what: object): what is Bundle => "objects" in what && "directory" in what;

const NEWEST_FIRST: readonly Cpu[] = ["v4", "v3", "v2"];
/** Objects lie beside their manifest: a name that leads elsewhere is refused, not followed. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");

async function readFile(path: string): Promise<Buffer> {
  // Else the opening of a FIFO waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const kind = kindOf(await file.stat());
    if (kind !== "file") throw new Error(`it is a ${kind}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function readManifest(directory: string): Promise<Manifest> {
  // zod is slow to import and only needed here.
  const { BUNDLE_FORMAT, manifestFileSchema } = await import("../../compiler/bundle/manifest.ts");
  let data: unknown;
  try {
    data = JSON.parse((await readFile(join(directory, "manifest.json"))).toString("utf8"));
  } catch (cause) {
    throw failure(corruptBundle(null, directory, `manifest.json cannot be read (${messageOf(cause)})`), cause);
  }
  const format = typeof data === "object" && data !== null && "format" in data ? data.format : undefined;
  if (typeof format === "number" && format > BUNDLE_FORMAT)
    throw failure(newerBundle(null, directory, String(format), BUNDLE_FORMAT));
  const parsed = manifestFileSchema.safeParse(data);
  if (parsed.success) {
    const { digest, ...manifest } = parsed.data;
    // Of what the file says, not of what the schema made of it: names that it does not know count too.
    const found = manifestDigest(data as object);
    if (found === digest) return manifest;
    const reason = `manifest.json was changed since it was built: digest ${found.slice(0, 12)}… instead of ${digest.slice(0, 12)}…`;
    throw failure(corruptBundle(null, directory, reason));
  }
  const [first] = parsed.error.issues;
  const where =
    first === undefined || first.path.length === 0 ? "manifest.json" : `manifest.json, ${first.path.join(".")}`;
  throw failure(corruptBundle(null, directory, `${where}: ${first?.message ?? "not valid"}`), parsed.error);
}

async function readObject(directory: string, file: string, sha256: string): Promise<Uint8Array> {
  if (!PLAIN_NAME.test(file))
    throw failure(corruptBundle(null, directory, `'${file}' is not the name of a file beside the manifest`));
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(directory, file));
  } catch (cause) {
    throw failure(corruptBundle(null, directory, `object '${file}' cannot be read (${messageOf(cause)})`), cause);
  }
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw failure(bundleDigestDiffers(null, file, sha256, found));
  return bytes;
}

/**
 * Reads and checks a bundle; the kernel is not asked.
 * @throws ZT4010 when it is damaged, ZT4011 when it is newer than this Zeta, ZT4012 when an object is not the manifest's.
 */
export async function openBundle(directory: string): Promise<Bundle> {
  const manifest = await readManifest(directory);
  const objects = new Map<Cpu, Uint8Array>();
  for (const { file, cpu, sha256 } of manifest.objects) objects.set(cpu, await readObject(directory, file, sha256));
  if (objects.size === 0) throw failure(corruptBundle(null, directory, "its manifest names no object"));
  return { directory, manifest, objects };
}

/** The object to load: of the wanted instruction set, or of the newest that this kernel takes. @throws ZT4019. */
export async function objectOf(bundle: Bundle, wanted?: Cpu): Promise<Uint8Array> {
  await openLibrary();
  // Without privileges every instruction set looks refused.
  const lacking = missingCapabilities();
  if (lacking.length > 0) throw failure(capabilityMissing(null, "load programs", lacking));
  const offered = NEWEST_FIRST.filter((cpu) => bundle.objects.has(cpu));
  const chosen = wanted ?? offered.find(acceptsCpu);
  const bytes = chosen !== undefined && acceptsCpu(chosen) ? bundle.objects.get(chosen) : undefined;
  if (bytes === undefined) {
    if (mayNotLoad()) throw failure(capabilityMissing(null, "load programs", []));
    const reason = wanted === undefined ? "it takes none of their instruction sets" : `${wanted} was asked for`;
    throw failure(noObjectForCpu(null, reason, offered));
  }
  return bytes;
}
