/** The captured walk as docs/flow-table.md has it, and what of that is the same whenever it is taken. */
import { type CapturedWalk, COMMANDS } from "./capture.ts";
import { asPicture } from "./picture.ts";

export const PAGE = "docs/flow-table.md";
const BEGIN = "<!-- Taken by `npm run docs:walk`, and compared by test/lab/captured.test.ts. -->";
const END = "<!-- So far. -->";

const code = (lines: readonly string[]): string => lines.map((line) => (line === "" ? "" : `    ${line}`)).join("\n");

/** From the dissector's own lines on. */
function operationIn(lines: readonly string[]): readonly string[] {
  const from = lines.findIndex((line) => line.startsWith("Zeta flow table"));
  return from === -1 ? [] : lines.slice(from);
}

export function asDocument(walk: CapturedWalk): string {
  const [tshark, more] = COMMANDS.first;
  return [
    BEGIN,
    "",
    code([`$ ${COMMANDS.up}`, `$ ${COMMANDS.capture}     # and in another terminal:`, `$ ${COMMANDS.request}`]),
    "",
    "The first packet's way, hop by hop (2 is a decide, 5 an update, 6 a reply):",
    "",
    code([`$ ${tshark} \\`, `    ${more}`, ...walk.first.map((line) => line.trim().replaceAll("\t", "  "))]),
    "",
    "The second of these operations:",
    "",
    code([`$ ${COMMANDS.second}`, ...operationIn(walk.second)]),
    "",
    `All ${walk.hops.length} operations of that connection; its other packets took none. Each packet came to the next forwarder:`,
    "",
    code(asPicture(walk)),
    "",
    END,
  ].join("\n");
}

/** The page with the walk in its place. */
export function withWalk(page: string, walk: CapturedWalk): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from === -1 || to === -1) throw new Error(`${PAGE} has no place for the walk.`);
  return page.slice(0, from) + asDocument(walk) + page.slice(to + END.length);
}

/** Who a packet comes to, what is drawn at random, and when it was, differ each time. */
const CHANGES = /^( +(?:Key|Bucket|Forwarder|Sent, in the forwarder's spans|Tag|Version: count): ).*$/;
const SERVER = /::ffff:10\.2\.[12]\.1/;

/** What is in the page of it that is the same each time, line by line. */
export function steadyIn(page: string): readonly string[] {
  return page
    .slice(page.indexOf(BEGIN), page.indexOf(END))
    .split("\n")
    .map((line) =>
      line
        .replace(CHANGES, "$1…")
        // Which of the forwarders a later packet comes to is a matter of how many acknowledgements came before it.
        .replaceAll(/[│─]+\s*/g, " ")
        .replaceAll(/(?<=\S) +/g, " ")
        .replace(SERVER, "a server")
        .replaceAll(/172\.31\.0\.[123]\b/g, "a forwarder")
        .replaceAll(/172\.31\.0\.[47]\b/g, "a head")
        .replaceAll(/172\.31\.0\.[58]\b/g, "a replica")
        .replaceAll(/172\.31\.0\.[69]\b/g, "a tail"),
    );
}
