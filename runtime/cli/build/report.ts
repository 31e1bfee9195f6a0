/** What a build tells about its result. */
import { availableParallelism } from "node:os";
import { mapMemory, mapsMemory } from "../../../compiler/bundle/memory.ts";
import type { CompiledModule } from "../../../compiler/bundle/write.ts";
import type { Session } from "../session.ts";
import { bytesText, textTable } from "../text-table.ts";
import type { Verification } from "./verify.ts";

/** Numbers of one build, as `--json` prints them. */
export interface BuildReport {
  readonly name: string;
  readonly toolchain: CompiledModule["code"]["toolchain"];
  readonly objectBytes: number;
  readonly programs: readonly {
    readonly name: string;
    readonly section: string;
    readonly instructions: number;
    readonly stack: number;
    /** Null when the kernel was not asked. */
    readonly verifier: { readonly instructions: number; readonly states: number; readonly microseconds: number } | null;
  }[];
  readonly maps: readonly {
    readonly name: string;
    readonly kind: string;
    readonly maxEntries: number;
    readonly bytes: number;
  }[];
  /** Kernel memory of all maps when full, on this machine. */
  readonly mapBytes: number;
}

export function buildReport({ manifest, code }: CompiledModule, verification: Verification): BuildReport {
  const cpus = availableParallelism();
  const verified = verification.ok === true ? verification.programs : [];
  return {
    name: manifest.name,
    toolchain: code.toolchain,
    objectBytes: code.object.length,
    programs: manifest.programs.map(({ name, section }) => {
      const size = code.programs.find((program) => program.name === name);
      const seen = verified.find((program) => program.name === name);
      const verifier =
        seen === undefined
          ? null
          : { instructions: seen.instructions, states: seen.states, microseconds: seen.microseconds };
      return { name, section, instructions: size?.instructions ?? 0, stack: size?.stack ?? 0, verifier };
    }),
    maps: manifest.maps.map((map) => ({
      name: map.name,
      kind: map.kind,
      maxEntries: map.maxEntries,
      bytes: mapMemory(map, cpus),
    })),
    mapBytes: mapsMemory(manifest.maps, cpus),
  };
}

/** The report as a table for the terminal. */
export function reportText(report: BuildReport, verification: Verification, { paintErr: paint }: Session): string {
  const head = ["program", "instructions", "stack", "verified", "states"].map(paint.faint);
  const rows = report.programs.map(({ name, instructions, stack, verifier }) => [
    paint.strong(name),
    String(instructions),
    `${stack} B`,
    verifier === null ? "-" : String(verifier.instructions),
    verifier === null ? "-" : String(verifier.states),
  ]);
  const { llvm, irBuilder, cpu } = report.toolchain;
  const notAsked = verification.ok === null ? [`The kernel was not asked: ${verification.reason}`] : [];
  return [
    textTable([head, ...rows], ["left", "right", "right", "right", "right"]),
    `maps: ${report.maps.length}, at most ${bytesText(report.mapBytes)}; object: ${bytesText(report.objectBytes)} (LLVM ${llvm}, ${irBuilder}, cpu ${cpu})\n`,
    ...notAsked.map((line) => `${paint.faint(line)}\n`),
  ].join("");
}
