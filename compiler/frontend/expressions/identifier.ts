/** A name: a local, or a declaration of some module. */
import { readCell } from "../cells.ts";
import { cellOf } from "../foreign.ts";
import type { Lowering } from "../lowering.ts";
import { unknownName } from "../problems.ts";
import type { ts } from "../typescript.js";
import { NULL, type Value } from "../values.ts";

export function identifier(node: ts.Identifier, to: Lowering): Value {
  if (node.text === "undefined") return NULL;
  const symbol = to.module.symbolOf(node);
  if (symbol === undefined) return to.refuse((at) => unknownName(at, node.text), node);
  const cell = cellOf(symbol, node, to);
  return cell === undefined ? to.module.globalValue(symbol, node) : readCell(cell, to);
}
