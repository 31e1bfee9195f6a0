/**
 * The part of the LLVM module that is text whichever builder writes the bodies: target, maps, global data, licence,
 * helper functions, debug information, and the headers of the routines.
 */
import type { Module } from "../../ir/ir.ts";
import type { Survey } from "../builders/survey.ts";
import type { Routine } from "../lower/routines.ts";
import type { Signature } from "../lower/signature.ts";
import { type DebugContext, type RoutineHeader, routineHeader } from "./functions.ts";
import { memoryIntrinsics } from "./helpers.ts";
import { mapType } from "./maps.ts";
import { createMetadata, type Node } from "./metadata.ts";
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

interface GlobalText {
  readonly name: string;
  readonly valueType: string;
  /** Definition after `@name = `. */
  readonly text: string;
  /** Whether the object must keep it though nothing refers to it. */
  readonly keep: boolean;
}

const bytesText = (bytes: Uint8Array): string => `c${quoted(bytes)}`;

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
  const described: Node[] = [];
  const describe = (name: string, type: Node, file: Node | undefined, line: number): Node => {
    const variable = metadata.add(
      `distinct !DIGlobalVariable(name: "${name}", scope: ${unit}, file: ${file ?? "null"}, line: ${line}, type: ${type}, isLocal: false, isDefinition: true)`,
    );
    const node = metadata.add(`!DIGlobalVariableExpression(var: ${variable}, expr: !DIExpression())`);
    described.push(node);
    return node;
  };

  const globals: GlobalText[] = [];
  for (const map of module.maps) {
    const { type, words } = mapType(map, types);
    const valueType = `[${words} x i64]`;
    const debug = describe(map.name, type, files[map.at.file], map.at.line);
    const text = `dso_local global ${valueType} zeroinitializer, section ".maps", align 8, !dbg ${debug}`;
    globals.push({ name: map.name, valueType, text, keep: true });
  }
  for (const { name, layout, constant, initial, at } of module.globals) {
    const valueType = `[${layout.size} x i8]`;
    const debug = describe(name, types.layout(layout, name), files[at.file], at.line);
    // externally_initialized: the loader may patch the content, so the optimiser must not fold it.
    const kind = constant ? "externally_initialized constant" : "global";
    const content = initial.length === 0 ? "zeroinitializer" : bytesText(initial);
    const section = constant ? ".rodata" : ".data";
    const text = `dso_local ${kind} ${valueType} ${content}, section "${section}", align ${layout.align}, !dbg ${debug}`;
    globals.push({ name, valueType, text, keep: true });
  }
  const texts = new Map<string, string>();
  for (const content of survey.texts) {
    // After the module's constants, whose offsets in .rodata are the manifest's.
    const name = `zeta.text.${texts.size}`;
    const bytes = new TextEncoder().encode(`${content}\0`);
    const valueType = `[${bytes.length} x i8]`;
    texts.set(content, name);
    globals.push({
      name,
      valueType,
      text: `internal constant ${valueType} ${bytesText(bytes)}, section ".rodata", align 1`,
      keep: false,
    });
  }
  const license = new TextEncoder().encode(`${LICENSE}\0`);
  const licenseType = `[${license.length} x i8]`;
  const licenseDebug = describe("_license", types.array(types.basic("char"), license.length, 1), files[0], 1);
  globals.push({
    name: "_license",
    valueType: licenseType,
    text: `dso_local global ${licenseType} ${bytesText(license)}, section "license", align 1, !dbg ${licenseDebug}`,
    keep: true,
  });

  const debug: DebugContext = { metadata, types, unit, files, syntax, linesNameFiles: llvmMajor >= LINES_NAME_FILES };
  const headers = routines.map(({ routine, signature }) =>
    routineHeader(routine, signature, survey.places.get(routine.name) ?? [], debug),
  );
  metadata.set(
    unit,
    `distinct !DICompileUnit(language: DW_LANG_C99, file: ${files[0]}, producer: "zeta", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, globals: ${metadata.tuple(described)}, splitDebugInlining: false, nameTableKind: None)`,
  );
  const flags = [
    metadata.add('!{i32 7, !"Dwarf Version", i32 5}'),
    metadata.add('!{i32 2, !"Debug Info Version", i32 3}'),
  ];

  const kept = globals.filter((global) => global.keep);
  const pointer = syntax.type("ptr");
  const keptList = kept.map((global) => `${pointer} ${syntax.address(global.name, global.valueType)}`).join(", ");
  const used = `@llvm.compiler.used = appending global [${kept.length} x ${pointer}] [${keptList}], section "llvm.metadata"\n`;
  const helpers = survey.helpers.map((callee) => callee.define?.(syntax) ?? "").join("");
  return {
    head: [
      `source_filename = ${quoted(module.files[0]?.path ?? module.name)}\n`,
      TARGET,
      ...globals.map(({ name, text }) => `@${name} = ${text}\n`),
      used,
      memoryIntrinsics(helpers, syntax),
      helpers,
    ].join(""),
    routines: headers,
    tail: `${ATTRIBUTES}!llvm.dbg.cu = !{${unit}}\n!llvm.module.flags = !{${flags.join(", ")}}\n${metadata.print()}`,
    globals: new Map(globals.map(({ name, valueType }) => [name, valueType])),
    texts,
    syntax,
  };
}
