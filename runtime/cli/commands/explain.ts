/** `zeta explain`: the page behind a code. */
import type { Command } from "commander";
import { explain, explainedCodes } from "../../../compiler/diagnostics/pages.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { nearest } from "../nearest.ts";
import { unknownCode } from "../problems.ts";
import type { CommonOptions, Session } from "../session.ts";
import { textTable } from "../text-table.ts";

function list(session: Session): ExitCode {
  const codes = explainedCodes().map((code) => ({ code, title: explain(code)?.title ?? "" }));
  if (session.format === "json") return session.report([], { codes });
  session.print(textTable(codes.map(({ code, title }) => [session.paintOut.strong(code), title])));
  return EXIT.ok;
}

function explainCode(session: Session, _options: CommonOptions, code: string | undefined): ExitCode {
  if (code === undefined) return list(session);
  const page = explain(code);
  if (page === null) return session.report([unknownCode(null, code, nearest(code, explainedCodes()))]);
  if (session.format === "json") return session.report([], { ...page });
  session.print(page.markdown.replace(/^#+ .*$/gm, (heading) => session.paintOut.strong(heading)));
  return EXIT.ok;
}

export const explainCommand = (context: CommandContext): Command =>
  runs(
    defineCommand({
      syntax: "explain [code]",
      summary: "explain a problem's code, or list all codes",
      examples: ["zeta explain ZT2001", "zeta explain"],
    }),
    context,
    explainCode,
  );
