/** Node.js and the packages that are optional peers of zeta. */
import { isRecentNode, OLDEST_NODE } from "../node-version.ts";
import { absent, type Fact, present, reasonOf } from "./fact.ts";

export function nodeFact(version: string = process.versions.node): Fact {
  const identity = { id: "node", title: "Node.js", neededFor: "zeta" } as const;
  const remedy = `Install Node.js ${OLDEST_NODE} or later; the npm package 'node@24' brings one.`;
  return isRecentNode(version) ? present(identity, version) : absent(identity, version, remedy);
}

export async function typescriptFact(): Promise<Fact> {
  const identity = { id: "typescript", title: "TypeScript", neededFor: "build" } as const;
  const remedy = "Install it beside zeta: npm install --save-dev typescript@6.0";
  try {
    const { default: ts } = await import("typescript");
    // Version 7 is the native port: its main export has no compiler in JavaScript.
    if (ts.version?.startsWith("6.0.") && typeof ts.createProgram === "function") return present(identity, ts.version);
    return absent(identity, `${ts.version ?? "a version without the compiler's API"}, not 6.0`, remedy);
  } catch (error) {
    return absent(identity, reasonOf(error), remedy);
  }
}

export async function koffiFact(): Promise<Fact> {
  const identity = { id: "koffi", title: "koffi", neededFor: "run" } as const;
  try {
    const { default: koffi } = await import("koffi");
    return present(identity, koffi.version);
  } catch (error) {
    return absent(identity, reasonOf(error), "Install zeta again: koffi's native part is missing for this platform.");
  }
}
