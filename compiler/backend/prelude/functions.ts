/** Headers and debug information of the routines, and the places their instructions come from. */
import type { Place } from "../../ir/ir.ts";
import type { Routine } from "../lower/routines.ts";
import { type Parameter, parameterType, type Signature } from "../lower/signature.ts";
import type { Metadata, Node } from "./metadata.ts";
import { quoted, type Syntax, symbol } from "./syntax.ts";
import { type BasicName, btfName, type DebugTypes } from "./types.ts";

export interface RoutineHeader {
  readonly name: string;
  /** `define … @name(…) … !dbg !n`, without its body. Parameters are named %a0, %a1 … */
  readonly header: string;
  /** The `!DILocation` of a place, by `placeKey`. */
  readonly locations: ReadonlyMap<string, Node>;
  /** Spelling of the function's type, for typed pointers to it. */
  readonly type: string;
}

export const placeKey = (at: Place): string => `${at.file}:${at.line}:${at.column}`;

export interface DebugContext {
  readonly metadata: Metadata;
  readonly types: DebugTypes;
  readonly unit: Node;
  readonly files: readonly Node[];
  readonly syntax: Syntax;
  /** False where LLVM writes the file of the function beside every line, wherever the line comes from. */
  readonly linesNameFiles: boolean;
}

const CONTEXT_FIELDS = ["data", "data_end", "data_meta", "ingress_ifindex", "rx_queue_index", "egress_ifindex"];

const BASIC_OF: Readonly<Record<string, BasicName>> = {
  bool: "bool",
  u8: "u8",
  u16: "u16",
  u32: "u32",
  u64: "u64",
  i32: "int",
  i64: "i64",
};

function parameterDebug(parameter: Parameter, { types }: DebugContext): readonly [string, Node] {
  switch (parameter.role) {
    case "context": {
      const u32 = types.basic("u32");
      const members = CONTEXT_FIELDS.map((name, index) => ({ name, type: u32, offset: index * 4, bytes: 4 }));
      return ["ctx", types.pointer(types.struct("xdp_md", 24, members))];
    }
    case "index":
      return ["index", types.basic("u64")];
    case "value": {
      const { temp, part } = parameter;
      if (part !== "whole") return [`${btfName(temp.name)}_${part}`, types.basic("u64")];
      const basic = BASIC_OF[temp.type];
      return [btfName(temp.name), basic === undefined ? types.pointer(null) : types.basic(basic)];
    }
    default:
      return [parameter.role, types.pointer(null)];
  }
}

function resultDebug(routine: Routine, { types }: DebugContext): Node | null {
  if (routine.kind === "program") return types.basic("int");
  if (routine.kind === "callback") return types.basic("i64");
  if (routine.result === null || routine.result === "u128") return null;
  const basic = BASIC_OF[routine.result];
  return basic === undefined ? types.pointer(null) : types.basic(basic);
}

/** Argument names must differ for debuggers to be of use; the kernel only asks that there are names. */
function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  });
}

function subprogram(routine: Routine, signature: Signature, debug: DebugContext): Node {
  const { metadata, files } = debug;
  const file = files[routine.at.file];
  const parameters = signature.parameters.map((parameter) => parameterDebug(parameter, debug));
  const types = [resultDebug(routine, debug) ?? "null", ...parameters.map(([, type]) => type)];
  const type = metadata.add(`!DISubroutineType(types: ${metadata.add(`!{${types.join(", ")}}`)})`);
  const node = metadata.reserve();
  // Without retained names of the arguments libbpf drops all BTF of the object.
  const retained = distinctNames(parameters.map(([name]) => name)).map((name, index) =>
    metadata.add(
      `!DILocalVariable(name: "${name}", arg: ${index + 1}, scope: ${node}, file: ${file}, line: ${routine.at.line}, type: ${parameters[index]?.[1]})`,
    ),
  );
  const local = routine.kind === "program" || routine.alone ? "" : "DISPFlagLocalToUnit | ";
  metadata.set(
    node,
    `distinct !DISubprogram(name: "${btfName(routine.name)}", scope: ${file}, file: ${file}, line: ${routine.at.line}, type: ${type}, scopeLine: ${routine.at.line}, flags: DIFlagPrototyped, spFlags: ${local}DISPFlagDefinition | DISPFlagOptimized, unit: ${debug.unit}, retainedNodes: ${metadata.tuple(retained)})`,
  );
  return node;
}

/** Locations in the order given. Code that came from another file by inlining names that file by a scope of its own. */
function locationsOf(routine: Routine, places: readonly Place[], scope: Node, debug: DebugContext): Map<string, Node> {
  const { metadata, files } = debug;
  const scopes = new Map<number, Node>([[routine.at.file, scope]]);
  const out = new Map<string, Node>();
  let own = routine.at;
  for (const place of places) {
    const foreign = place.file !== routine.at.file;
    if (!foreign) own = place;
    // Better the last line of the right file than a line number that means another file's.
    const at = foreign && !debug.linesNameFiles ? own : place;
    let within = scopes.get(at.file);
    if (within === undefined) {
      within = metadata.add(`!DILexicalBlockFile(scope: ${scope}, file: ${files[at.file]}, discriminator: 0)`);
      scopes.set(at.file, within);
    }
    // LLVM reads columns of 16 bits; 0 says that there is none.
    const column = at.column > 0xffff ? 0 : at.column;
    out.set(placeKey(place), metadata.add(`!DILocation(line: ${at.line}, column: ${column}, scope: ${within})`));
  }
  return out;
}

export function routineHeader(
  routine: Routine,
  signature: Signature,
  places: readonly Place[],
  debug: DebugContext,
): RoutineHeader {
  const { syntax } = debug;
  const types = signature.parameters.map((parameter) => syntax.type(parameterType(parameter)));
  const scope = subprogram(routine, signature, debug);
  const list = types.map((type, index) => `${type} %a${index}`).join(", ");
  // Weak: what LLVM concludes from the body about the result, the verifier would not know.
  const linkage = routine.alone ? "weak dso_local" : routine.kind === "program" ? "dso_local" : "internal";
  const section = routine.section === null ? "" : ` section ${quoted(routine.section)}`;
  const attributes = routine.kind === "program" ? "#0" : "#2";
  const result = syntax.type(signature.result);
  return {
    name: routine.name,
    header: `define ${linkage} ${result} ${symbol(routine.name)}(${list}) ${attributes}${section} !dbg ${scope}`,
    locations: locationsOf(routine, places, scope, debug),
    type: `${result} (${types.join(", ")})`,
  };
}
