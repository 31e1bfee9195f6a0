/** One compilation: declarations shared by all its functions, values of module-level names, problems found. */
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { MapData } from "../../sdk/maps/data.ts";
import type { Problem } from "../diagnostics/problem.ts";
import type { Global, IrFunction, IrProgram, MapDeclaration, Module, Place, SourceFile } from "../ir/ir.ts";
import { collectAssignments } from "./assigned.ts";
import { builtins } from "./builtins/index.ts";
import { coerce } from "./coerce.ts";
import { functionOf, isConstant, refuseDeclaration } from "./declarations.ts";
import { enumeration } from "./enumeration.ts";
import { evaluate } from "./evaluate.ts";
import { flavourOf } from "./flavours.ts";
import { Refusal } from "./frames.ts";
import { Lowering } from "./lowering.ts";
import type { Mistakes } from "./mistakes.ts";
import { isSymbolName } from "./names.ts";
import { badName, duplicateName, hostOnly, ownValue, unknownName } from "./problems.ts";
import { isOwnSource, isSdk, libraryPath, relativePath, type SourceProgram } from "./program.ts";
import { Scope } from "./scope.ts";
import type { Hook, ServiceSpec } from "./services/spec.ts";
import { ts } from "./typescript.js";
import { type DeclaredValue, POISON, type Value } from "./values.ts";

/** Nodes of source lowered, once for each call that leads there. A large service takes ten thousand. */
const MOST_STEPS = 100_000;
/** The node's own programs, all of which are one module, take more than that. */
const MOST_STEPS_OF_OURS = 800_000;
/** What is refused beyond that. */
const TOO_LARGE = "ZT2031";

export class ModuleBuilder {
  readonly checker: ts.TypeChecker;
  readonly root: string;
  readonly program: ts.Program;
  readonly maps: MapDeclaration[] = [];
  readonly globals: Global[] = [];
  readonly functions: IrFunction[] = [];
  readonly programs: IrProgram[] = [];
  readonly files: SourceFile[] = [];
  readonly problems: Problem[];
  /** What TypeScript's checker refuses: it is not lowered. */
  readonly mistakes: Mistakes;
  readonly assignedSymbols: ReadonlySet<ts.Symbol>;
  /** Whether some code assigns the property of this name of what an object literal makes. */
  readonly isAssignedProperty: (literal: ts.ObjectLiteralExpression, name: string) => boolean;
  readonly #fileIndex = new Map<string, number>();
  /** A function's body is lowered once for each call: where its nodes stand and what its names mean stays the same. */
  readonly #places = new Map<ts.Node, Place>();
  readonly #symbols = new Map<ts.Identifier, ts.Symbol | undefined>();
  readonly #values = new Map<ts.Symbol, Value>();
  readonly #evaluating = new Set<ts.Symbol>();
  readonly #seen = new Set<string>();
  #steps = 0;
  readonly #mostSteps: number;
  /** The service being compiled. */
  service: ServiceSpec | null = null;
  /** Config fields that are constants of its programs, by path: their bytes. */
  folded: ReadonlyMap<string, Uint8Array> = new Map();
  /** Which hook of which middlebox a function is. */
  readonly hooks = new Map<ts.Node, { readonly box: string; readonly hook: Hook }>();
  readonly dropReasons: string[] = [];
  /** Whether some decision of the service delivers. */
  delivers = false;
  readonly #stateIndices = new Map<string, number>();
  /** Where maps are declared, by name. */
  readonly #declaredAt = new Map<string, ts.Node>();
  /** Functions compiled as subprograms, by declaration and name. */
  readonly subprograms = new Map<ts.Node, Map<string, unknown>>();
  /** The name that the declaration being evaluated is assigned to: maps take it as theirs. */
  declaring: string | null = null;
  /** Where module-level expressions are evaluated; nothing may be emitted there. */
  readonly topLevel: Lowering;

  /** @param problems what has been found before. */
  constructor(source: SourceProgram, problems: readonly Problem[] = []) {
    this.problems = [...problems];
    this.mistakes = source.mistakes;
    this.checker = source.checker;
    this.root = source.root;
    this.program = source.program;
    this.#mostSteps = isOwnSource(source.entry.fileName) ? MOST_STEPS_OF_OURS : MOST_STEPS;
    const assigned = collectAssignments(source.program, source.checker);
    this.assignedSymbols = assigned.symbols;
    this.isAssignedProperty = assigned.isAssignedProperty;
    this.topLevel = new Lowering(this);
  }

