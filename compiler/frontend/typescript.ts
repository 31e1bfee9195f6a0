/** The one place that imports TypeScript, so that nodes of two copies are never mixed and loading it stays lazy. */
export { default as ts } from "typescript";
