/** Which names and property names some code assigns: only those need variables. */
import { bare } from "./bare.ts";
import { isOwnSource } from "./program.ts";
import { ts } from "./typescript.js";

interface Assigned {
  readonly symbols: ReadonlySet<ts.Symbol>;
  readonly isAssignedProperty: (literal: ts.ObjectLiteralExpression, name: string) => boolean;
}

/** Per source file, so that watch mode walks only what changed; symbols belong to one checker and are resolved anew. */
const targetsByFile = new WeakMap<ts.SourceFile, readonly ts.Node[]>();

function targetsOf(file: ts.SourceFile): readonly ts.Node[] {
  const known = targetsByFile.get(file);
  if (known !== undefined) return known;
  const targets: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
    )
      targets.push(bare(node.left));
    else if (ts.isPostfixUnaryExpression(node)) targets.push(bare(node.operand));
    else if (
      ts.isPrefixUnaryExpression(node) &&
      (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
    )
      targets.push(bare(node.operand));
    ts.forEachChild(node, visit);
  };
  visit(file);
  targetsByFile.set(file, targets);
  return targets;
}

export function collectAssignments(program: ts.Program, checker: ts.TypeChecker): Assigned {
  const symbols = new Set<ts.Symbol>();
  const properties = new Map<string, ts.PropertyAccessExpression[]>();
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile) continue;
    // Our library assigns views and names, never properties of objects, its own or an author's; asking what all its targets
    // are would be a tenth of a build.
    const own = isOwnSource(file.fileName);
    for (const target of targetsOf(file)) {
      if (ts.isIdentifier(target)) {
        const symbol = checker.getSymbolAtLocation(target);
        if (symbol !== undefined) symbols.add(symbol);
      } else if (!own && ts.isPropertyAccessExpression(target)) {
        const name = target.name.text;
        properties.set(name, [...(properties.get(name) ?? []), target]);
      }
    }
  }
  return { symbols, isAssignedProperty: propertyTest(properties, checker) };
}

/**
 * Whether any assignment goes to a property that this object literal may be the value of: they share a declaration, or
 * the literal can stand where the assigned object's type is wanted (types are compared by structure).
 */
function propertyTest(
  targets: ReadonlyMap<string, readonly ts.PropertyAccessExpression[]>,
  checker: ts.TypeChecker,
): Assigned["isAssignedProperty"] {
  const resolved = new Map<string, ReadonlySet<ts.Declaration>>();
  const declarationsOf = (name: string): ReadonlySet<ts.Declaration> => {
    const known = resolved.get(name);
    if (known !== undefined) return known;
    const found = new Set(
      (targets.get(name) ?? []).flatMap((target) => checker.getSymbolAtLocation(target.name)?.declarations ?? []),
    );
    resolved.set(name, found);
    return found;
  };
  const holders = new Map<string, ReadonlySet<ts.Type>>();
  const holdersOf = (name: string): ReadonlySet<ts.Type> => {
    const known = holders.get(name);
    if (known !== undefined) return known;
    const found = new Set((targets.get(name) ?? []).map((target) => checker.getTypeAtLocation(target.expression)));
    holders.set(name, found);
    return found;
  };
  return (literal, name) => {
    if (!targets.has(name)) return false;
    // As above; asking for the types of its literals would be most of a build.
    if (isOwnSource(literal.getSourceFile().fileName)) return false;
    const type = checker.getTypeAtLocation(literal);
    const types = [type, checker.getContextualType(literal)];
    const own = types.flatMap((each) => each?.getProperty(name)?.declarations ?? []);
    if (own.some((declaration) => declarationsOf(name).has(declaration))) return true;
    const regular = checker.getWidenedType(type);
    return [...holdersOf(name)].some((holder) => checker.isTypeAssignableTo(regular, holder));
  };
}
