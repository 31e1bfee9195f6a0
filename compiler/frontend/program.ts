/** The TypeScript program: source files, symbols and types as the TypeScript compiler API sees them, and its complaints as Problems. */
import path from "node:path";
import type { Problem, Span } from "../diagnostics/problem.ts";
import { fileKind } from "../file-kind.ts";
import { packageRoot } from "../package-root.ts";
import { Mistakes, POSSIBLY_NULL, withoutConsequences } from "./mistakes.ts";
import {
  asyncUsed,
  doesNotFit,
  looseStatement,
  missingFile,
  mixedTypes,
  outerJump,
  sideEffectInDecide,
  typescriptSyntax,
  typescriptType,
  uncheckedNull,
  unknownImport,
  unknownName,
  unsupportedSyntax,
} from "./problems.ts";
import { remedyOf } from "./remedies.ts";
import { HOOKS } from "./services/spec.ts";
import { ts } from "./typescript.js";

const OWN_MODULES: Readonly<Record<string, string>> = {
  zeta: "sdk/index.ts",
  "zeta/bpf": "sdk/bpf/index.ts",
};

export const libraryPath = (relative: string): string => path.join(packageRoot(), "bpf-lib", relative);

const isInside = (file: string, folder: string): boolean =>
  file.startsWith(path.join(packageRoot(), folder) + path.sep);
export const isSdk = (file: string): boolean => isInside(file, "sdk");
/** The SDK and the library: checked when Zeta was built, not in every compilation. */
export const isOwnSource = (file: string): boolean => isSdk(file) || isInside(file, "bpf-lib");

const OPTIONS = (): ts.CompilerOptions => ({
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  resolveJsonModule: false,
  // What the language has of JavaScript; authors' editors may use more, which the compiler then refuses by name.
  lib: ["lib.es2020.d.ts", "lib.esnext.disposable.d.ts"],
});

export interface SourceProgram {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly entry: ts.SourceFile;
  /** Folder that paths in objects and messages are relative to. */
  readonly root: string;
  /** What TypeScript's checker refuses. */
  readonly mistakes: Mistakes;
}

export type FileOverlay = ReadonlyMap<string, string>;

/** Keeps parsed files between builds, so that watch mode parses only what changed. */
export class SourceCache {
  readonly #files = new Map<string, { readonly text: string; readonly file: ts.SourceFile }>();
  previous: ts.Program | undefined;

