/** What `zeta run` does: loads, attaches, shows, and detaches whatever happens. */
import type { CompilerOptions } from "../build/options.ts";
import { localized } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { Session } from "../session.ts";
import { catchSignals, type EndingSignal, exitCodeOfSignal } from "../signals.ts";
import { counterReader } from "./counters.ts";
import { openDisplay } from "./display.ts";
import { watchEvents } from "./events.ts";
import { openInput, rootProgram } from "./input.ts";

export interface RunOptions extends CompilerOptions {
  readonly interface: string;
  readonly mode: "native" | "generic";
  readonly program?: string;
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

/** Runs until a signal or the time given; whatever ends it, nothing stays attached. */
export async function run(session: Session, options: RunOptions, input: string): Promise<ExitCode> {
  using signals = catchSignals();
  const { what, manifest, load: loadOptions } = await openInput(session, input, options);
  const root = rootProgram(manifest, options.program);
  const [{ load }, { attach }, { openRun }] = await Promise.all([
    import("../../loader/load.ts"),
    import("../../attach/attach.ts"),
    import("../../attach/runs.ts"),
  ]);
  const display = openDisplay(session);

  using object = await localized(session, input, () => load(what, loadOptions));
  const record = openRun({ service: manifest.name });
  try {
    const attachment = await attach(object.program(root), { interface: options.interface, mode: options.mode });
    record.record(attachment);
    display.note(
      "attached",
      `${session.paintErr.good("attached")} ${manifest.name} to ${options.interface} (${options.mode}); Ctrl-C detaches.`,
      { run: record.id, service: manifest.name, interface: options.interface, mode: options.mode },
    );
    const ended = await show();
    await attachment.detach();
    record.forget(attachment);
    display.note("detached", `${session.paintErr.good("detached")} from ${options.interface}`, { run: record.id });
    return ended === "over" ? EXIT.ok : exitCodeOfSignal(ended);
  } finally {
    await record.close();
  }

  async function show(): Promise<EndingSignal | "over"> {
    const read = counterReader(manifest, object);
    const look = (): void => display.counters(read(), options.interval);
    const ticker = setInterval(look, options.interval * 1000);
    const limit = timer(options.for);
    const events = watchEvents(manifest, object, display);
    try {
      return await Promise.race([signals.ended, limit.over, events.failed]);
    } finally {
      clearInterval(ticker);
      limit.stop();
      await events.stop();
      // What came since the last look must not be lost with the maps.
      look();
    }
  }
}
