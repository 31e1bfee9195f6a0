/** The curves as a drawing: one panel each, nodes on a logarithmic axis; the points are in it. The same points give the same bytes. */
import type { Point } from "./curves.ts";

interface Line {
  readonly name: string;
  readonly of: (point: Point) => number;
  readonly isDashed?: boolean;
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly most: number;
  readonly label: (value: number) => string;
}

const WIDTH = 360;
const HEIGHT = 220;
const LEFT = 48;
const RIGHT = 12;
const TOP = 34;
const BOTTOM = 30;
const COLOURS = ["#1f6feb", "#d1242f"] as const;
/** Nodes at the right end. */
const LAST = 5000;

const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
const plain = (value: number): string => `${Number(value.toFixed(1))}`;

const above = (values: readonly number[]): number => {
  const most = Math.max(...values);
  const step = 10 ** Math.floor(Math.log10(most));
  return Math.ceil((1.05 * most) / (step / 2)) * (step / 2);
};

function panelsOf(points: readonly Point[]): readonly Panel[] {
  const panel = (title: string, label: (value: number) => string, lines: readonly Line[]): Panel => ({
    title,
    lines,
    label,
    most: above(points.flatMap((point) => lines.map(({ of }) => of(point)))),
  });
  return [
    panel("Flows of the fullest node, of the mean", plain, [{ name: "fullest / mean", of: ({ balance }) => balance }]),
    panel("Flows that move when a chain comes or goes", percent, [
      { name: "comes", of: ({ movedOut }) => movedOut },
      { name: "goes", of: ({ movedIn }) => movedIn, isDashed: true },
    ]),
    panel("Messages of a new flow", plain, [
      { name: "always", of: ({ messages }) => messages },
      { name: "while a chain is filled", of: ({ messagesFilling }) => messagesFilling, isDashed: true },
    ]),
    panel("MiB of a node's flow tables", plain, [{ name: "fullest node", of: ({ memory }) => memory / 2 ** 20 }]),
  ];
}

const across = (nodes: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(nodes)) / Math.log(LAST);
const up = (value: number, most: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / most;
const at = (value: number): string => value.toFixed(1);

function drawn({ title, lines, most, label }: Panel, points: readonly Point[], x: number, y: number): string {
  const floor = HEIGHT - BOTTOM;
  const text = (left: number, top: number, anchor: string, what: string): string =>
    `<text x="${at(left)}" y="${at(top)}" text-anchor="${anchor}">${what}</text>`;
  const parts = [`<text x="${LEFT}" y="16" class="title">${title}</text>`];
  for (const share of [0, 0.5, 1]) {
    const height = up(share * most, most);
    parts.push(`<path class="grid" d="M${LEFT} ${at(height)}H${WIDTH - RIGHT}"/>`);
    parts.push(text(LEFT - 6, height + 4, "end", label(share * most)));
  }
  for (const nodes of [1, 10, 100, 1000]) parts.push(text(across(nodes), floor + 16, "middle", `${nodes}`));
  for (const [index, { name, of, isDashed }] of lines.entries()) {
    const path = points.map((point) => `${at(across(point.nodes))} ${at(up(of(point), most))}`).join("L");
    const colour = COLOURS[index] as string;
    const dashes = isDashed === true ? ' stroke-dasharray="5 4"' : "";
    parts.push(`<path class="line" stroke="${colour}"${dashes} d="M${path}"/>`);
    parts.push(
      `<text x="${WIDTH - RIGHT}" y="${16 + 13 * (index + 1)}" text-anchor="end" fill="${colour}">${name}</text>`,
    );
  }
  return `<g transform="translate(${x} ${y})">\n${parts.join("\n")}\n</g>`;
}

const STYLE =
  "text{font:11px sans-serif}.title{font-weight:bold}.grid{stroke:#d0d7de;fill:none}.line{fill:none;stroke-width:2}";

export function asDrawing(points: readonly Point[]): string {
  const panels = panelsOf(points).map((panel, index) =>
    drawn(panel, points, (index % 2) * WIDTH, Math.floor(index / 2) * HEIGHT),
  );
  const size = `width="${2 * WIDTH}" height="${2 * HEIGHT}" viewBox="0 0 ${2 * WIDTH} ${2 * HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n<title>How a cluster grows with its nodes</title>\n<metadata>${JSON.stringify(points)}</metadata>\n<style>${STYLE}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n${panels.join("\n")}\n</svg>\n`;
}

/** The points of a drawing. */
export const pointsIn = (drawing: string): readonly Point[] =>
  JSON.parse(/<metadata>(.*)<\/metadata>/.exec(drawing)?.[1] ?? "[]");
