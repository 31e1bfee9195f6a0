/**
 * Where TypeScript's checker found mistakes. What contains one is not lowered, and what depends on that is told of by nobody: its
 * types mean nothing. All the rest is, so that one run tells of both kinds of mistakes.
 */
import { ts } from "./typescript.js";

/** "whole": nothing in it is looked at. "result": a function whose body may be right, but not what it is given as. */
type Mark = "whole" | "result";

/** Statements that stand by themselves: a mistake in one says nothing of its neighbours. */
const isUnit = (node: ts.Node): boolean => ts.isStatement(node) && !ts.isBlock(node);

function pathTo(file: ts.SourceFile, at: number): ts.Node[] {
  const path: ts.Node[] = [];
  const enter = (node: ts.Node): void => {
    path.push(node);
    ts.forEachChild(node, (child: ts.Node) => {
      if (child.pos > at || at >= child.end) return undefined;
      enter(child);
      return true;
    });
  };
  enter(file);
  return path;
}

/** "Parameter 'packet' implicitly has an 'any' type." */
const IMPLICIT_ANY: ReadonlySet<number> = new Set([7006, 7019, 7031]);

/** "'ip' is possibly 'null'." */
export const POSSIBLY_NULL: ReadonlySet<number> = new Set([2531, 2532, 2533, 18047, 18048, 18049]);

/** "Cannot find name 'ipp'. Did you mean 'ip'?": which name was meant is not known. */
const UNKNOWN_NAME: ReadonlySet<number> = new Set([2304, 2552]);

const namesIn = (text: string): readonly string[] => text.match(/[A-Za-z_$][\w$]*/g) ?? [];

const LOGICAL: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

/** What tests something, or assigns it: what is known behind it depends on it. */
const tells = (node: ts.Node): boolean =>
  ts.isIfStatement(node) ||
  ts.isWhileStatement(node) ||
  ts.isConditionalExpression(node) ||
  ts.isExpressionStatement(node) ||
  (ts.isBinaryExpression(node) && LOGICAL.has(node.operatorToken.kind));

/** The names in a test that a mistake is in, by the function that it stands in. */
function testedIn(path: readonly ts.Node[]): {
  readonly fn: ts.Node | undefined;
  readonly names: readonly string[];
  readonly isTest: boolean;
} {
  const fn = path.findLast(ts.isFunctionLike);
  const unit = path.findLastIndex(isUnit);
  const test = path.slice(Math.max(unit, 0)).find(tells);
  const part = test !== undefined && (ts.isIfStatement(test) || ts.isWhileStatement(test)) ? test.expression : test;
  const isTest = test !== undefined && !ts.isExpressionStatement(test);
  return { fn, names: part === undefined ? [] : namesIn(part.getText()), isTest };
}

/** The call that a function is given to, by itself or as part of an object. */
function callAround(fn: ts.Node): ts.Node | undefined {
  const { parent } = fn;
  if (ts.isCallExpression(parent)) return parent;
  const isPart =
    ts.isObjectLiteralExpression(parent) || ts.isPropertyAssignment(parent) || ts.isArrayLiteralExpression(parent);
  return isPart ? callAround(parent) : undefined;
}

const isBody = (node: ts.Node, i: number, path: readonly ts.Node[]): boolean => {
  const fn = path[i - 1];
  return fn !== undefined && ts.isFunctionLike(fn) && "body" in fn && fn.body === node;
};

/**
 * What TypeScript finds, without what comes of the rest: where it makes nothing of a call, it has no types for the parameters of
 * the functions that are given to it; and where a test is wrong, what that would have shown not to be null may be it still.
 */
