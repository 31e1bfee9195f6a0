/** Every fact, in the order in which a person reads them. */
import { cacheFact } from "./cache.ts";
import { absent, type Fact, reasonOf } from "./fact.ts";
import { kernelFacts } from "./kernel.ts";
import { koffiFact, nodeFact, typescriptFact } from "./node.ts";
import { toolchainFacts } from "./toolchain.ts";
import { toolFacts } from "./tools.ts";

type Examination = () => Fact | readonly Fact[] | Promise<Fact | readonly Fact[]>;

const EXAMINATIONS: readonly (readonly [string, Examination])[] = [
  ["node", () => nodeFact()],
  ["typescript", typescriptFact],
  ["cache", cacheFact],
  ["toolchain", toolchainFacts],
  ["koffi", koffiFact],
  ["kernel", kernelFacts],
  ["tools", toolFacts],
];

/** One examination that breaks must not hide the others. */
async function examineOne([id, examination]: readonly [string, Examination]): Promise<readonly Fact[]> {
  try {
    return [await examination()].flat();
  } catch (error) {
    const identity = { id, title: id, neededFor: "zeta" } as const;
    return [absent(identity, reasonOf(error), "This check itself failed; report it with --verbose.", "unknown")];
  }
}

/** One after another: some of them change what others look at, if only for a moment. */
export async function examine(): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for (const one of EXAMINATIONS) facts.push(...(await examineOne(one)));
  return facts;
}
