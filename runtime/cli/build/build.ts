/** What `zeta build` does: compiles, asks the kernel, writes and reports, once or at every change. */
import { join } from "node:path";
import type { CompileResult } from "../../../compiler/api.ts";
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import type { Problem } from "../../../compiler/diagnostics/problem.ts";
import { displayPath, loadCompiler, localize, missingInputs } from "../compiler.ts";
import type { ExitCode } from "../exit.ts";
import { usage } from "../problems.ts";
import type { Session } from "../session.ts";
import { exitCodeOfSignal, type Signals } from "../signals.ts";
import { emit } from "./emit.ts";
import { buildOptions } from "./fold.ts";
import type { BuildOptions } from "./options.ts";
import { buildReport, reportText } from "./report.ts";
import { type Verification, verify } from "./verify.ts";
import { watchFiles } from "./watch.ts";

/**
 * Bundles stand together in one folder that version control can ignore, each under the name that its source gives it: many
 * services are called `service.ts`. A module of programs has but its file's name.
 */
const defaultOut = ({ service, name }: Manifest): string => join("build", service?.name ?? name);

interface Build {
  readonly file: string;
  readonly options: BuildOptions;
  readonly result: CompileResult;
  readonly signals: Signals;
  /** When it began, by `performance.now()`. */
  readonly started: number;
}

/** What is needed after the compiler: to be loaded while LLVM is at work. Where libbpf is missing, who needs it says so. */
async function loadRest(): Promise<void> {
  const [, { openLibrary }] = await Promise.all([
    import("../../../compiler/bundle/write.ts"),
    import("../../loader/library.ts"),
    import("../../loader/load.ts"),
  ]);
  await openLibrary().catch(() => {});
}

/** Verifies, writes and reports one compilation. @throws Interrupted. */
async function deliver(session: Session, { file, options, result, signals, started }: Build): Promise<ExitCode> {
  const report = (problems: readonly Problem[], data = {}): ExitCode =>
    session.report(localize(session, file, problems), data);
  if (!result.ok) return report(result.problems);
  const verification: Verification =
    options.verify === false ? { ok: null, reason: "--no-verify." } : await verify(result, options.verify === true);
  if (verification.ok === false) return report([...result.problems, ...verification.problems]);

  const out = options.out ?? defaultOut(result.manifest);
  const { writeBundle } = await import("../../../compiler/bundle/write.ts");
  // A signal that is caught interrupts nothing that does not wait: it is heard when the bundle is there, or was before.
  await signals.check();
  const written = writeBundle(out, result);
  await signals.check();
  if (!written.ok) return report([...result.problems, ...written.problems]);

  const numbers = buildReport(result, verification);
  const milliseconds = Math.round(performance.now() - started);
  const code = report(result.problems, { out, ...numbers, milliseconds });
  if (session.format === "pretty") {
    const { paintErr: paint } = session;
    session.tell(`${paint.good("built")} ${displayPath(session, out)} ${paint.faint(`in ${milliseconds} ms`)}\n`);
    session.tell(reportText(numbers, verification, session));
  }
  return code;
}

async function buildOnce(session: Session, options: BuildOptions, file: string, signals: Signals): Promise<ExitCode> {
  const started = performance.now();
  const { createCompiler } = await loadCompiler();
  const compiler = createCompiler();
  const given = await buildOptions(compiler, session, file, options);
  const result = given.ok ? await compiler.compile(session.path(file), given.compile, loadRest) : given;
  return deliver(session, { file, options, result, signals, started });
}

async function buildOnChange(
  session: Session,
  options: BuildOptions,
  file: string,
  signals: Signals,
): Promise<ExitCode> {
  const { createCompiler } = await loadCompiler();
  const compiler = createCompiler();
  const entry = session.path(file);
  let building: Promise<void> = Promise.resolve();

  const build = async (): Promise<void> => {
    const started = performance.now();
    const given = await buildOptions(compiler, session, file, options);
    const result = given.ok ? await compiler.compile(entry, { ...given.compile, traces: false }, loadRest) : given;
    watcher.follow([entry, ...result.inputs]);
    await deliver(session, { file, options, result, signals, started });
    if (session.format === "pretty") session.tell(session.paintErr.faint("Watching for changes; Ctrl-C ends.\n"));
  };
  const failure = Promise.withResolvers<never>();
  // Builds follow one another: a change during a build starts the next.
  const next = (): void => {
    building = building.then(build).catch(failure.reject);
  };
  const watcher = watchFiles(next);
  try {
    next();
    return exitCodeOfSignal(await Promise.race([signals.ended, failure.promise]));
  } finally {
    watcher.close();
  }
}

export async function build(
  session: Session,
  options: BuildOptions,
  file: string,
  signals: Signals,
): Promise<ExitCode> {
  const missing = missingInputs(session, [file]);
  if (missing.length > 0) return session.report(missing);
  if (options.emit !== undefined) {
    if (options.watch === true) {
      return session.report([usage(null, "--emit writes one stage once; it does not go with --watch.", "zeta build")]);
    }
    return signals.until(emit(session, file, options, options.emit));
  }
  if (options.watch === true) return buildOnChange(session, options, file, signals);
  return signals.until(buildOnce(session, options, file, signals));
}
