/** `zeta/runtime`: everything on a live machine. Importing it loads neither koffi nor LLVM nor TypeScript. */
export { type Bundle, openBundle } from "./loader/bundle.ts";
export { type LoadedObject, type LoadOptions, load, type ObjectWithManifest } from "./loader/load.ts";
export { type MapHandle, openMapById, openPinnedMap } from "./loader/map-handle.ts";
export type { LoadedProgram } from "./loader/program.ts";
export { LIVE_FRAMES, type TestRunOptions, type TestRunResult, testRun, testRunAsync } from "./loader/test-run.ts";
