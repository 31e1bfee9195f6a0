/** What authors call a piece of syntax: its own words, or the word that it begins with. */
import { ts } from "./typescript.js";

/** What begins with no word of the language's own. */
const CALLED: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.TaggedTemplateExpression]: "A tagged template",
  [ts.SyntaxKind.OmittedExpression]: "A hole in a list",
  [ts.SyntaxKind.SpreadElement]: "A spread here",
  [ts.SyntaxKind.MetaProperty]: "A property of a keyword",
  [ts.SyntaxKind.ExpressionWithTypeArguments]: "A function with types, but without a call,",
  [ts.SyntaxKind.ModuleDeclaration]: "A namespace",
  [ts.SyntaxKind.ForInStatement]: "'for…in'",
  [ts.SyntaxKind.PrivateIdentifier]: "A private name",
};

export function spelled(node: ts.Node): string {
  const called = CALLED[node.kind];
  if (called !== undefined) return called;
  const token = ts.isToken(node) ? node : node.getFirstToken();
  const isWord =
    token !== undefined && token.kind >= ts.SyntaxKind.FirstKeyword && token.kind <= ts.SyntaxKind.LastKeyword;
  return isWord ? `'${token.getText()}'` : `'${node.getText().split("\n")[0]?.slice(0, 40)}'`;
}
