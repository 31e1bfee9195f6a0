/** `zeta check`: the front end alone, for editors, hooks and CI. */
import type { Command } from "commander";
import type { Problem } from "../../../compiler/diagnostics/problem.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { loadCompiler, localize, missingInputs } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { CommonOptions, Session } from "../session.ts";

async function check(session: Session, _options: CommonOptions, files: readonly string[]): Promise<ExitCode> {
  const missing = missingInputs(session, files);
  if (missing.length === files.length) return session.report(missing);
  const compiler = await loadCompiler();
  const problems: Problem[] = [...missing];
  for (const file of files.filter((each) => missingInputs(session, [each]).length === 0)) {
    const result = await compiler.check(session.path(file));
    problems.push(...localize(session, file, result.problems));
  }
  const code = session.report(problems, { files });
  if (code === EXIT.ok && session.format === "pretty") {
    session.tell(`${session.paintErr.good("ok")} ${files.join(", ")}\n`);
  }
  return code;
}

export const checkCommand = (context: CommandContext): Command =>
  runs(
    defineCommand({
      syntax: "check <file...>",
      summary: "check services without building them",
      examples: [
        "zeta check service.ts",
        "zeta check --format text src/*.ts",
        "zeta check --sarif service.ts > results.sarif",
      ],
      reportsSource: true,
    }),
    context,
    check,
  );