export function withoutConsequences(found: readonly ts.Diagnostic[]): readonly ts.Diagnostic[] {
  const pathOf = ({ file, start = 0 }: ts.Diagnostic) => (file === undefined ? [] : pathTo(file, start));
  /** Calls that are refused themselves, not only what the functions in them do. */
  const calls = new Set<ts.Node>();
  const tested: (ReturnType<typeof testedIn> & { readonly isOfAny: boolean })[] = [];
  for (const one of found) {
    if (IMPLICIT_ANY.has(one.code) || POSSIBLY_NULL.has(one.code)) continue;
    const path = pathOf(one);
    const test = testedIn(path);
    tested.push({ ...test, isOfAny: test.isTest && UNKNOWN_NAME.has(one.code) });
    for (const node of path.slice(path.findLastIndex(isBody) + 1)) if (ts.isCallExpression(node)) calls.add(node);
  }
  const isSpoilt = (one: ts.Diagnostic): boolean => {
    const { file, start = 0, length = 0 } = one;
    const [name] = namesIn(file?.text.slice(start, start + length) ?? "");
    const path = pathOf(one);
    const isMeant = ({ names, isOfAny }: (typeof tested)[number]) => isOfAny || names.includes(name ?? "");
    return tested.some((test) => test.fn !== undefined && path.includes(test.fn) && isMeant(test));
  };
  return found.filter((one) => {
    if (POSSIBLY_NULL.has(one.code)) return !isSpoilt(one);
    const fn = IMPLICIT_ANY.has(one.code) ? pathOf(one).findLast(ts.isFunctionLike) : undefined;
    const call = fn && callAround(fn);
    return call === undefined || !calls.has(call);
  });
}

export class Mistakes {
  readonly #marks = new Map<ts.Node, Mark>();
  readonly #starts: readonly { readonly file: ts.SourceFile; readonly at: number }[];
  /** Whether each has a place in something that can be left out. */
  readonly isLocal: boolean;

  readonly #checker: ts.TypeChecker;

  constructor(found: readonly ts.Diagnostic[], checker: ts.TypeChecker) {
    this.#checker = checker;
    const placed = found.flatMap(({ file, start = 0, length = 0 }) =>
      file === undefined ? [] : [{ file, at: start, end: start + length }],
    );
    this.#starts = placed;
    const marked = placed.map(({ file, at, end }) => this.#mark(file, at, end));
    this.isLocal = marked.length === found.length && marked.every((isMarked) => isMarked);
  }

  #mark(file: ts.SourceFile, at: number, end: number): boolean {
    const path = pathTo(file, at);
    for (let depth = path.length - 1; depth > 0; depth--) {
      const node = path[depth] as ts.Node;
      const child = path[depth + 1];
      if (ts.isFunctionLike(node)) {
        // Of an arrow of several lines, TypeScript marks the first.
        const isItself = node.getStart(file) === at && (child === undefined || end > child.end);
        const isItsName = child !== undefined && child === node.name && ts.isMethodDeclaration(node);
        const body = "body" in node ? node.body : undefined;
        const isInBody = child !== undefined && child === body;
        const isWanted = isItsName || (isItself && this.#isWanted(node));
        if (isItself && !isWanted) continue;
        if (isInBody && !isItself) this.#marks.set(child, "whole");
        else this.#marks.set(node, isWanted ? "result" : "whole");
        return true;
      }
      if (isUnit(node)) {
        this.#marks.set(node, "whole");
        return true;
      }
    }
    return false;
  }

  /** Whether a function is wanted where one stands: only what it gives or takes is then wrong. */
  #isWanted(fn: ts.SignatureDeclaration): boolean {
    if (!ts.isArrowFunction(fn) && !ts.isFunctionExpression(fn)) return false;
    const type = this.#checker.getContextualType(fn);
    return type !== undefined && this.#checker.getNonNullableType(type).getCallSignatures().length > 0;
  }

  get any(): boolean {
    return this.#starts.length > 0;
  }

  of(node: ts.Node): Mark | null {
    return this.#marks.get(node) ?? null;
  }

  /** Whether a declaration of a module stands in what is left out. */
  holds(declaration: ts.Node): boolean {
    return this.any && ts.findAncestor(declaration, (node: ts.Node) => this.of(node) === "whole") !== undefined;
  }

  /** Whether one of them stands in a node: what is said of the node may come of it. */
  within(node: ts.Node): boolean {
    const file = node.getSourceFile();
    const start = node.getStart(file);
    return this.#starts.some((one) => one.file === file && start <= one.at && one.at < node.end);
  }
}
