/** A whole module as JavaScript: an expression that gives a function from a machine's parts to its programs. */
import type { IrFunction, Module } from "../../ir/ir.ts";
import { FunctionWriter } from "./function-writer.ts";
import { functionName, globalName, mapName, offsetName, programName, slotName, variableName } from "./names.ts";
import { type SourceMapData, sourceMap } from "./source-map.ts";
import { writeBlock } from "./statements.ts";
import { initial } from "./values.ts";
import { Writer } from "./writer.ts";

export interface Generated {
  /** JavaScript with its source map inlined, ready to be evaluated. The same module gives the same text. */
  readonly code: string;
  readonly map: SourceMapData;
  /** Name under which debuggers list the script. */
  readonly url: string;
}

export interface GenerateOptions {
  /** URL of the folder that the module's source paths are relative to, so that breakpoints in the author's files hold. */
  readonly sourceRoot?: string;
}

/** Names that generated code takes from the machine; `runtime.ts` has them. */
export const RUNTIME_NAMES = [
  "kernel",
  "copyBytes",
  "zeroBytes",
  "swap64",
  "checksumDiff",
  "fault",
  "outside",
] as const;

function writeFunction(module: Module, func: IrFunction, name: string, out: Writer): void {
  const to = new FunctionWriter(module, func, name, out);
  for (const slot of func.slots) {
    out.line(`const ${slotName(name, slot.name, slot.id)} = new DataView(new ArrayBuffer(${slot.layout.size}));`);
  }
  const parameters = func.parameters.flatMap((parameter) => to.parameterNames(parameter));
  out.nest(`function ${name}(${parameters.join(", ")})`, func.at, () => {
    for (const variable of func.variables) {
      const variableText = variableName(variable);
      out.line(`let ${variableText} = ${initial(variable.type)};`, func.at);
      if (variable.type === "pointer") out.line(`let ${offsetName(variableText)} = 0;`, func.at);
    }
    writeBlock(func.body, to);
  });
}

function writeModule(module: Module, out: Writer): void {
  out.nest(
    "(function (runtime)",
    null,
    () => {
      out.line('"use strict";');
      out.line(`const { ${RUNTIME_NAMES.join(", ")} } = runtime;`);
      out.line("const packet = kernel.packet, frame = packet.view;");
      out.line("let returnedAt = 0;");
      for (const [i, map] of module.maps.entries()) out.line(`const ${mapName(map, i)} = runtime.maps[${i}];`);
      for (const [i, global] of module.globals.entries())
        out.line(`const ${globalName(global.name, i)} = runtime.globals[${i}];`);
      for (const [i, func] of module.functions.entries()) writeFunction(module, func, functionName(func, i), out);
      for (const [i, program] of module.programs.entries())
        writeFunction(module, program, programName(program, i), out);
      out.line(`return [${module.programs.map((program, i) => programName(program, i)).join(", ")}];`);
    },
    "})",
  );
}

/** In two pieces: bundlers and test runners search files for the whole and would take ours for the map of this very file. */
const MAP_COMMENT = ["//# source", "MappingURL=data:application/json;base64,"].join("");

/** Turns a module into JavaScript. Pure: nothing runs. */
export function generate(module: Module, options: GenerateOptions = {}): Generated {
  const out = new Writer();
  writeModule(module, out);
  const url = `zeta-interpreter/${module.name}.js`;
  const map = sourceMap(out.lines, module.files, url, options.sourceRoot ?? "");
  const inline = Buffer.from(JSON.stringify(map), "utf8").toString("base64");
  const code = `${out.text()}//# sourceURL=${url}\n${MAP_COMMENT}${inline}\n`;
  return { code, map, url };
}
