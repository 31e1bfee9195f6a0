/** Node.js and the packages that are optional peers of zeta. */
import { absent, type Fact, present, reasonOf } from "./fact.ts";

const MINIMUM = [22, 18] as const;

export function nodeFact(version: string = process.versions.node): Fact {
  const identity = { id: "node", title: "Node.js", neededFor: "zeta" } as const;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const enough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
  const remedy = `Install Node.js ${MINIMUM.join(".")} or later; the npm package 'node@24' brings one.`;
  return enough ? present(identity, version) : absent(identity, version, remedy);
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
