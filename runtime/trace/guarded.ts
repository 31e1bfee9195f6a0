/** Has a process of its own (guard.ts) put the ordinary programs back when this one is killed, where they would stay away. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../compiler/package-root.ts";
import { failure } from "../loader/problems.ts";
import type { LoadedProgram } from "../loader/program.ts";
import { unguarded } from "./problems.ts";

/** What is put back, by descriptors: first of this process, then of the guard. */
export interface GuardPlan {
  /** The program that stands on interfaces, and the links that hold it. */
  readonly root: number;
  readonly links: readonly number[];
  /** The jump table of stages, and what stands there. */
  readonly stages: {
    readonly table: number;
    readonly own: readonly { readonly place: number; readonly program: number }[];
  };
  /** Places of stages that only traces have. */
  readonly more: readonly number[];
  /** The jump table of services' programs; and which is to stand where, if what tells (by its number) stands there. */
  readonly programs: number;
  readonly services: readonly { readonly place: number; readonly told: number; readonly program: number }[];
}

/** A service's decide program, by its places, and the one that takes them while somebody traces. */
export interface ToldService {
  readonly places: readonly number[];
  readonly told: LoadedProgram;
  readonly decide: LoadedProgram;
}

/** Descriptors of a started process begin here. */
const FIRST = 3;
/** Milliseconds: a process starts in a tenth of that, also on a busy machine. */
const PATIENCE = 30_000;

/** In the source tree as it lies there, in the package as it was built. */
const guardFile = (): string =>
  fileURLToPath(import.meta.url).endsWith(".ts")
    ? join(packageRoot(), "runtime/trace/guard.ts")
    : join(packageRoot(), "dist/trace-guard.js");

/** The same plan by the numbers that its descriptors have in another process, and these descriptors in order. */
function handedOver(plan: GuardPlan): { readonly plan: GuardPlan; readonly descriptors: readonly number[] } {
  const descriptors: number[] = [];
  const given = (fd: number): number => FIRST + descriptors.push(fd) - 1;
  const { root, links, stages, more, programs, services } = plan;
  return {
    plan: {
      root: given(root),
      links: links.map(given),
      stages: {
        table: given(stages.table),
        own: stages.own.map(({ place, program }) => ({ place, program: given(program) })),
      },
      more,
      programs: given(programs),
      services: services.map((one) => ({ ...one, program: given(one.program) })),
    },
    descriptors,
  };
}

/** Gives what tells the guard that it is not needed any more. @throws ZT8122 when it does not start. */
export async function guarded(given: GuardPlan): Promise<() => void> {
  const { plan, descriptors } = handedOver(given);
  const guard = spawn(process.execPath, [guardFile(), JSON.stringify(plan)], {
    stdio: ["pipe", "pipe", "ignore", ...descriptors],
    // Of a session of its own: whoever kills this process's group does not mean it.
    detached: true,
  });
  const { stdin, stdout } = guard;
  const release = (): void => {
    stdin?.end("done\n");
  };
  // Nobody reads what is told to a guard that was killed.
  stdin?.on("error", () => undefined);
  const ready = Promise.withResolvers<void>();
  const refuse = (reason: string): void => ready.reject(failure(unguarded(null, reason)));
  guard.once("error", (error) => refuse(error.message));
  guard.once("exit", (code, signal) => refuse(`it ended at once (${signal ?? `code ${code}`})`));
  stdout?.once("data", () => ready.resolve());
  const timer = setTimeout(() => refuse("it did not start in time"), PATIENCE);
  try {
    await ready.promise;
  } catch (error) {
    release();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  guard.unref();
  for (const stream of [stdin, stdout]) (stream as unknown as { unref?: () => void })?.unref?.();
  return release;
}
