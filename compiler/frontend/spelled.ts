/** What authors call a piece of syntax: the word that it begins with, where it is one of the language's own. */
import { ts } from "./typescript.js";

export function spelled(node: ts.Node): string {
  const token = ts.isToken(node) ? node : node.getFirstToken();
  const isWord =
    token !== undefined && token.kind >= ts.SyntaxKind.FirstKeyword && token.kind <= ts.SyntaxKind.LastKeyword;
  return `'${isWord ? token.getText() : ts.SyntaxKind[node.kind]}'`;
}
