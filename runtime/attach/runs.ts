/** Runs: one process that attached something, findable by others for as long as any of it is left. */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { isRun, mountBpffs, pinnedNames, unmountBpffs } from "../loader/bpffs.ts";
import { openLibrary } from "../loader/library.ts";
import { ownNamespace } from "../loader/network-namespace.ts";
import { onBpffs } from "../loader/pins.ts";
import { failure, nameUnknown, runIsLive } from "../loader/problems.ts";
import { detachLink, detachLinkById, openPinnedLink, xdpLinks } from "../loader/xdp.ts";
import type { Attachment } from "./attach.ts";
import {
  currentBoot,
  damagedRuns,
  isLive,
  type RunRecord,
  readRuns,
  removeRecord,
  runIds,
  startTimeOf,
  writeRecord,
} from "./records.ts";
import { bpffsFolder, pinsFolder } from "./state.ts";

export interface Run {
  readonly id: string;
  /** Notes an attachment, so that others find it. */
  record(attachment: Attachment): void;
  /** Takes it off the record. */
  forget(attachment: Attachment): void;
  /** The folder for this run's pins, on our BPF file system; mounted when first asked for. @throws ZT4014. */
  pins(): Promise<string>;
  /** Removes the record and empty folders. Detach first: what is still pinned stays, and stays findable. */
  close(): Promise<void>;
}

export interface RunOptions {
  readonly state?: string;
  /** The service's name, for `zeta ps`. */
  readonly service?: string;
  readonly command?: readonly string[];
}

/** A run as another process finds it. */
export interface FoundRun extends RunRecord {
  readonly live: boolean;
  /** Paths that are still pinned. */
  readonly pins: readonly string[];
}

/** Registers this process, at once and before anything is attached. */
export function openRun({ state, service, command }: RunOptions = {}): Run {
  let record: RunRecord = {
    format: 1,
    id: randomBytes(4).toString("hex"),
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? 0,
    boot: currentBoot(),
    service: service ?? null,
    command: command ?? process.argv,
    started: new Date().toISOString(),
    networkNamespace: ownNamespace(),
    attachments: [],
  };
  const { id } = record;
  const write = (attachments: RunRecord["attachments"]): void => {
    record = { ...record, attachments };
    writeRecord(record, state);
  };
  const others = (linkId: number): RunRecord["attachments"] =>
    record.attachments.filter((one) => one.linkId !== linkId);
  write([]);
  return {
    id,
    record: ({ linkId, interface: on, mode, program, pin, namespace }) =>
      write([
        ...others(linkId),
        {
          interface: on.name,
          index: on.index,
          mode,
          linkId,
          programId: program.id,
          program: program.name,
          pin,
          namespace,
        },
      ]),
    forget: ({ linkId }) => write(others(linkId)),
    async pins() {
      const folder = pinsFolder(id, state);
      do {
        await mountBpffs(bpffsFolder(state));
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        // Another run's end may unmount in between, as long as nothing stands there yet.
      } while (!onBpffs(folder));
      return folder;
    },
    async close() {
      if (pinsOf(id, state).length > 0) return;
      await dropFolders(id, state);
    },
  };
}

function pinsOf(id: string, state?: string): string[] {
  const folder = pinsFolder(id, state);
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

/** The run's folder of pins (empty by now), its record, and the file system when no other run pins anything. */
async function dropFolders(id: string, state?: string): Promise<void> {
  const folder = pinsFolder(id, state);
  try {
    const inner = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const path of inner.map((entry) => join(entry.parentPath, entry.name)).reverse()) rmdirSync(path);
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  removeRecord(id, state);
  const root = bpffsFolder(state);
  // Where somebody else has unmounted it, the folder that it stood in is left.
  if ((await unmountBpffs(root)) && existsSync(root) && readdirSync(root).length === 0) rmdirSync(root);
}

/** All runs of this machine, live or dead, that left a record or a pin. */
export function listRuns(state?: string): FoundRun[] {
  return readRuns(state).map((record) => ({ ...record, live: isLive(record), pins: pinsOf(record.id, state) }));
}

/** Ids of what no readable record explains: pins of what died between pinning and noting, and damaged records. */
export function strayRuns(state?: string): string[] {
  const known = new Set(readRuns(state).map((record) => record.id));
  const pinned = pinnedNames(bpffsFolder(state)).filter((id) => isRun(id) && !known.has(id));
  return [...new Set([...pinned, ...damagedRuns(state)])].sort();
}

/** Ends a pinned link now rather than when the kernel gets to it. A pinned map cannot be detached and just loses its name. */
function removePin(path: string): void {
  const fd = openPinnedLink(path);
  if (fd >= 0) {
    detachLink(fd);
    closeSync(fd);
  }
  unlinkSync(path);
}

/** Links of a record that are still the same: numbers are never reused within a boot. */
function detachRecorded(record: RunRecord): number[] {
  if (record.boot !== currentBoot()) return [];
  const wanted = new Set(record.attachments.map((one) => one.linkId));
  return xdpLinks()
    .filter((link) => wanted.has(link.id) && detachLinkById(link.id))
    .map((link) => link.id);
}

export interface CleanOptions {
  readonly state?: string;
  /** Detaches a live run's links too; its process goes on without them. */
  readonly force?: boolean;
}

/**
 * Removes what is left of a run: its links, its pins, its record.
 * @throws ZT4018 when it is alive and `force` is not given; ZT4015 when nothing of that name is left.
 */
export async function cleanRun(
  id: string,
  { state, force }: CleanOptions = {},
): Promise<{ readonly removed: readonly string[] }> {
  const record = readRuns(state).find((one) => one.id === id);
  const pins = pinsOf(id, state);
  const known = [...new Set([...runIds(state), ...strayRuns(state)])];
  if (!known.includes(id)) throw failure(nameUnknown(null, "run", id, known));
  const live = record !== undefined && isLive(record);
  if (live && force !== true) throw failure(runIsLive(null, id, record.pid));
  await openLibrary();
  const removed: string[] = [];
  for (const path of pins) {
    removePin(path);
    removed.push(path);
  }
  if (record !== undefined && live) removed.push(...detachRecorded(record).map((linkId) => `link ${linkId}`));
  await dropFolders(id, state);
  return { removed };
}
