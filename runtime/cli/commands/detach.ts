/** `zeta detach`: ends runs from outside, and cleans what killed ones left. */
import type { Command } from "commander";
import { type Problem, ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { FoundRun } from "../../attach/runs.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import type { ExitCode } from "../exit.ts";
import { type NodeOptions, stateOf, withState } from "../node/options.ts";
import { noSuchRun, nothingChosen, usage } from "../problems.ts";
import type { Session } from "../session.ts";

interface DetachOptions extends NodeOptions {
  readonly all?: boolean;
  readonly interface?: string;
  readonly force?: boolean;
}

type Chosen = { readonly ids: readonly string[] } | { readonly problem: Problem };

const isOn = (run: FoundRun, name: string): boolean => run.attachments.some((one) => one.interface === name);

/** Which runs are meant; a beginning of an id that fits only one will do. */
function choose(
  given: readonly string[],
  options: DetachOptions,
  found: readonly FoundRun[],
  stray: readonly string[],
): Chosen {
  const known = [...found.map(({ id }) => id), ...stray];
  if (options.all === true) return { ids: known };
  if (options.interface !== undefined) {
    const name = options.interface;
    const ids = found.filter((run) => isOn(run, name)).map(({ id }) => id);
    return ids.length > 0 ? { ids } : { problem: noSuchRun(null, `on interface '${name}'`, known) };
  }
  if (given.length === 0) return { problem: nothingChosen(null, "zeta detach") };
  const ids: string[] = [];
  for (const word of given) {
    const fitting = known.filter((id) => id.startsWith(word));
    const [id] = known.includes(word) ? [word] : fitting;
    if (id === undefined) return { problem: noSuchRun(null, `'${word}'`, known) };
    if (id !== word && fitting.length > 1)
      return { problem: noSuchRun(null, `'${word}', but several begin so`, fitting) };
    ids.push(id);
  }
  return { ids: [...new Set(ids)] };
}

async function detach(session: Session, options: DetachOptions, given: readonly string[]): Promise<ExitCode> {
  const ways = [given.length > 0, options.all === true, options.interface !== undefined].filter(Boolean);
  if (ways.length > 1) {
    return session.report([usage(null, "Name runs, or say --interface, or --all; only one of them.", "zeta detach")]);
  }
  const { cleanRun, listRuns, strayRuns } = await import("../../attach/runs.ts");
  const { dropDeadSockets } = await import("../../control/claim.ts");
  const where = stateOf(session, options);
  const chosen = choose(given, options, listRuns(where.state), strayRuns(where.state));
  if ("problem" in chosen) return session.report([chosen.problem]);

  const problems: Problem[] = [];
  const cleaned: { readonly id: string; readonly removed: readonly string[] }[] = [];
  // One that cannot be removed must not keep the others.
  for (const id of chosen.ids) {
    try {
      const { removed } = await cleanRun(id, { ...where, force: options.force ?? false });
      cleaned.push({ id, removed });
    } catch (error) {
      if (!(error instanceof ZetaError)) throw error;
      problems.push(...error.problems);
    }
  }
  // Its own end would have taken it away; it belongs to no run, and says nothing by itself.
  await dropDeadSockets(where.state);
  const code = session.report(problems, { cleaned });
  if (session.format === "json") return code;
  for (const { id, removed } of cleaned) {
    const what = removed.length === 0 ? "only its record was left" : removed.join(", ");
    session.tell(`${session.paintErr.good("cleaned")} ${id}: ${what}\n`);
  }
  if (chosen.ids.length === 0) session.tell("Nothing is running, and nothing was left behind.\n");
  return code;
}

export const detachCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "detach [id...]",
        summary: "remove what runs left attached, pinned or recorded",
        examples: ["zeta detach 4f2a91c0", "zeta detach --interface eth1", "zeta detach --all --state /run/zeta-edge"],
      }),
    )
      .option("-a, --all", "every run; live ones only with --force")
      .option("-i, --interface <name>", "the runs on this interface")
      .option("-f, --force", "live runs too: their processes go on without their programs"),
    context,
    detach,
  );
