/**
 * The readable form of a module, for `zeta build --emit ir`, tests and people. The same module always prints the same
 * text. There is no parser: the IR is kept as data, this is only its picture.
 */
import type { Block, IrFunction, Module, Place, Statement, Temp } from "./ir.ts";
import { printLayout, printMapShape } from "./print-layout.ts";
import { moduleNames, type Names, printMap, printOp, printOperand, printPlace } from "./print-ops.ts";

/** Writes the statements of one function; remembers the last source line, so that each is shown once where it begins. */
class FunctionPrinter {
  readonly #module: Module;
  readonly #sources: readonly (readonly string[])[];
  readonly #names: Names;
  readonly #lines: string[] = [];
  #shown = "";

  constructor(module: Module, fn: IrFunction, sources: readonly (readonly string[])[]) {
    this.#module = module;
    this.#sources = sources;
    const named = (list: readonly { readonly id: number; readonly name: string }[], sigil: string) => {
      const byId = new Map(list.map(({ id, name }) => [id, `${sigil}${id}.${name}`]));
      return (id: number) => byId.get(id) ?? `${sigil}?${id}`;
    };
    this.#names = { ...moduleNames(module), slot: named(fn.slots, "&"), variable: named(fn.variables, "$") };
  }

  print(fn: IrFunction, head: string): string[] {
    const parameters = fn.parameters.map((temp) => `${printOperand(temp)}: ${temp.type}`).join(", ");
    this.#lines.push(`${head}(${parameters})${fn.result === null ? "" : ` -> ${fn.result}`} {`);
    for (const variable of fn.variables) this.#line(1, `var ${this.#names.variable(variable.id)}: ${variable.type}`);
    for (const slot of fn.slots) this.#line(1, `slot ${this.#names.slot(slot.id)}: ${printLayout(slot.layout)}`);
    this.#block(fn.body, 1);
    this.#lines.push("}");
    return this.#lines;
  }

  #line(depth: number, text: string): void {
    this.#lines.push("  ".repeat(depth) + text);
  }

  #source({ file, line }: Place, depth: number): void {
    const path = this.#module.files[file]?.path ?? `?${file}`;
    const key = `${path}:${line}`;
    if (key === this.#shown) return;
    this.#shown = key;
    const text = this.#sources[file]?.[line - 1]?.trim() ?? "";
    this.#line(depth, `// ${key}${text === "" ? "" : `  ${text}`}`);
  }

  #block(block: Block, depth: number): void {
    for (const statement of block) {
      this.#source(statement.at, depth);
      this.#statement(statement, depth);
    }
  }

  #result(temp: Temp | null): string {
    return temp === null ? "" : `${printOperand(temp)}: ${temp.type} = `;
  }

  #statement(statement: Statement, depth: number): void {
    switch (statement.kind) {
      case "let":
        this.#line(depth, `${this.#result(statement.result)}${printOp(statement.op, this.#names)}`);
        return;
      case "set":
        this.#line(depth, `set ${this.#names.variable(statement.variable)}, ${printOperand(statement.value)}`);
        return;
      case "store": {
        const place = printPlace(statement.place, statement.offset);
        const how = `${statement.bytes} ${statement.order} align ${statement.align}`;
        this.#line(depth, `store ${how} ${place}, ${printOperand(statement.value)}`);
        return;
      }
      case "copy": {
        const to = printPlace(statement.to, statement.toOffset);
        const from = printPlace(statement.from, statement.fromOffset);
        this.#line(depth, `copy ${statement.bytes} to ${to} from ${from}`);
        return;
      }
      case "zero":
        this.#line(depth, `zero ${statement.bytes} ${printPlace(statement.place, statement.offset)}`);
        return;
      case "if":
        this.#line(depth, `if ${printOperand(statement.condition)} {`);
        this.#block(statement.then, depth + 1);
        if (statement.otherwise.length > 0) {
          this.#line(depth, "} else {");
          this.#block(statement.otherwise, depth + 1);
        }
        this.#line(depth, "}");
        return;
      case "switch":
        this.#line(depth, `switch ${statement.type} ${printOperand(statement.value)} {`);
        for (const { values, body } of statement.cases) {
          this.#line(depth, `case ${values.join(", ")}:`);
          this.#block(body, depth + 1);
        }
        this.#line(depth, "default:");
        this.#block(statement.otherwise, depth + 1);
        this.#line(depth, "}");
        return;
      case "loop":
        this.#region(
          `loop #${statement.label} trips ${statement.trips}${statement.counter === null ? " at most" : ""}`,
          statement.body,
          depth,
        );
        return;
      case "block":
        this.#region(`block #${statement.label}`, statement.body, depth);
        return;
      case "repeat": {
        const index = `${printOperand(statement.index)}: ${statement.index.type}`;
        const head = `repeat #${statement.label} ${index} below ${printOperand(statement.trips)}`;
        this.#region(head, statement.body, depth);
        return;
      }
      case "drain": {
        const from = `${printMap(statement.map, this.#names)} into ${this.#names.slot(statement.slot)}`;
        this.#region(`${this.#result(statement.result)}drain #${statement.label} ${from}`, statement.body, depth);
        return;
      }
      case "break":
      case "continue":
        this.#line(depth, `${statement.kind} #${statement.label}`);
        return;
      case "return":
        this.#line(depth, statement.value === null ? "return" : `return ${printOperand(statement.value)}`);
        return;
    }
  }

  #region(head: string, body: Block, depth: number): void {
    this.#line(depth, `${head} {`);
    this.#block(body, depth + 1);
    this.#line(depth, "}");
  }
}

const hex = (bytes: Uint8Array): string =>
  bytes.every((byte) => byte === 0) ? "zero" : `0x${Buffer.from(bytes).toString("hex")}`;

/** The module as text, ending with a line break. Source lines stand as comments above what they became. */
export function printModule(module: Module): string {
  const sources = module.files.map((file) => file.text.split(/\r\n|\n/));
  const printFunction = (fn: IrFunction, head: string) => new FunctionPrinter(module, fn, sources).print(fn, head);
  const paragraphs = [
    [`module ${JSON.stringify(module.name)}`],
    module.maps.map((map) => `map @${map.name}: ${printMapShape(map)}`),
    module.globals.map(
      ({ name, layout, constant, initial }) =>
        `${constant ? "constant" : "global"} @${name}: ${printLayout(layout)} = ${hex(initial)}`,
    ),
    ...module.functions.map((fn) => printFunction(fn, `function @${fn.name}`)),
    ...module.programs.map((fn) => printFunction(fn, `program @${fn.name} section ${JSON.stringify(fn.section)}`)),
  ];
  return `${paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}
