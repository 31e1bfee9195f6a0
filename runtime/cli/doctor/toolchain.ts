/** LLVM: its tools, and the library that writes its IR. */
import { absent, type Fact, present } from "./fact.ts";

async function llvmFact(): Promise<Fact> {
  const identity = { id: "llvm", title: "LLVM opt and llc", neededFor: "build" } as const;
  const { installedToolchains, NEWEST_LLVM, OLDEST_LLVM } = await import("../../../compiler/backend/toolchain.ts");
  const found = await installedToolchains();
  const remedy = `Install one of LLVM ${OLDEST_LLVM} to ${NEWEST_LLVM} (Debian: apt-get install llvm-${NEWEST_LLVM}).`;
  const [newest] = found;
  if (newest === undefined) return absent(identity, "none found", remedy);
  const versions = found.map(({ version }) => version).join(", ");
  return newest.major >= 18
    ? present(identity, versions)
    : absent(identity, `${versions}: too old for --cpu v4`, `apt-get install llvm-${NEWEST_LLVM}`, "limited");
}

/** Optional: the text writer makes the same objects. */
async function bindingsFact(): Promise<Fact> {
  const identity = { id: "llvm-bindings", title: "llvm-bindings", neededFor: "build" } as const;
  const { loadBindings } = await import("../../../compiler/backend/builders/llvm-bindings.ts");
  const bindings = loadBindings();
  if ("library" in bindings) return present(identity, "installed");
  const remedy =
    "Nothing need be done: the text writer makes the same objects. To have it: apt-get install llvm-14-dev cmake, then npm install llvm-bindings@0.4.2";
  return absent(identity, bindings.reason, remedy, "limited");
}

export const toolchainFacts = (): Promise<Fact[]> => Promise.all([llvmFact(), bindingsFact()]);
