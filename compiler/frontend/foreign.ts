/** Names that a subprogram sees of the function that made it: what is known while compiling may be used, nothing else is there. */
import { isCursor } from "./builtins/cursor.ts";
import type { Lowering } from "./lowering.ts";
import { inSubprogram } from "./problems.ts";
import type { Cell } from "./scope.ts";
import type { ts } from "./typescript.js";
import type { Property, Value } from "./values.ts";

const isKnownCell = (cell: Cell): boolean => cell.kind === "fixed" && isKnown(cell.value);
const isKnownProperty = (property: Property): boolean => property.kind === "accessor" || isKnownCell(property.cell);

function isKnown(value: Value): boolean {
  switch (value.kind) {
    case "scalar":
      return value.operand.kind === "constant";
    case "view":
    case "nullable":
      return false;
    case "object":
      return [...value.fields.values()].every(isKnownProperty);
    case "list":
      return value.items.every(isKnown);
    case "map":
      return value.inner === null;
    default:
      return !isCursor(value);
  }
}

/** What a name is bound to here; undefined for a declaration of a module. */
export function cellOf(symbol: ts.Symbol, node: ts.Identifier, to: Lowering): Cell | undefined {
  const cell = to.scope.find(symbol);
  const isForeign = cell !== undefined && to.around?.find(symbol) === cell;
  if (isForeign && !isKnownCell(cell)) to.refuse((at) => inSubprogram(at, `'${node.text}'`), node);
  return cell;
}
