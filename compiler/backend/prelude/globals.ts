/** The module's variables: map definitions, global data, texts, the licence; each with its debug information. */
import { roundUp } from "../../../sdk/layout/data.ts";
import type { MapData } from "../../../sdk/maps/data.ts";
import type { Global, MapDeclaration } from "../../ir/ir.ts";
import { mapType } from "./maps.ts";
import type { Metadata, Node } from "./metadata.ts";
import { quoted, type Syntax, symbol } from "./syntax.ts";
import type { DebugTypes } from "./types.ts";

export interface GlobalsContext {
  readonly metadata: Metadata;
  readonly types: DebugTypes;
  readonly unit: Node;
  readonly files: readonly Node[];
}

/** Variables stand in the object in the order in which they are added here. */
export interface Globals {
  map(map: MapDeclaration): void;
  data(global: Global): void;
  /** A constant for helpers that read text. Added after the module's data, whose offsets the manifest has. */
  text(content: string): void;
  license(content: string): void;
  /** Keeps the types of these maps whole in the object. */
  completeTypes(maps: readonly MapData[]): void;
  /** Debug information of the variables, for the compile unit. */
  readonly described: readonly Node[];
  readonly valueTypes: ReadonlyMap<string, string>;
  /** Names of the texts by content. */
  readonly texts: ReadonlyMap<string, string>;
  print(syntax: Syntax): string;
}

/** Shapes of maps inside maps, however deep. */
export const innerMaps = (maps: readonly MapData[]): readonly MapData[] =>
  maps.flatMap(({ inner }) => (inner === null ? [] : [inner, ...innerMaps([inner])]));

const bytesText = (bytes: Uint8Array): string => `c${quoted(bytes)}`;
const zeroEnded = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

export function createGlobals({ metadata, types, unit, files }: GlobalsContext): Globals {
  const described: Node[] = [];
  const valueTypes = new Map<string, string>();
  const texts = new Map<string, string>();
  const definitions: string[] = [];
  /** Kept in the object though no code may refer to them. */
  const kept: string[] = [];

  const describe = (name: string, type: Node, file = 0, line = 1): Node => {
    const variable = metadata.add(
      `distinct !DIGlobalVariable(name: "${name}", scope: ${unit}, file: ${files[file]}, line: ${line}, type: ${type}, isLocal: false, isDefinition: true)`,
    );
    const node = metadata.add(`!DIGlobalVariableExpression(var: ${variable}, expr: !DIExpression())`);
    described.push(node);
    return node;
  };
  const define = (name: string, valueType: string, before: string, after: string, keep = true): void => {
    valueTypes.set(name, valueType);
    definitions.push(`${symbol(name)} = ${before} ${valueType} ${after}\n`);
    if (keep) kept.push(name);
  };

  return {
    described,
    valueTypes,
    texts,
    map(map) {
      const { type, words } = mapType(map, types);
      const debug = describe(map.name, type, map.at.file, map.at.line);
      const rest = `zeroinitializer, section ".maps", align 8, !dbg ${debug}`;
      define(map.name, `[${words} x i64]`, "dso_local global", rest);
    },
    data({ name, layout, constant, initial, at }) {
      const debug = describe(name, types.layout(layout, name), at.file, at.line);
      // externally_initialized: the loader may patch the content, so the optimiser must not fold it.
      const kind = constant ? "dso_local externally_initialized constant" : "dso_local global";
      const content = initial.length === 0 ? "zeroinitializer" : bytesText(initial);
      const section = constant ? ".rodata" : ".data";
      const rest = `${content}, section "${section}", align ${layout.align}, !dbg ${debug}`;
      define(name, `[${layout.size} x i8]`, kind, rest);
    },
    text(content) {
      const name = `zeta.text.${texts.size}`;
      const bytes = zeroEnded(content);
      texts.set(content, name);
      define(
        name,
        `[${bytes.length} x i8]`,
        "internal constant",
        `${bytesText(bytes)}, section ".rodata", align 1`,
        false,
      );
    },
    license(content) {
      const bytes = zeroEnded(content);
      const debug = describe("_license", types.array(types.basic("char"), bytes.length, 1));
      const rest = `${bytesText(bytes)}, section "license", align 1, !dbg ${debug}`;
      define("_license", `[${bytes.length} x i8]`, "dso_local global", rest);
    },
    completeTypes(maps) {
      let size = 0;
      const members = maps.flatMap(({ name, key, value }) =>
        Object.entries({ key, value }).flatMap(([part, layout]) => {
          if (layout === null) return [];
          const type = types.layout(layout, `${name}_${part}`);
          const member = { name: `${name}_${part}`, type, offset: size, bytes: layout.size };
          size = roundUp(size + layout.size, 8);
          return [member];
        }),
      );
      if (members.length === 0) return;
      // LLVM only names a struct that an inner map points to, unless the struct also stands somewhere whole. This variable
      // of no bytes is that place; being private it appears in no table of the object.
      const debug = describe("zeta.types", types.struct("", size, members));
      define("zeta.types", "[0 x i8]", "private global", `zeroinitializer, section "license", align 1, !dbg ${debug}`);
    },
    print(syntax) {
      const pointer = syntax.type("ptr");
      const list = kept.map((name) => `${pointer} ${syntax.address(name, valueTypes.get(name) ?? "")}`).join(", ");
      const used = `@llvm.compiler.used = appending global [${kept.length} x ${pointer}] [${list}], section "llvm.metadata"\n`;
      return definitions.join("") + used;
    },
  };
}
