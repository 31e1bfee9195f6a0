/** What the generator makes, and how several of them become one source file: a compilation costs far more than a program. */
import * as systemLayer from "../../sdk/bpf/index.ts";

/** A generated program with everything it declares. All its names end in `_<index>`, so that units share a file. */
export interface Unit {
  /** The name of its first program. */
  readonly name: string;
  /** Declarations at the top level of a module, imports left out. */
  readonly text: string;
  /** Uses atomics that eBPF's v2 lacks. */
  readonly needsV3: boolean;
}

const EXPORTED = Object.keys(systemLayer);

const importsOf = (text: string): string => {
  const words = new Set(text.match(/[A-Za-z_]\w*/g));
  return `import { ${EXPORTED.filter((name) => words.has(name)).join(", ")} } from "zeta/bpf";`;
};

export interface BatchSource {
  readonly text: string;
  /** The unit that a line (from 1) belongs to. */
  readonly unitAt: (line: number) => Unit | undefined;
}

const linesOf = (text: string): number => text.split("\n").length;

export function sourceOf(units: readonly Unit[]): BatchSource {
  const texts = units.map((unit) => unit.text);
  let next = 2;
  const starts = texts.map((text) => {
    const start = next;
    next += linesOf(text);
    return start;
  });
  return {
    text: [importsOf(texts.join("\n")), ...texts, ""].join("\n"),
    unitAt: (line) => units[starts.findLastIndex((start) => start <= line)],
  };
}
