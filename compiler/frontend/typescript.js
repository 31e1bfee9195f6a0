/**
 * TypeScript by `require`: an import of a CommonJS module has Node look through nine megabytes for what they are and for the
 * names that they export, which takes as long as running them does. JavaScript, because in TypeScript one name cannot stand
 * for the value that this gives and for the namespace of its types.
 */
import { createRequire } from "node:module";

export const ts = createRequire(import.meta.url)("typescript");
