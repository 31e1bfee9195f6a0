/**
 * What programs may import from `zeta` and `zeta/bpf`, down to the last member, option and word, as TypeScript's own checker
 * sees it; and which of it a text uses.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SDK = path.join(ROOT, "sdk") + path.sep;
const LAYERS = ["sdk/index.ts", "sdk/bpf/index.ts"];

/** Something that can be written: a name, a member, an option, an argument that may be left out, a word of a few. */
export interface Construct {
  /** As a reader would call it: "TcpView.fin", "map.bloom(hashes)", "\"both\" of \"both\" | \"client\"". */
  readonly name: string;
  /** What declares it: one place, but for what several shapes have in common. */
  readonly keys: readonly Key[];
}
/** Words of a choice have no declaration of their own. */
type Key = ts.Node | string;

export interface Surface {
  readonly constructs: readonly Construct[];
  /** Exported names that are types alone. */
  readonly types: readonly string[];
  isUsed(construct: Construct): boolean;
  /** Whether a kind of TypeScript's syntax ("ForStatement"), or an operator ("+="), is used. */
  hasSyntax(name: string): boolean;
}

/** The strings that a type allows, where it allows nothing else: the same for every place that has this choice. */
function choiceOf(type: ts.Type): string | null {
  const parts = type.isUnion() ? type.types : [type];
  const words = parts.map((part) => (part.isStringLiteral() ? part.value : null));
  return words.includes(null) || words.length < 2
    ? null
    : [...words]
        .sort()
        .map((word) => `"${word}"`)
        .join(" | ");
}
const wordKey = (word: string, choice: string): string => `"${word}" of ${choice}`;

const isInSdk = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(SDK);

