/** A name: a local, or a declaration of some module. */
import { readCell } from "../cells.ts";
import { Refusal } from "../frames.ts";
import type { Lowering } from "../lowering.ts";
import { unknownName } from "../problems.ts";
import { ts } from "../typescript.js";
import { NULL, type Value } from "../values.ts";

/** The symbol behind a name, import aliases followed. */
export function symbolOf(node: ts.Identifier, to: Lowering): ts.Symbol | undefined {
  const { checker } = to.module;
  const symbol =
    ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
  if (symbol === undefined) return undefined;
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

export function identifier(node: ts.Identifier, to: Lowering): Value {
  if (node.text === "undefined") return NULL;
  const symbol = symbolOf(node, to);
  if (symbol === undefined) throw new Refusal(unknownName(to.span(node), node.text));
  const cell = to.scope.find(symbol);
  return cell === undefined ? to.module.globalValue(symbol, node) : readCell(cell, to);
}
