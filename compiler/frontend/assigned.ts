/** Which names and property names some code assigns: only those need variables. */
import { ts } from "./typescript.ts";

interface Assigned {
  readonly symbols: Set<ts.Symbol>;
  readonly properties: Set<string>;
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
      targets.push(node.left);
    else if (ts.isPostfixUnaryExpression(node)) targets.push(node.operand);
    else if (
      ts.isPrefixUnaryExpression(node) &&
      (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
    )
      targets.push(node.operand);
    ts.forEachChild(node, visit);
  };
  visit(file);
  targetsByFile.set(file, targets);
  return targets;
}

export function collectAssignments(program: ts.Program, checker: ts.TypeChecker): Assigned {
  const symbols = new Set<ts.Symbol>();
  const properties = new Set<string>();
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile) continue;
    for (const target of targetsOf(file)) {
      if (ts.isIdentifier(target)) {
        const symbol = checker.getSymbolAtLocation(target);
        if (symbol !== undefined) symbols.add(symbol);
      } else if (ts.isPropertyAccessExpression(target)) properties.add(target.name.text);
    }
  }
  return { symbols, properties };
}
