/** The same tests on every target. */
import { interpreter } from "./interpreter.ts";
import { kernel } from "./kernel.ts";
import type { Running, Source, Target, TargetOptions } from "./target.ts";

/** Every target there is. */
export const targets: readonly Target[] = [interpreter, kernel];

/** What `onEveryTarget` needs of a test runner; vitest's functions of these names fit. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void;
  readonly beforeAll: (body: () => Promise<void>) => void;
  readonly beforeEach: (body: (context: { skip(reason: string): void }) => Promise<void> | void) => void;
  readonly afterEach: (body: () => Promise<void>) => void;
}

/** A target inside `onEveryTarget`: freshly loaded for each test, closed after it. */
export interface TestTarget extends Running {
  readonly name: Target["name"];
}

/**
 * Declares `body`'s tests once for each target. The program is loaded anew for every test, so that none sees another's
 * state. The kernel's tests are skipped, with the reason, only where this process lacks the privileges.
 */
export function onEveryTargetWith(
  runner: Runner,
  source: Source,
  body: (target: TestTarget) => void,
  options: TargetOptions = {},
): void {
  for (const target of targets) {
    runner.describe(target.name, () => {
      let running: Running | null = null;
      let missing: string | null = null;
      runner.beforeAll(async () => {
        missing = await target.missing();
      });
      runner.beforeEach(async (context) => {
        if (missing !== null) return context.skip(`the ${target.name} target needs ${missing}`);
        running = await target.load(source, options);
      });
      runner.afterEach(async () => {
        const last = running;
        running = null;
        await last?.close();
      });
      body(forwarding(target.name, () => running));
    });
  }
}

/** Tests are declared before anything is loaded: what they hold asks for the running program at each use. */
function forwarding(name: Target["name"], current: () => Running | null): TestTarget {
  return new Proxy({ name } as TestTarget, {
    get(own, property) {
      if (property === "name") return own.name;
      const running = current();
      if (running === null) throw new Error(`'${String(property)}' of the ${name} target is used outside of a test`);
      return running[property as keyof Running];
    },
  });
}
