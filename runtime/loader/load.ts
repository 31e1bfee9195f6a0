/** Loads objects into the kernel. All or nothing: whatever fails leaves nothing loaded, pinned or open behind. */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { CompiledModule } from "../../compiler/bundle/write.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { type Bundle, isBundle, objectOf } from "./bundle.ts";
import { patchGlobals } from "./constants.ts";
import { type Attempt, diagnose, FULL_LOG, type LogSettings, REFUSAL_ONLY, STATISTICS } from "./diagnose.ts";
import { type Globals, openGlobals } from "./globals.ts";
import { programInformation } from "./information.ts";
import { library, openLibrary } from "./library.ts";
import { type MapHandle, mapHandle, type TypeIds } from "./map-handle.ts";
import { update } from "./map-operations.ts";
import { named, type OpenMap, type OpenObject, openObject } from "./object.ts";
import { pinAll, shareMap, sharePinned } from "./pins.ts";
import type { LoadedProgram } from "./program.ts";
import { logOf } from "./verifier.ts";
import { word } from "./word.ts";

/** A compiled object with the manifest that describes it. */
export interface ObjectWithManifest {
  readonly object: Uint8Array;
  readonly manifest: Manifest;
}

/** An object by itself, with its manifest, as `compile()` gives it, or in a bundle. */
export type Loadable = Uint8Array | ObjectWithManifest | Pick<CompiledModule, "code" | "manifest"> | Bundle;

export interface LoadOptions {
  /** Names the object in the kernel and in messages; the manifest's name, or "object". */
  readonly name?: string;
  /** Which of a bundle's objects; the newest instruction set that this kernel takes unless told. */
  readonly cpu?: "v2" | "v3" | "v4";
  /** Values of globals by name, by their layout; without a manifest: bytes, whole numbers, booleans. */
  readonly constants?: Readonly<Record<string, unknown>>;
  /** Existing maps to use in place of declared ones. Their layouts must agree. */
  readonly maps?: Readonly<Record<string, MapHandle>>;
  /** Where to pin maps, by name. What is pinned there already is shared if its layout agrees, and refused otherwise. */
  readonly pins?: Readonly<Record<string, string>>;
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Only these programs; all of them unless told. */
  readonly programs?: readonly string[];
  /** The verifier's words for programs it accepts: none (the default), its statistics, or the whole log (its last 16 MiB). */
  readonly log?: "none" | "statistics" | "full";
}

/** What is in the kernel now. Closing it detaches what is attached without a pin, and unloads what nothing else holds. */
export interface LoadedObject {
  readonly name: string;
  readonly manifest: Manifest | null;
  readonly programs: ReadonlyMap<string, LoadedProgram>;
  /** Declared maps by name; those of data sections are left out. */
  readonly maps: ReadonlyMap<string, MapHandle>;
  readonly globals: Globals;
  /** False when the object has BTF and the kernel did not take it. */
  readonly btfLoaded: boolean;
  /** @throws ZT4015 with the names there are. */
  program(name: string): LoadedProgram;
  /** @throws ZT4015 with the names there are. */
  map(name: string): MapHandle;
  close(): void;
  [Symbol.dispose](): void;
}

const LOGS: Readonly<Record<NonNullable<LoadOptions["log"]>, LogSettings>> = {
  none: REFUSAL_ONLY,
  statistics: STATISTICS,
  full: FULL_LOG,
};

interface Source {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly manifest: Manifest | null;
}

async function sourceOf(what: Loadable, options: LoadOptions): Promise<Source> {
  if (what instanceof Uint8Array) return { bytes: what, name: options.name ?? "object", manifest: null };
  const { manifest } = what;
  const made = "code" in what ? what.code : what;
  const bytes = isBundle(made) ? await objectOf(made, options.cpu) : made.object;
  return { bytes, name: options.name ?? manifest.name, manifest };
}

const layoutsOf = (manifest: Manifest | null): ReadonlyMap<string, LayoutData> =>
  new Map((manifest?.globals ?? []).map((global) => [global.name, global.layout]));

