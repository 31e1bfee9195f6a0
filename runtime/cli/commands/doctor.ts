/** `zeta doctor`: what this machine has and lacks, with the remedies. */
import type { Command } from "commander";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import type { Fact, FactState, Need } from "../doctor/fact.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

const SECTIONS: readonly (readonly [Need, string])[] = [
  ["zeta", "Zeta itself"],
  ["build", "To build (zeta check, zeta build)"],
  ["run", "To run (zeta run, zeta/runtime)"],
  ["lab", "For labs and the demo"],
];

const MARKS: Readonly<Record<FactState, string>> = { ok: "✓", missing: "✗", limited: "!", unknown: "?" };

function row(fact: Fact, { paintOut: paint }: Session): readonly string[] {
  const colours = { ok: paint.good, missing: paint.error, limited: paint.warning, unknown: paint.faint };
  return [`  ${colours[fact.state](MARKS[fact.state])}`, fact.title, fact.found];
}

/** A family whose members are all well, as one fact. */
function condense(facts: readonly Fact[]): readonly Fact[] {
  const troubled = new Set(facts.filter(({ state }) => state !== "ok").map(({ family }) => family));
  const sizes = new Map<string, number>();
  for (const { family } of facts) if (family !== null) sizes.set(family, (sizes.get(family) ?? 0) + 1);
  const shown = new Set<string>();
  return facts.flatMap((fact) => {
    if (fact.family === null || troubled.has(fact.family)) return [fact];
    if (shown.has(fact.family)) return [];
    shown.add(fact.family);
    return [{ ...fact, title: fact.family, found: `all ${sizes.get(fact.family)}` }];
  });
}

const isLacking = ({ state }: Fact): boolean => state === "missing";

async function doctor(session: Session): Promise<ExitCode> {
  const { examine } = await import("../doctor/examine.ts");
  const facts = await examine();
  const code = facts.some(isLacking) ? EXIT.environment : EXIT.ok;
  if (session.format === "json") {
    session.print(`${JSON.stringify({ ok: code === EXIT.ok, problems: [], facts }, null, 2)}\n`);
    return code;
  }
  const { paintOut: paint } = session;
  for (const [need, title] of SECTIONS) {
    const needed = facts.filter((fact) => fact.neededFor === need);
    const of = session.verbose ? needed : condense(needed);
    if (of.length > 0) session.print(`${paint.strong(title)}\n${textTable(of.map((fact) => row(fact, session)))}\n`);
  }
  const remedies = facts.filter(({ remedy }) => remedy !== null);
  for (const { title, remedy } of remedies) session.print(`${paint.fix("fix")} ${title}: ${remedy}\n`);
  if (remedies.length === 0) session.print("Everything is there.\n");
  return code;
}

export const doctorCommand = (context: CommandContext): Command =>
  runs(
    defineCommand({
      syntax: "doctor",
      summary: "test what this machine has and lacks for Zeta",
      examples: ["zeta doctor", "zeta doctor --json"],
    }),
    context,
    doctor,
  );