/** Follows declarations of the SDK to everything that they offer. */
class Survey {
  readonly constructs: Construct[] = [];
  readonly types = new Set<string>();
  readonly #seen = new Set<Key>();
  readonly #checker: ts.TypeChecker;

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  #offers(name: string, ...keys: readonly Key[]): void {
    this.constructs.push({ name, keys });
  }

  layer(file: ts.SourceFile): void {
    const module = this.#checker.getSymbolAtLocation(file);
    for (const exported of module === undefined ? [] : this.#checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(exported) : exported;
      const { valueDeclaration } = symbol;
      if (valueDeclaration === undefined) this.types.add(exported.name);
      else if (!this.#seen.has(valueDeclaration)) this.#offers(exported.name, valueDeclaration);
      for (const declaration of symbol.declarations ?? []) this.#declaration(declaration, exported.name);
    }
  }

  #declaration(node: ts.Node, name: string): void {
    if (this.#seen.has(node) || !isInSdk(node)) return;
    this.#seen.add(node);
    if (ts.isVariableDeclaration(node)) {
      if (node.type !== undefined) this.#type(node.type, name);
      if (node.initializer !== undefined) this.#value(node.initializer, name);
    } else if (ts.isFunctionDeclaration(node)) this.#signature(node, name);
    else if (ts.isInterfaceDeclaration(node)) {
      for (const { types } of node.heritageClauses ?? []) for (const type of types) this.#type(type, name);
      for (const member of node.members) this.#type(member, name);
    } else if (ts.isTypeAliasDeclaration(node)) {
      if (!this.#alternatives(node, name)) this.#type(node.type, name);
    }
  }

  /** One of several shapes: what all have can be read without asking which it is. */
  #alternatives({ type: node }: ts.TypeAliasDeclaration, name: string): boolean {
    const type = this.#checker.getTypeFromTypeNode(node);
    if (!type.isUnion() || !type.types.every((part) => part.flags & ts.TypeFlags.Object)) return false;
    for (const property of this.#checker.getPropertiesOfType(type))
      this.#offers(`${name}.${property.name}`, ...(property.declarations ?? []));
    return true;
  }

  /** Values of the SDK are functions, and objects of functions; what is computed is told by its type. */
  #value(node: ts.Expression, name: string): void {
    if (ts.isAsExpression(node)) this.#value(node.expression, name);
    else if (ts.isArrowFunction(node)) this.#signature(node, name);
    else if (ts.isObjectLiteralExpression(node))
      for (const property of node.properties) {
        if (!ts.isPropertyAssignment(property) || !ts.isArrowFunction(property.initializer)) continue;
        const inner = `${name}.${property.name.getText()}`;
        this.#offers(inner, property);
        this.#value(property.initializer, inner);
      }
  }

  #signature({ parameters, type }: ts.SignatureDeclarationBase, name: string): void {
    for (const parameter of parameters) {
      const isOptional = parameter.questionToken ?? parameter.initializer ?? parameter.dotDotDotToken;
      const inner = `${name}(${parameter.name.getText().replace(/^_/, "")})`;
      if (isOptional !== undefined) this.#offers(inner, parameter);
      if (parameter.type !== undefined) this.#type(parameter.type, inner);
    }
    if (type !== undefined) this.#type(type, name);
  }

  #type(node: ts.Node, name: string): void {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) {
      // Marks that tell types apart: named by symbols that nobody has, or as what nobody writes.
      if (ts.isComputedPropertyName(node.name) || node.name.getText().startsWith("__")) return;
      const inner = `${name}.${node.name.getText()}`;
      this.#offers(inner, node);
      if (ts.isMethodSignature(node)) this.#signature(node, inner);
      else if (node.type !== undefined) this.#type(node.type, inner);
      return;
    }
    if (ts.isFunctionTypeNode(node)) return this.#signature(node, name);
    if (ts.isUnionTypeNode(node)) {
      const choice = choiceOf(this.#checker.getTypeFromTypeNode(node));
      if (choice !== null && !this.#seen.has(choice)) {
        this.#seen.add(choice);
        for (const word of choice.match(/[^" |]+/g) ?? []) this.#offers(wordKey(word, choice), wordKey(word, choice));
      }
    }
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node) || ts.isTypeQueryNode(node)) {
      const at = ts.isTypeReferenceNode(node)
        ? node.typeName
        : ts.isTypeQueryNode(node)
          ? node.exprName
          : node.expression;
      const found = this.#checker.getSymbolAtLocation(at);
      const symbol = found && found.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(found) : found;
      for (const declaration of symbol?.declarations ?? []) this.#declaration(declaration, at.getText());
      // Words among a type's arguments pick and mark; they are nothing that is written.
      for (const argument of node.typeArguments ?? []) if (!ts.isUnionTypeNode(argument)) this.#type(argument, name);
      return;
    }
    ts.forEachChild(node, (child) => this.#type(child, name));
  }
}

/** Operators by their text. */
const TOKENS = new Map(
  Object.values(ts.SyntaxKind).flatMap((kind) => {
    const token = typeof kind === "number" ? ts.tokenToString(kind) : undefined;
    return token === undefined ? [] : [[token, kind as ts.SyntaxKind] as const];
  }),
);

/** Everything that a file refers to. */
class Uses {
  readonly keys = new Set<Key>();
  readonly syntax = new Set<ts.SyntaxKind>();
  readonly #checker: ts.TypeChecker;

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  file(file: ts.SourceFile): void {
    for (const statement of file.statements) if (!ts.isImportDeclaration(statement)) this.#visit(statement);
  }

  #visit(node: ts.Node): void {
    this.syntax.add(node.kind);
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) this.syntax.add(node.operator);
    if (ts.isIdentifier(node)) this.#symbol(this.#checker.getSymbolAtLocation(node));
    if (ts.isObjectLiteralElementLike(node) && node.name !== undefined)
      this.#member(this.#checker.getContextualType(node.parent as ts.ObjectLiteralExpression), node.name);
    if (ts.isShorthandPropertyAssignment(node)) this.#symbol(this.#checker.getShorthandAssignmentValueSymbol(node));
    if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent))
      this.#member(this.#checker.getTypeAtLocation(node.parent), node.propertyName ?? node.name);
    if (ts.isCallExpression(node)) this.#call(node);
    if (ts.isStringLiteral(node)) this.#word(node);
    ts.forEachChild(node, (child) => this.#visit(child));
  }

  #symbol(found: ts.Symbol | undefined): void {
    const symbol = found && found.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(found) : found;
    for (const declaration of symbol?.declarations ?? []) this.keys.add(declaration);
  }

  /** A name in a literal or a pattern stands for the member of the type that is wanted there. */
  #member(of: ts.Type | undefined, name: ts.Node): void {
    for (const type of of === undefined ? [] : of.isUnion() ? of.types : [of])
      this.#symbol(this.#checker.getPropertyOfType(type, name.getText()));
  }

  #call(node: ts.CallExpression): void {
    const declaration = this.#checker.getResolvedSignature(node)?.getDeclaration();
    const { length } = node.arguments;
    for (const parameter of declaration?.parameters.slice(0, length) ?? []) this.keys.add(parameter);
  }

  #word(node: ts.StringLiteral): void {
    const { parent } = node;
    const other = ts.isBinaryExpression(parent) ? (parent.left === node ? parent.right : parent.left) : null;
    const type = other === null ? this.#checker.getContextualType(node) : this.#checker.getTypeAtLocation(other);
    const choice = type === undefined ? null : choiceOf(this.#checker.getNonNullableType(type));
    if (choice !== null) this.keys.add(wordKey(node.text, choice));
  }
}

/** The SDK's surface, and what these texts use of it. */
export function surfaceIn(texts: readonly string[]): Surface {
  const project = new Project({
    tsConfigFilePath: path.join(ROOT, "tsconfig.json"),
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { types: [] },
  });
  for (const layer of LAYERS) project.addSourceFileAtPath(path.join(ROOT, layer));
  const written = texts.map((text, index) =>
    project.createSourceFile(path.join(ROOT, `docs/example-${index}.ts`), text),
  );
  const checker = project.getTypeChecker().compilerObject;
  const survey = new Survey(checker);
  for (const layer of LAYERS) survey.layer(project.getSourceFileOrThrow(path.join(ROOT, layer)).compilerNode);
  const uses = new Uses(checker);
  for (const file of written) uses.file(file.compilerNode);
  return {
    constructs: survey.constructs,
    types: [...survey.types],
    isUsed: ({ keys }) => keys.some((key) => uses.keys.has(key)),
    hasSyntax: (name) => uses.syntax.has(ts.SyntaxKind[name as keyof typeof ts.SyntaxKind] ?? TOKENS.get(name)),
  };
}
