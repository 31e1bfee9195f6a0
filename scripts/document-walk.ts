/** `npm run docs:walk`: takes the capture of docs/flow-table.md anew. It needs root, for its lab. */
import { readFileSync, writeFileSync } from "node:fs";
import { captureWalk } from "./walk/capture.ts";
import { PAGE, withWalk } from "./walk/document.ts";

const page = new URL(`../${PAGE}`, import.meta.url);
writeFileSync(page, withWalk(readFileSync(page, "utf8"), await captureWalk()));
