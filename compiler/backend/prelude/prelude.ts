/**
 * The part of the LLVM module that is text whichever builder writes the bodies: target, maps, global data, licence,
 * helper functions, debug information, and the headers of the routines.
 */
import type { Module } from "../../ir/ir.ts";
import type { Survey } from "../builders/survey.ts";
import type { Routine } from "../lower/routines.ts";
import type { Signature } from "../lower/signature.ts";
import { type DebugContext, type RoutineHeader, routineHeader } from "./functions.ts";
import { createGlobals, innerMaps } from "./globals.ts";
import { memoryIntrinsics } from "./helpers.ts";
import { createMetadata } from "./metadata.ts";
import { quoted, type Syntax } from "./syntax.ts";
import { createDebugTypes } from "./types.ts";

export interface Prelude {
  /** Everything before the routines. */
  readonly head: string;
  readonly routines: readonly RoutineHeader[];
  /** Metadata, after the routines. */
  readonly tail: string;
  /** Spelled value types of the globals by name. */
  readonly globals: ReadonlyMap<string, string>;
  /** Names of the globals that hold texts, by content. */
  readonly texts: ReadonlyMap<string, string>;
  readonly syntax: Syntax;
}

/** Objects use helpers that the kernel keeps for GPL-compatible programs; Zeta itself is under MIT. */
const LICENSE = "Dual MIT/GPL";

/** LLVM writes the file of each line from this version on; before, that of the function it was inlined into. */
const LINES_NAME_FILES = 19;

const TARGET = `target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"\ntarget triple = "bpf"\n`;

// No library: LLVM must not turn loops into calls of memset. No jump tables: they would need relocated data.
const ATTRIBUTES = `attributes #0 = { nounwind "frame-pointer"="all" "no-builtins" "no-jump-tables"="true" }
attributes #1 = { alwaysinline nounwind }
attributes #2 = { noinline nounwind "frame-pointer"="all" "no-builtins" "no-jump-tables"="true" }
`;

export function preludeOf(
  module: Module,
  routines: readonly { readonly routine: Routine; readonly signature: Signature }[],
  survey: Survey,
  syntax: Syntax,
  llvmMajor: number,
): Prelude {
  const metadata = createMetadata();
  const types = createDebugTypes(metadata);
  const unit = metadata.reserve();
  const files = module.files.map((file) =>
    metadata.add(`!DIFile(filename: ${quoted(file.path)}, directory: "", source: ${quoted(file.text)})`),
  );
  const globals = createGlobals({ metadata, types, unit, files });
  for (const map of module.maps) globals.map(map);
  for (const global of module.globals) globals.data(global);
  for (const content of survey.texts) globals.text(content);
  globals.license(LICENSE);
  globals.completeTypes(innerMaps(module.maps));

  const debug: DebugContext = { metadata, types, unit, files, syntax, linesNameFiles: llvmMajor >= LINES_NAME_FILES };
  const headers = routines.map(({ routine, signature }) =>
    routineHeader(routine, signature, survey.places.get(routine.name) ?? [], debug),
  );
  metadata.set(
    unit,
    `distinct !DICompileUnit(language: DW_LANG_C99, file: ${files[0]}, producer: "zeta", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, globals: ${metadata.tuple(globals.described)}, splitDebugInlining: false, nameTableKind: None)`,
  );
  const flags = [
    metadata.add('!{i32 7, !"Dwarf Version", i32 5}'),
    metadata.add('!{i32 2, !"Debug Info Version", i32 3}'),
  ];

  const helpers = survey.helpers.map((callee) => callee.define?.(syntax) ?? "").join("");
  return {
    head: [
      `source_filename = ${quoted(module.files[0]?.path ?? module.name)}\n`,
      TARGET,
      globals.print(syntax),
      memoryIntrinsics(helpers, syntax),
      helpers,
    ].join(""),
    routines: headers,
    tail: `${ATTRIBUTES}!llvm.dbg.cu = !{${unit}}\n!llvm.module.flags = !{${flags.join(", ")}}\n${metadata.print()}`,
    globals: globals.valueTypes,
    texts: globals.texts,
    syntax,
  };
}
