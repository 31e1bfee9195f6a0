export * from "./layout/layouts.ts";
