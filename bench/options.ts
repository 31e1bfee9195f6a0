/** What `npm run bench` is told. */
import { parseArgs } from "node:util";

export interface Options {
  readonly json: boolean;
  /** Only rows whose name contains this. */
  readonly only: string | null;
  readonly rounds: number;
  readonly repeats: number;
  /** The CPU that measures. */
  readonly cpu: number | null;
}

export const USAGE = `npm run bench -- [--json] [--only NAME] [--rounds 20] [--repeats 1000000] [--cpu N]

Compares compiled programs with the same work in C, in nanoseconds per packet and in instructions, times builds, and tells
what flows, a node and services take of the kernel's memory.
Rows called 'cluster' are of the distributed flow table: operations by role, established flows, new flows by the length of their chain.
Rows called 'yardstick' tell what a balancer with Katran's maps and steps costs here. Those called 'flow table' and 'layout'
compare tables; they are measured only when --only asks for them.
Needs root, clang-19 and iproute2.`;

function count(text: string, name: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`--${name} takes a whole number from ${least} on.`);
  return value;
}

export function readOptions(argv: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string", default: "20" },
      repeats: { type: "string", default: "1000000" },
      cpu: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    only: values.only ?? null,
    rounds: count(values.rounds, "rounds", 1),
    repeats: count(values.repeats, "repeats", 1),
    cpu: values.cpu === undefined ? null : count(values.cpu, "cpu", 0),
  };
}
