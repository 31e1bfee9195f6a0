/** Numbered LLVM metadata nodes. Equal uniqued nodes share a number; a reserved number lets nodes refer to each other. */
export type Node = `!${number}`;

export interface Metadata {
  add(text: string): Node;
  /** A number whose text follows by `set`. */
  reserve(): Node;
  set(node: Node, text: string): void;
  tuple(nodes: readonly Node[]): Node;
  print(): string;
}

export function createMetadata(): Metadata {
  const texts: (string | null)[] = [];
  const known = new Map<string, Node>();
  const reserve = (): Node => `!${texts.push(null) - 1}`;
  const set = (node: Node, text: string): void => {
    texts[Number(node.slice(1))] = text;
  };
  const add = (text: string): Node => {
    const before = text.startsWith("distinct") ? undefined : known.get(text);
    if (before !== undefined) return before;
    const node = reserve();
    set(node, text);
    known.set(text, node);
    return node;
  };
  return {
    add,
    reserve,
    set,
    tuple: (nodes) => add(`!{${nodes.join(", ")}}`),
    print: () => texts.map((text, index) => `!${index} = ${text}\n`).join(""),
  };
}