/** Everything that is decided before the kernel sees it. Returns the pins still to be made. */
function configure(object: OpenObject, source: Source, options: LoadOptions): Readonly<Record<string, string>> {
  const { bpf } = library();
  const declared = object.maps.filter((map) => !map.internal);
  // An object may ask libbpf to pin maps under /sys/fs/bpf: where pins go is for the caller to say.
  for (const map of object.maps) bpf.bpf_map__set_pin_path(map.pointer, null);
  const wanted = options.programs;
  for (const name of wanted ?? []) named("program", name, object.programs);
  for (const program of object.programs) {
    if (wanted !== undefined && !wanted.includes(program.name)) bpf.bpf_program__set_autoload(program.pointer, false);
  }
  for (const [name, entries] of Object.entries(options.maxEntries ?? {})) {
    bpf.bpf_map__set_max_entries(named("map", name, declared).pointer, entries);
  }
  for (const [name, handle] of Object.entries(options.maps ?? {})) {
    shareMap(object, named("map", name, declared), handle.fd, `map ${handle.id}`);
  }
  patchGlobals(object, options.constants ?? {}, layoutsOf(source.manifest));
  return Object.fromEntries(
    Object.entries(options.pins ?? {}).filter(
      ([name, path]) => !sharePinned(object, named("map", name, declared), path),
    ),
  );
}

function innerTypes(object: OpenObject, { inner }: OpenMap): TypeIds | null {
  const btf = library().bpf.bpf_object__btf_fd(object.pointer);
  return inner === null || btf < 0 ? null : { btf, ...inner };
}

function finish(attempt: Attempt, source: Source): LoadedObject {
  const { bpf } = library();
  const { object, pins, logs } = attempt;
  const handles = object.maps.map((map) => ({
    map,
    handle: mapHandle(bpf.bpf_map__fd(map.pointer), false, map.name, innerTypes(object, map)),
  }));
  const maps = new Map(handles.filter(({ map }) => !map.internal).map(({ map, handle }) => [map.name, handle]));
  const internal = handles.filter(({ map }) => map.internal).map(({ handle }) => handle);
  const globals = openGlobals(object, internal, layoutsOf(source.manifest));
  const programs = new Map<string, LoadedProgram>();
  for (const program of object.programs) {
    const fd = bpf.bpf_program__fd(program.pointer);
    if (fd < 0) continue;
    const information = programInformation(fd);
    programs.set(program.name, {
      fd,
      id: information.id,
      name: program.name,
      section: program.section,
      information,
      log: logOf(logs.get(program.name)),
      attachments: new Set(),
    });
  }
  for (const { name, slot } of source.manifest?.programs ?? []) {
    const program = programs.get(name);
    const table = maps.get(slot?.map ?? "");
    if (slot === undefined || program === undefined || table === undefined) continue;
    update(table, word(slot.index), word(program.fd));
  }
  // Last, since from here on nothing fails any more: what is pinned would outlive the failure.
  pinAll(Object.entries(pins).map(([name, path]) => ({ fd: maps.get(name)?.fd ?? -1, path, what: `map '${name}'` })));
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    for (const program of programs.values()) for (const attachment of [...program.attachments]) attachment.close();
    globals.close();
    object.close();
  };
  return {
    name: source.name,
    manifest: source.manifest,
    programs,
    maps,
    globals,
    btfLoaded: !object.elf.sections.has(".BTF") || bpf.bpf_object__btf_fd(object.pointer) >= 0,
    program: (name) => named("program", name, [...programs.values()]),
    map: (name) => named("map", name, [...maps.values()]),
    close,
    [Symbol.dispose]: close,
  };
}

/**
 * Loads an object: from bytes, from a compiler's result, or from an opened bundle. The verifier runs on a worker thread.
 * @throws ZetaError: ZT4007 at the author's line when the verifier refuses a program, with the whole log as detail;
 * ZT4001, 4002, 4006, 4008, 4009, 4013, 4015, 4016 and 4019 as their pages say.
 */
export async function load(what: Loadable, options: LoadOptions = {}): Promise<LoadedObject> {
  const { bpf, async } = await openLibrary();
  const source = await sourceOf(what, options);
  const settings = LOGS[options.log ?? "none"];
  const prepare = (log: LogSettings): Attempt => {
    const object = openObject(source.bytes, source.name);
    try {
      return { object, pins: configure(object, source, options), logs: log.apply(object) };
    } catch (error) {
      object.close();
      throw error;
    }
  };
  let attempt = prepare(settings);
  const result = await async("bpf_object__load", attempt.object.pointer);
  if (result < 0) {
    attempt.object.close();
    attempt = diagnose(prepare, (object) => bpf.bpf_object__load(object.pointer));
  }
  try {
    return finish(attempt, source);
  } catch (error) {
    attempt.object.close();
    throw error;
  }
}
