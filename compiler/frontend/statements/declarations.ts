/** `const`, `let` and functions declared inside functions. */
import { evaluate } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { unsupportedSyntax } from "../problems.ts";
import { ts } from "../typescript.js";
import { NULL } from "../values.ts";
import { declareBinding } from "./bindings.ts";

export function variableDeclarations(list: ts.VariableDeclarationList, to: Lowering): void {
  const kind = list.flags & ts.NodeFlags.BlockScoped;
  if (kind !== ts.NodeFlags.Let && kind !== ts.NodeFlags.Const)
    to.refuse((at) => unsupportedSyntax(at, kind === 0 ? "'var'" : "'using'"), list);
  for (const declaration of list.declarations) {
    const value = declaration.initializer === undefined ? NULL : evaluate(declaration.initializer, to);
    to.at(declaration);
    declareBinding(declaration.name, uninitialised(declaration, to) ?? value, declaration, to);
  }
}

/** `let x: u32;` starts as zero. */
function uninitialised(declaration: ts.VariableDeclaration, to: Lowering) {
  if (declaration.initializer !== undefined) return null;
  const type = to.module.checker.getTypeAtLocation(declaration.name);
  if (type.flags & ts.TypeFlags.NumberLike || isFlavoured(type, "number", to))
    return { kind: "literal", value: 0 } as const;
  if (type.flags & ts.TypeFlags.BigIntLike || isFlavoured(type, "bigint", to))
    return { kind: "literal", value: 0n } as const;
  return null;
}

const isFlavoured = (type: ts.Type, base: "number" | "bigint", to: Lowering): boolean =>
  type.isIntersection() && type.types.some((part) => to.module.checker.typeToString(part) === base);

export const variableStatement = (node: ts.VariableStatement, to: Lowering): void =>
  variableDeclarations(node.declarationList, to);

export function functionDeclaration(node: ts.FunctionDeclaration, to: Lowering): void {
  const symbol = node.name === undefined ? undefined : to.module.checker.getSymbolAtLocation(node.name);
  if (symbol === undefined) return;
  to.scope.bind(symbol, {
    kind: "fixed",
    value: { kind: "function", declaration: node, scope: to.scope, name: node.name?.text ?? "function" },
  });
}
