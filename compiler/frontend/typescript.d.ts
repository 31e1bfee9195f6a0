/** The one place that loads TypeScript (see typescript.js), so that nodes of two copies are never mixed. */
export { default as ts } from "typescript";