  parse(name: string, text: string, options: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile {
    const known = this.#files.get(name);
    if (known !== undefined && known.text === text) return known.file;
    // The binder sets parents; documentation comments mean nothing to a compiler.
    const target = typeof options === "number" ? { languageVersion: options } : options;
    const file = ts.createSourceFile(name, text, { ...target, jsDocParsingMode: ts.JSDocParsingMode.ParseNone }, false);
    this.#files.set(name, { text, file });
    return file;
  }
}

/** @param missed is told of files that an import means by their place, and that are not there. */
function createHost(
  options: ts.CompilerOptions,
  overlay: FileOverlay,
  cache: SourceCache,
  missed: Set<string>,
): ts.CompilerHost {
  const base = ts.createCompilerHost(options, true);
  const read = (name: string) => overlay.get(name) ?? (fileKind(name) === "file" ? base.readFile(name) : undefined);
  const fileExists = (name: string) => overlay.has(name) || base.fileExists(name);
  const folders = new Set([...overlay.keys()].map((name) => path.dirname(name)));
  const directoryExists = (name: string) => folders.has(name) || (base.directoryExists?.(name) ?? true);
  const sought = new Set<string>();
  const seek = (name: string): boolean => {
    sought.add(name);
    return fileExists(name);
  };
  const resolving: ts.ModuleResolutionHost = { ...base, readFile: read, fileExists: seek, directoryExists };
  const resolution = ts.createModuleResolutionCache(base.getCurrentDirectory(), (name) => name, options);
  return {
    ...base,
    readFile: read,
    fileExists,
    directoryExists,
    getSourceFile(name, languageVersion) {
      const text = read(name);
      return text === undefined ? undefined : cache.parse(name, text, languageVersion);
    },
    resolveModuleNameLiterals(literals, containing) {
      return literals.map(({ text }) => {
        const own = Object.hasOwn(OWN_MODULES, text) ? OWN_MODULES[text] : undefined;
        if (own === undefined) {
          sought.clear();
          const found = ts.resolveModuleName(text, containing, options, resolving, resolution);
          const place = path.resolve(path.dirname(containing), text);
          if (found.resolvedModule === undefined && ts.isExternalModuleNameRelative(text))
            for (const name of [place, ...sought]) missed.add(name);
          return found;
        }
        return {
          resolvedModule: {
            resolvedFileName: path.join(packageRoot(), own),
            extension: ts.Extension.Ts,
            isExternalLibraryImport: false,
          },
        };
      });
    },
  };
}

export function spanOf(node: ts.Node, root: string): Span {
  const file = node.getSourceFile();
  return spanAt(file, node.getStart(file), node.getEnd(), root);
}

function spanAt(file: ts.SourceFile, start: number, end: number, root: string): Span {
  const from = file.getLineAndCharacterOfPosition(start);
  const to = file.getLineAndCharacterOfPosition(end);
  return {
    file: relativePath(file.fileName, root),
    line: from.line + 1,
    column: from.character + 1,
    endLine: to.line + 1,
    endColumn: to.character + 1,
  };
}

/** The path that objects, messages and manifests carry: relative to the root, or `zeta/...` for our own sources. Never absolute. */
export function relativePath(file: string, root: string): string {
  const own = path.relative(packageRoot(), file);
  if (isOwnSource(file)) return `zeta/${own.split(path.sep).join("/")}`;
  const relative = path.relative(root, file).split(path.sep).join("/");
  return relative.startsWith("../") ? path.basename(file) : relative;
}

/** TypeScript names a type that is not in scope by the path of the file that declares it. */
const withoutPaths = (text: string): string => text.replace(/import\("[^"]*"\)\./g, "");

const UNSIGNED: ReadonlySet<string> = new Set(["u8", "u16", "u32"]);
const SCALARS: ReadonlySet<string> = new Set([...UNSIGNED, "u64", "i32", "i64", "ipv4", "ipv6", "mac", "address"]);

/** One scalar type where another is wanted: TypeScript explains the marks that carry the widths, and we the widths. */
function scalarMismatch(span: Span | null, text: string): Problem | null {
  const [, from = "", to = ""] =
    /^(?:Type|Argument of type) '(\w+)' is not assignable to (?:type|parameter of type) '(\w+)'/.exec(text) ?? [];
  if (!SCALARS.has(from) || !SCALARS.has(to)) return null;
  return UNSIGNED.has(from) && UNSIGNED.has(to) ? doesNotFit(span, from, to) : mixedTypes(span, "=", from, to);
}

const HOOK_NAMES: ReadonlySet<string> = new Set(HOOKS);

/** The hook that a place is in; the innermost of several. */
function hookAt(node: ts.Node, at: number): string | null {
  const inner = ts.forEachChild(node, (child: ts.Node) => {
    return child.pos <= at && at < child.end ? hookAt(child, at) : undefined;
  });
  if (inner != null) return inner;
  const isNamed = (ts.isMethodDeclaration(node) || ts.isPropertyAssignment(node)) && ts.isIdentifier(node.name);
  return isNamed && HOOK_NAMES.has(node.name.text) ? node.name.text : null;
}

/** State that only filters may change, where a hook that must be pure sees bindings alone: TypeScript says that it is not there. */
function impureState(span: Span | null, text: string, hook: () => string | null): Problem | null {
  const [, name, state] = /^Property '(\w+)' does not exist on type 'BindingsOf<(.*)>'/.exec(text) ?? [];
  const isThere = name !== undefined && new RegExp(`\\b${name}\\??: `).test(state ?? "");
  return isThere ? sideEffectInDecide(span, `the use of '${name}'`, hook() ?? "decide") : null;
}

/** TypeScript's own numbers. */
const JUMP_OUT_OF_FUNCTION = 1107;
const NO_MODULE = 2307;
/** A file without types, or one of JSON, is there. */
const NO_TYPESCRIPT: ReadonlySet<number> = new Set([7016, 2732]);
/** Names of browsers, of Node.js and of newer JavaScript: TypeScript advises to add their types, which would not help here. */
const FOREIGN_NAME: ReadonlySet<number> = new Set([2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2868]);
/** `await` and `for await` in a function that is not async: making it so would not help. */
const ASYNC_ONLY: ReadonlySet<number> = new Set([1308, 1103]);
const withoutAdvice = (text: string): string => text.replace(/ (?:Do you need to|Try changing the) .*$/s, "");

function toProblem(diagnostic: ts.Diagnostic, root: string, syntax: boolean): Problem {
  const text = withoutAdvice(withoutPaths(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")));
  const span =
    diagnostic.file === undefined
      ? null
      : spanAt(diagnostic.file, diagnostic.start ?? 0, (diagnostic.start ?? 0) + (diagnostic.length ?? 0), root);
  const { code } = diagnostic;
  const named = /'([^']*)'/.exec(text)?.[1] ?? text;
  const { file, start = 0, length = 0 } = diagnostic;
  const marked = file?.text.slice(start, start + length) ?? "";
  if (code === NO_MODULE || NO_TYPESCRIPT.has(code)) return unknownImport(span, named, NO_TYPESCRIPT.has(code));
  if (FOREIGN_NAME.has(code)) return /^["']/.test(marked) ? unknownImport(span, named) : unknownName(span, named);
  if (ASYNC_ONLY.has(code)) return asyncUsed(span);
  if (code === JUMP_OUT_OF_FUNCTION) {
    const label = /^(?:break|continue)\s+([^\s;]+)/.exec(marked)?.[1];
    const isNowhere = label !== undefined && !file?.text.includes(`${label}:`);
    return isNowhere ? unsupportedSyntax(span, "A jump to nowhere") : outerJump(span, "This jump");
  }
  if (syntax) return typescriptSyntax(span, text);
  if (POSSIBLY_NULL.has(code)) return uncheckedNull(span, `'${marked.replace(/\s+/g, " ")}'`);
  const hook = () => (file === undefined ? null : hookAt(file, start));
  const own = scalarMismatch(span, text) ?? impureState(span, text, hook);
  if (own !== null) return own;
  const [line = ""] = /^.*/.exec(file?.text.slice(start) ?? "") ?? [];
  const advised = remedyOf({ code, text, marked, line, hook: hook() });
  return advised === null ? typescriptType(span, text) : typescriptType(span, advised.reason, advised.fix);
}

const isDirective = (statement: ts.Node): boolean =>
  ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression);

/** What declares something, or says what a module takes and gives. */
const isDeclaration = (statement: ts.Node): boolean =>
  ts.isVariableStatement(statement) ||
  ts.isFunctionDeclaration(statement) ||
  ts.isClassDeclaration(statement) ||
  ts.isEnumDeclaration(statement) ||
  ts.isInterfaceDeclaration(statement) ||
  ts.isTypeAliasDeclaration(statement) ||
  ts.isImportDeclaration(statement) ||
  ts.isImportEqualsDeclaration(statement) ||
  ts.isExportDeclaration(statement) ||
  ts.isExportAssignment(statement);

/** Statements at the top level, or in a namespace there, are no program's: they would be left out without a word. */
function looseStatements(within: ts.SourceFile | ts.NamespaceBody): ts.Node[] {
  const statements = ts.isSourceFile(within) || ts.isModuleBlock(within) ? within.statements : [within];
  return statements.flatMap((one: ts.Node) => {
    if (ts.isModuleDeclaration(one)) return one.body ? looseStatements(one.body as ts.NamespaceBody) : [];
    const isFine = isDeclaration(one) || isDirective(one) || ts.isEmptyStatement(one);
    return isFine ? [] : [one];
  });
}

/** `source` is null where nothing can be made of the files. */
interface Parsed {
  readonly source: SourceProgram | null;
  readonly problems: readonly Problem[];
  /** The author's files, absolute: those that were read, and those that were looked for in vain. */
  readonly inputs: readonly string[];
}

/** Parses and type-checks. Problems are those of the author's own files; our library has been checked when it was built. */
export function createSourceProgram(
  entry: string,
  overlay: FileOverlay,
  cache: SourceCache,
  extraRoots: readonly string[],
): Parsed {
  const file = path.resolve(entry);
  const root = path.dirname(file);
  const kind = overlay.has(file) ? "file" : fileKind(file);
  if (kind !== "file")
    return { source: null, problems: [missingFile(null, entry, kind === null ? null : `a ${kind}`)], inputs: [file] };
  const options = OPTIONS();
  const missed = new Set<string>();
  const host = createHost(options, overlay, cache, missed);
  const program = ts.createProgram({
    rootNames: [file, ...extraRoots],
    options,
    host,
    ...(cache.previous ? { oldProgram: cache.previous } : {}),
  });
  const authored = program
    .getSourceFiles()
    .filter((source) => !source.isDeclarationFile && !isOwnSource(source.fileName));
  const inputs = [...new Set([...authored.map(({ fileName }) => path.resolve(fileName)), ...missed])];
  const broken = authored.flatMap((source) => program.getSyntacticDiagnostics(source));
  const found =
    broken.length > 0 ? [] : withoutConsequences(authored.flatMap((source) => program.getSemanticDiagnostics(source)));
  const problems = [
    ...broken.map((one) => toProblem(one, root, true)),
    ...found.map((one) => toProblem(one, root, false)),
  ];
  // What was looked for in vain is looked for again: TypeScript would go by what it found before.
  cache.previous = problems.some(({ code }) => code === unknownImport.code) ? undefined : program;
  const entrySource = program.getSourceFile(file);
  if (entrySource === undefined)
    return { source: null, problems: [...problems, missingFile(null, entry, "a file of another kind")], inputs };
  const checker = program.getTypeChecker();
  const mistakes = new Mistakes(found, checker);
  if (broken.length > 0 || !mistakes.isLocal) return { source: null, problems, inputs };
  const loose = authored.flatMap((source) => looseStatements(source)).filter((one) => !mistakes.within(one));
  problems.push(...loose.map((one) => looseStatement(spanOf(one, root))));
  return { source: { program, checker, entry: entrySource, root, mistakes }, problems, inputs };
}
