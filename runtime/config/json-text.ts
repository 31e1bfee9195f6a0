/** What JSON.parse lets pass in a file that people write: a name that stands twice, of which it keeps the last, and nesting without end. */

const DEEPEST = 64;

/** Where the text that begins with a quote at `at` ends: at its closing quote. */
function endOfText(json: string, at: number): number {
  let end = at + 1;
  while (json[end] !== '"') end += json[end] === "\\" ? 2 : 1;
  return end;
}

const lineOf = (json: string, at: number): number => json.slice(0, at).split("\n").length;

/** What is wrong with JSON that JSON.parse has read; null for nothing. */
function faultOf(json: string): string | null {
  /** Names of the objects and lists that are open, those of lists empty. */
  const open: Set<string>[] = [];
  let text: readonly [from: number, to: number] = [0, 0];
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '"':
        text = [at, endOfText(json, at)];
        at = text[1];
        break;
      case "{":
      case "[":
        open.push(new Set());
        if (open.length > DEEPEST) return `it nests deeper than ${DEEPEST} (line ${lineOf(json, at)})`;
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ":": {
        const names = open.at(-1);
        const name = JSON.parse(json.slice(text[0], text[1] + 1)) as string;
        if (names?.has(name)) return `'${name}' stands there twice in one object (line ${lineOf(json, at)})`;
        names?.add(name);
      }
    }
  }
  return null;
}

/** What a file says that people write. @throws Error that says in a few words what is wrong with it. */
export function readJson(text: string): unknown {
  const content: unknown = JSON.parse(text);
  const fault = faultOf(text);
  if (fault !== null) throw new Error(fault);
  return content;
}
