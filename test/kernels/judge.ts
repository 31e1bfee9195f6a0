/** Turns what a kernel did into rows: each object that it should take must have been taken, and the canaries must hold. */
import type { Outcome } from "./console.ts";
import type { Kernel } from "./kernels.ts";

export interface Row {
  readonly object: string;
  readonly kernel: string;
  readonly result: "pass" | "FAIL" | "not for this kernel";
  /** Why it failed: the verifier's log, or what else went wrong. Empty otherwise. */
  readonly log: string;
}

/** Loaded with the others: one that every kernel takes, one that every kernel must refuse, or nothing was tested. */
export const canaries = { taken: "zeta-canary-taken.o", refused: "zeta-canary-refused.o" } as const;

/** The instruction-set level is in the name: "balancer.llvm19.v4.o". Without one, it is for every kernel. */
export function isFor(kernel: Kernel, object: string): boolean {
  const cpu = /[.-](v\d)\.o$/.exec(object)?.[1];
  return cpu === undefined || kernel.cpus.includes(cpu);
}

export function judge(kernel: Kernel, objects: readonly string[], outcome: Outcome): readonly Row[] {
  const row = (object: string, result: Row["result"], log = ""): Row => ({ object, kernel: kernel.name, result, log });
  const results = new Map(outcome.loaded.map((one) => [one.object, one]));
  const rows = objects.map((object) => {
    if (!isFor(kernel, object)) return row(object, "not for this kernel");
    const one = results.get(object);
    if (one === undefined) return row(object, "FAIL", "It was not tried.");
    return one.result === "pass" ? row(object, "pass") : row(object, "FAIL", one.log);
  });
  const wrong = [
    ...(outcome.done ? [] : ["the guest did not come to its end"]),
    ...(outcome.kernel?.startsWith(`${kernel.name}.`) ? [] : [`the guest ran ${outcome.kernel ?? "nothing"}`]),
    ...(results.get(canaries.taken)?.result === "pass" ? [] : ["a program that every kernel takes was not taken"]),
    ...(results.get(canaries.refused)?.result === "fail" ? [] : ["a program that every kernel refuses was taken"]),
  ];
  if (wrong.length === 0) return rows;
  return [...rows, row("(the test itself)", "FAIL", `${outcome.console.slice(-2000)}\n${wrong.join("; ")}`)];
}

export function table(rows: readonly Row[], verbose: boolean): string {
  const names = [...new Set(rows.map((row) => row.object))];
  const versions = [...new Set(rows.map((row) => row.kernel))];
  const wide = Math.max(6, ...names.map((name) => name.length));
  const find = (object: string, kernel: string) => rows.find((row) => row.object === object && row.kernel === kernel);
  const lines = names.map((name) => [name, ...versions.map((version) => find(name, version)?.result ?? "")]);
  const grid = [["object", ...versions.map((version) => `Linux ${version}`)], ...lines].map(([name = "", ...cells]) =>
    [name.padEnd(wide), ...cells.map((cell) => cell.padEnd(20))].join("  ").trimEnd(),
  );
  const failed = rows.filter((row) => row.result === "FAIL");
  const logs = failed.map(({ object, kernel, log }) => {
    const shown = verbose ? log.split("\n") : log.trim().split("\n").slice(-15);
    return `\n${object} on Linux ${kernel}:\n${shown.map((line) => `  ${line}`).join("\n")}`;
  });
  return [...grid, ...logs].join("\n");
}
