/** The walks of a connection's packets as a drawing in text: a column for each member, a line for each hop. */
import type { CapturedWalk } from "./capture.ts";

const WIDTH = 13;
const LEFT = 10;

interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly operation: string;
  readonly packet: string;
}

/** Forwarders by the order in which packets came to them, then the chain of the flow: who that is differs from time to time. */
function columnsOf({ hops, chains }: CapturedWalk): {
  readonly names: readonly string[];
  readonly titles: readonly string[];
} {
  const chain = chains.find((one) => hops.some(({ to }) => one.includes(to))) ?? [];
  const forwarders = [...new Set(hops.flatMap(({ from, to }) => [from, to]))].filter((name) => !chain.includes(name));
  const places = chain.map((_, place) => (place === 0 ? "head" : place === chain.length - 1 ? "tail" : "replica"));
  return {
    names: [...forwarders, ...chain],
    titles: [...forwarders.map((_, index) => `forwarder ${"ABC"[index] ?? index}`), ...places],
  };
}

const middle = (column: number): number => LEFT + column * WIDTH + Math.floor(WIDTH / 2);

function drawn({ from, to, operation, packet }: Arrow, columns: number): string {
  const line = [...packet.padEnd(LEFT + columns * WIDTH)];
  for (let column = 0; column < columns; column++) line[middle(column)] = "│";
  const [first, last] = [Math.min(from, to), Math.max(from, to)].map(middle) as [number, number];
  for (let at = first + 1; at < last; at++) line[at] = "─";
  line[from < to ? last - 1 : first + 1] = from < to ? "▶" : "◀";
  const at = Math.floor((first + last - operation.length) / 2) + 1;
  for (const [index, letter] of [...` ${operation} `].entries()) line[at - 1 + index] = letter;
  return line.join("").trimEnd();
}

export function asPicture(walk: CapturedWalk): readonly string[] {
  const { names, titles } = columnsOf(walk);
  const centred = (title: string): string => title.padStart(Math.ceil((WIDTH + title.length) / 2)).padEnd(WIDTH);
  const lines = [`${" ".repeat(LEFT)}${titles.map(centred).join("")}`.trimEnd()];
  for (const { from, to, operation, packet } of walk.hops) {
    const begins = ["Lookup", "Decide", "Touch", "Close"].includes(operation) && !isTable(walk, from);
    const arrow = { from: names.indexOf(from), to: names.indexOf(to), operation, packet: begins ? packet : "" };
    if (begins) lines.push("");
    lines.push(drawn(arrow, names.length));
  }
  return lines;
}

const isTable = ({ chains }: CapturedWalk, name: string): boolean => chains.some((chain) => chain.includes(name));
