/** What `zeta run` does: loads, attaches, shows, and detaches whatever happens. */
import { type Problem, ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { CompilerOptions } from "../build/options.ts";
import { localized } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { Session } from "../session.ts";
import { type EndingSignal, exitCodeOfSignal, type Signals } from "../signals.ts";
import { counterReader } from "./counters.ts";
import { openDisplay } from "./display.ts";
import { watchEvents } from "./events.ts";
import { unforwarded } from "./forwarding.ts";
import { openInput } from "./input.ts";
import { watchInterfaces } from "./interfaces.ts";
import type { StartOptions } from "./start.ts";

export interface RunOptions extends CompilerOptions, StartOptions {
  /** Seconds between two looks at the counters. */
  readonly interval: number;
  /** Seconds after which the run ends by itself. */
  readonly for?: number;
}

/** Settles after some time, unless given up before. */
function timer(duration: number | undefined): { readonly over: Promise<"over">; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<"over">();
  const timeout = duration === undefined ? undefined : setTimeout(() => resolve("over"), duration * 1000);
  return { over: promise, stop: () => clearTimeout(timeout) };
}

/** Runs until a signal or the time given; whatever ends it, nothing stays attached. Before that, a signal ends it without attaching. */
export async function run(session: Session, options: RunOptions, input: string, signals: Signals): Promise<ExitCode> {
  const given = await signals.until(openInput(session, input, options));
  const { manifest } = given;
  const name = manifest.service?.name ?? manifest.name;
  const { start } = await import("./start.ts");
  const display = openDisplay(session);
  const where = options.interface.join(", ");

  const started = await localized(session, input, () => start(session, given, options, signals.abort));
  const { object, run: id } = started;
  try {
    display.note(
      "attached",
      `${session.paintErr.good("attached")} ${name} to ${where} (${options.mode}); Ctrl-C detaches.`,
      { run: id, service: name, interface: where, mode: options.mode },
    );
    if (manifest.service?.decide != null) warn(unforwarded(started.attachments));
    const ended = await show();
    await started.detach();
    if (typeof ended === "object") throw new ZetaError([ended]);
    display.note("detached", `${session.paintErr.good("detached")} from ${where}`, { run: id });
    return ended === "over" ? EXIT.ok : exitCodeOfSignal(ended);
  } finally {
    await started.detach();
  }

  function warn(problems: readonly Problem[]): void {
    for (const { code, message, fix } of problems)
      display.note("warning", `${session.paintErr.warning("warning")} ${code}: ${message}\n  fix: ${fix}`, {
        run: id,
        code,
        message,
        fix,
      });
  }

  async function show(): Promise<EndingSignal | "over" | Problem> {
    const read = counterReader(manifest, started);
    const look = (): void => display.counters(read(), options.interval);
    const ticker = setInterval(look, options.interval * 1000);
    const limit = timer(options.for);
    const events = watchEvents(manifest, object, display);
    const interfaces = watchInterfaces(started.attachments, ({ code, message }) =>
      display.note("lost", `${session.paintErr.warning("warning")} ${code}: ${message}`, { run: id, code, message }),
    );
    try {
      return await Promise.race([signals.ended, limit.over, events.failed, interfaces.over]);
    } finally {
      clearInterval(ticker);
      limit.stop();
      interfaces.stop();
      await events.stop();
      // What came since the last look must not be lost with the maps.
      look();
    }
  }
}
