/** What a declaration at the top level of a module may be, beside constants: a function; and what to say of all the rest. */
import type { Lowering } from "./lowering.ts";
import { classUsed, mutableModule, unknownName, unsupportedSyntax } from "./problems.ts";
import { Scope } from "./scope.ts";
import { ts } from "./typescript.js";
import type { FunctionValue } from "./values.ts";

const isConst = (declaration: ts.VariableDeclaration): boolean =>
  ts.isVariableDeclarationList(declaration.parent) &&
  (declaration.parent.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Const;

/** A constant of a module. One inside a function has its value where it stands, and none before. */
export const isConstant = (
  declaration: ts.Declaration,
): declaration is ts.VariableDeclaration & { readonly initializer: ts.Expression } =>
  ts.isVariableDeclaration(declaration) &&
  ts.isIdentifier(declaration.name) &&
  declaration.initializer !== undefined &&
  isConst(declaration) &&
  ts.findAncestor(declaration, ts.isFunctionLike) === undefined;

/** Of overloads, the one with a body. */
export function functionOf(symbol: ts.Symbol, first: ts.FunctionDeclaration): FunctionValue {
  const whole = symbol.declarations?.find((each) => ts.isFunctionDeclaration(each) && each.body !== undefined);
  const declaration = whole !== undefined && ts.isFunctionDeclaration(whole) ? whole : first;
  return { kind: "function", declaration, scope: new Scope(null), name: symbol.name };
}

/** Refuses a name by what it was declared as, where it was: once, however often it is used. Null where that says nothing. */
export function refuseDeclaration(declaration: ts.Declaration, name: string, node: ts.Node, to: Lowering): null {
  if (ts.isClassDeclaration(declaration)) return to.refuse((at) => classUsed(at), node);
  if (ts.isModuleDeclaration(declaration))
    return to.refuse((at) => unsupportedSyntax(at, "A namespace"), declaration.name);
  const variable = ts.findAncestor(declaration, ts.isVariableDeclaration);
  if (variable === undefined || !ts.isVariableDeclarationList(variable.parent)) return null;
  if (ts.findAncestor(variable, ts.isFunctionLike) !== undefined)
    return to.refuse((at) => unknownName(at, name, "its declaration comes later"), node);
  if (!isConst(variable)) return to.refuse((at) => mutableModule(at, name), variable.name);
  return ts.isIdentifier(variable.name)
    ? null
    : to.refuse((at) => unsupportedSyntax(at, "A pattern at the top level of a module"), declaration);
}