  /** Counts what is evaluated, calls written out; past all reason, `refuse` is asked to end it. Said once, it is not said of the rest. */
  step(refuse: () => never): void {
    this.#steps++;
    if (this.#steps <= this.#mostSteps) return;
    if (this.problems.some(({ code }) => code === TOO_LARGE)) throw new Refusal(null);
    refuse();
  }

  // ---- problems and places

  report(problem: Problem | null): void {
    if (problem === null) return;
    const key = `${problem.code} ${JSON.stringify(problem.at)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.problems.push(problem);
  }

  get failed(): boolean {
    return this.problems.some((problem) => problem.severity === "error");
  }

  fileOf(source: ts.SourceFile): number {
    const known = this.#fileIndex.get(source.fileName);
    if (known !== undefined) return known;
    const index = this.files.push({ path: relativePath(source.fileName, this.root), text: source.text }) - 1;
    this.#fileIndex.set(source.fileName, index);
    return index;
  }

  placeOf(node: ts.Node): Place {
    const known = this.#places.get(node);
    if (known !== undefined) return known;
    const source = node.getSourceFile();
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source));
    const place = { file: this.fileOf(source), line: line + 1, column: character + 1 };
    this.#places.set(node, place);
    return place;
  }

  /** The symbol behind a name, import aliases followed. */
  symbolOf(name: ts.Identifier): ts.Symbol | undefined {
    if (this.#symbols.has(name)) return this.#symbols.get(name);
    const { checker } = this;
    const { parent } = name;
    const found =
      ts.isShorthandPropertyAssignment(parent) && parent.name === name
        ? checker.getShorthandAssignmentValueSymbol(parent)
        : checker.getSymbolAtLocation(name);
    const symbol = found !== undefined && found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    this.#symbols.set(name, symbol);
    return symbol;
  }

  isOwn(node: ts.Node): boolean {
    return isOwnSource(node.getSourceFile().fileName);
  }

  /** Whether an expression stands as a statement, so that nobody takes its value. */
  isStatement(node: ts.Node): boolean {
    return ts.isExpressionStatement(node.parent);
  }

  // ---- services

  /** The index under which a reason for dropping is counted. */
  dropReason(reason: string): number {
    const known = this.dropReasons.indexOf(reason);
    return known >= 0 ? known : this.dropReasons.push(reason) - 1;
  }

  /** The place of a counter, meter or share in the array of all of its kind. */
  stateIndex(kind: "counter" | "meter" | "share", path: string): number {
    const key = `${kind} ${path}`;
    const known = this.#stateIndices.get(key);
    if (known !== undefined) return known;
    const next = [...this.#stateIndices.keys()].filter((each) => each.startsWith(`${kind} `)).length;
    this.#stateIndices.set(key, next);
    return next;
  }

  /** An export of bpf-lib. */
  libraryValue(file: string, name: string): Value {
    const source = this.program.getSourceFile(libraryPath(file));
    const symbol = source && this.checker.getSymbolAtLocation(source);
    const found = symbol && this.checker.getExportsOfModule(symbol).find((each) => each.name === name);
    if (source === undefined || found === undefined) throw new Error(`bpf-lib/${file} does not export '${name}'`);
    return this.globalValue(found, source);
  }

  // ---- declarations

  declareMap(data: MapData, node: ts.Node, to: Lowering): number {
    if (!isSymbolName(data.name)) to.refuse((at) => badName(at, "a map", data.name), node);
    const known = this.maps.findIndex((map) => map.name === data.name);
    // A function of bpf-lib that opens a map runs once for each program that uses it: the map is one and the same.
    if (known >= 0 && this.#declaredAt.get(data.name) === node && sameMap(this.maps[known] as MapDeclaration, data))
      return known;
    if (known >= 0) to.refuse((at) => duplicateName(at, "maps", data.name), node);
    this.#declaredAt.set(data.name, node);
    return this.maps.push({ ...data, at: this.placeOf(node) }) - 1;
  }

  /** The map just declared only shows the shape of a map of maps' inner maps: it does not itself come to be. */
  dropTemplate(map: number): void {
    if (map === this.maps.length - 1) this.maps.pop();
  }

  /** The name for a declaration: given, or that of the constant it is assigned to. */
  nameFor(given: string | null, what: string, node: ts.Node, to: Lowering): string {
    const name = given ?? this.declaring;
    return name ?? to.refuse((at) => hostOnly(at, what), node);
  }

  // ---- module-level names

  /** The value of a declaration outside functions; evaluated when first used. */
  globalValue(symbol: ts.Symbol, node: ts.Node): Value {
    const known = this.#values.get(symbol);
    if (known !== undefined) {
      if (known.kind === "poison") throw new Refusal(null);
      return known;
    }
    if (this.#evaluating.has(symbol)) throw new Refusal(ownValue(this.topLevel.span(node), symbol.name));
    this.#evaluating.add(symbol);
    const { declaring } = this;
    try {
      const value = this.#evaluateGlobal(symbol, node);
      if (value.kind === "poison") throw new Refusal(null);
      this.#values.set(symbol, value);
      return value;
    } catch (error) {
      if (error instanceof Refusal) {
        this.report(error.problem);
        this.#values.set(symbol, POISON);
        throw new Refusal(null);
      }
      throw error;
    } finally {
      this.#evaluating.delete(symbol);
      this.declaring = declaring;
    }
  }

  #evaluateGlobal(symbol: ts.Symbol, node: ts.Node): Value {
    const declaration = symbol.valueDeclaration ?? symbol.declarations?.[0];
    const refuse = (): never => this.topLevel.refuse((at) => unknownName(at, symbol.name), node);
    // TypeScript has told of names that it knows nothing of.
    if (declaration === undefined) return this.mistakes.any ? POISON : refuse();
    if (this.mistakes.holds(declaration)) return POISON;
    const source = declaration.getSourceFile();
    if (source.isDeclarationFile) return builtins.get(`global:${symbol.name}`) ?? refuse();
    const builtin = isSdk(source.fileName) ? builtins.get(symbol.name) : undefined;
    if (builtin !== undefined) return builtin;
    if (ts.isSourceFile(declaration)) return this.#namespace(symbol);
    if (ts.isFunctionDeclaration(declaration)) return functionOf(symbol, declaration);
    if (ts.isEnumDeclaration(declaration)) return enumeration(symbol, this);
    if (ts.isExportAssignment(declaration)) return this.#evaluateTop(declaration.expression, null);
    if (isConstant(declaration))
      return this.#asDeclared(declaration, this.#evaluateTop(declaration.initializer, symbol.name));
    return refuseDeclaration(declaration, symbol.name, node, this.topLevel) ?? refuse();
  }

  /** `const LIMIT: u32 = 5` computes as a u32 from then on, as it would inside a function. */
  #asDeclared(declaration: ts.VariableDeclaration, value: Value): Value {
    if (declaration.type === undefined || (value.kind !== "scalar" && value.kind !== "literal")) return value;
    const flavour = flavourOf(this.checker.getTypeAtLocation(declaration.name));
    return flavour === null ? value : coerce(value, flavour, declaration.name, this.topLevel);
  }

  #evaluateTop(expression: ts.Expression, name: string | null): Value {
    this.declaring = name;
    const { topLevel } = this;
    const { scope, frames } = topLevel;
    topLevel.scope = new Scope(null);
    const active = frames.splice(0);
    try {
      return evaluate(expression, topLevel);
    } finally {
      topLevel.scope = scope;
      frames.push(...active);
    }
  }

  #namespace(symbol: ts.Symbol): DeclaredValue {
    const exported = this.checker.getExportsOfModule(symbol);
    return {
      kind: "declared",
      what: "a module",
      data: null,
      names: exported.map((each) => each.name),
      member: (name, node) => {
        const found = exported.find((each) => each.name === name);
        if (found === undefined) return null;
        return this.globalValue(
          found.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(found) : found,
          node,
        );
      },
    };
  }

  finish(name: string): Module {
    return {
      name,
      files: this.files,
      maps: this.maps,
      globals: this.globals,
      functions: this.functions,
      programs: this.programs,
    };
  }
}

const sameMap = ({ at: _, ...map }: MapDeclaration, data: MapData): boolean => isDeepStrictEqual(map, data);

export const baseName = (file: string): string => path.basename(file).replace(/\.[cm]?tsx?$/, "");
