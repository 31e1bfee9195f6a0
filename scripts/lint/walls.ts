/**
 * The walls between folders, as a table. A rule speaks of the files under its folders and says of an import's target
 * (a path in the repository, or a package as written) why it must not stand there, or null.
 */
import type { Import } from "./imports.ts";

export interface Wall {
  readonly name: string;
  readonly covers: (file: string) => boolean;
  readonly forbids: (target: string, one: Import) => string | null;
}

const under =
  (...folders: string[]) =>
  (file: string) =>
    folders.some((folder) => file.startsWith(`${folder}/`));
const isPackage = (target: string, ...names: string[]) =>
  names.some((name) => target === name || target.startsWith(`${name}/`));
const inside = (target: string, folder: string) => target === folder || target.startsWith(`${folder}/`);

/** A subpath of our own package stands for the folder behind it. */
const subpaths: Record<string, string> = {
  zeta: "sdk",
  "zeta/bpf": "sdk/bpf",
  "zeta/compiler": "compiler",
  "zeta/runtime": "runtime",
  "zeta/testing": "test/kit",
};
export const resolveSubpath = (target: string) => subpaths[target] ?? target;

const sockets = ["node:net", "node:dgram", "node:tls", "node:http", "node:https", "node:http2"];
const heavy = ["typescript", "ts-morph", "llvm-bindings"];
const product = under("sdk", "compiler", "runtime", "bpf-lib", "examples");

export const walls: readonly Wall[] = [
  {
    name: "sdk imports only sdk",
    covers: under("sdk"),
    forbids: (target) => (inside(target, "sdk") ? null : "sdk/ is read by the compiler and shared with every host"),
  },
  {
    name: "bpf-lib and examples are written in the language",
    covers: (file) => under("bpf-lib")(file) || /^examples\/[^/]+\/service\.ts$/.test(file),
    forbids: (target, one) =>
      one.kind === "type" || inside(target, "sdk") || inside(target, "bpf-lib") || inside(target, "examples")
        ? null
        : "data-plane code knows only the SDK",
  },
  {
    name: "only compiler/backend imports llvm-bindings",
    covers: (file) => product(file) && !file.startsWith("compiler/backend/"),
    forbids: (target) => (isPackage(target, "llvm-bindings") ? "the back end owns LLVM" : null),
  },
  {
    // `zeta doctor` asks whether it is there at all.
    name: "only runtime/loader imports koffi",
    covers: (file) => !under("runtime/loader", "runtime/cli/doctor")(file),
    forbids: (target) => (isPackage(target, "koffi") ? "the loader owns the kernel" : null),
  },
  {
    name: "the compiler opens no sockets and knows no live machine",
    covers: under("compiler"),
    forbids: (target) => {
      if (inside(target, "runtime")) return "the compiler must not know the runtime";
      if (inside(target, "test") || inside(target, "bench")) return "the product must not know its tests";
      return isPackage(target, ...sockets) ? "the compiler opens no sockets" : null;
    },
  },
  {
    name: "the runtime and the test kit load without the compiler's peers",
    covers: (file) => under("runtime", "test/kit")(file) && !file.startsWith("runtime/cli/"),
    forbids: (target, one) => {
      if (isPackage(target, ...heavy)) return "typescript, ts-morph and llvm-bindings are the compiler's";
      if (one.kind !== "static") return null;
      const loadsPeers =
        inside(target, "compiler/frontend") || inside(target, "compiler/backend") || target === "compiler";
      return loadsPeers || target === "compiler/index.ts"
        ? "this loads the compiler's optional peers: import it dynamically"
        : null;
    },
  },
  {
    name: "the runtime does not know its tests",
    covers: under("runtime"),
    forbids: (target) =>
      inside(target, "test") || inside(target, "bench") ? "the product must not know its tests" : null,
  },
];
