/**
 * Checks that a module is well-formed: whatever makes or changes IR must keep these rules, and whatever reads it may rely
 * on them. A violation is a bug of ours and never the author's mistake; those the front end reports as problems.
 *
 * Packet bounds are checked where a place comes plainly from a `packetAt`; the kernel's verifier checks the rest.
 */
import type { IrFunction, Module } from "./ir.ts";
import { walk } from "./operands.ts";
import { functionViolations, type Violation } from "./verify-function.ts";

export type { Violation } from "./verify-function.ts";

/** Thrown for a malformed module. It is a bug report, so it says everything. */
export class IrError extends Error {
  readonly violations: readonly Violation[];
  constructor(module: Module, violations: readonly Violation[]) {
    const lines = violations.map(({ function: name, at, message }) => {
      const path = module.files[at.file]?.path ?? `file ${at.file}`;
      return `  ${name} (${path}:${at.line}:${at.column}): ${message}`;
    });
    super(`The IR of module '${module.name}' is malformed. This is a bug in Zeta.\n${lines.join("\n")}`);
    this.name = "IrError";
    this.violations = violations;
  }
}

function duplicateNames(
  kind: string,
  things: readonly { readonly name: string; readonly at: Violation["at"] }[],
): Violation[] {
  const seen = new Set<string>();
  return things.flatMap(({ name, at }) => {
    const twice = seen.has(name);
    seen.add(name);
    return twice ? [{ function: name, at, message: `two ${kind} have this name` }] : [];
  });
}

function callees(fn: IrFunction): ReadonlySet<number> {
  const found = new Set<number>();
  walk(fn.body, (statement) => {
    if (statement.kind === "let" && statement.op.op === "call") found.add(statement.op.function);
  });
  return found;
}

/** The kernel has no stack for recursion, and the front end inlines or refuses it. */
function recursions({ functions }: Module): Violation[] {
  const calls = functions.map(callees);
  const finished = new Set<number>();
  const found: Violation[] = [];
  const visit = (index: number, path: readonly number[]): void => {
    const fn = functions[index];
    if (fn === undefined || finished.has(index)) return;
    if (path.includes(index)) {
      found.push({ function: fn.name, at: fn.at, message: "the function calls itself, at once or through others" });
      return;
    }
    for (const callee of calls[index] ?? []) visit(callee, [...path, index]);
    finished.add(index);
  };
  functions.forEach((_, index) => {
    visit(index, []);
  });
  return found;
}

function programViolations({ programs }: Module): Violation[] {
  return programs.flatMap(({ name, at, parameters, result }) => [
    ...(parameters.length === 0 ? [] : [{ function: name, at, message: "a program takes no parameters" }]),
    ...(result === "u32" ? [] : [{ function: name, at, message: `a program returns u32, not ${result}` }]),
  ]);
}

export interface VerifyOptions {
  /**
   * Whether packet accesses are judged; true unless told. Outcomes of bounds tests are followed through logic, branches and
   * variables; accesses whose test goes another way (a call, a select) are never judged.
   */
  readonly bounds?: boolean;
}

/** Every violation, in order of appearance; none for a well-formed module. */
export function irViolations(module: Module, { bounds = true }: VerifyOptions = {}): readonly Violation[] {
  return [
    ...duplicateNames("functions", [...module.functions, ...module.programs]),
    ...duplicateNames("maps", module.maps),
    ...duplicateNames("globals", module.globals),
    ...module.globals
      .filter(({ initial, layout }) => initial.length !== layout.size)
      .map(({ name, at, initial, layout }) => ({
        function: name,
        at,
        message: `${initial.length} bytes of content for ${layout.size}`,
      })),
    ...programViolations(module),
    ...recursions(module),
    ...[...module.functions, ...module.programs].flatMap((fn) => functionViolations(module, fn, bounds)),
  ];
}

/** @throws IrError listing every violation. */
export function verifyModule(module: Module, options: VerifyOptions = {}): void {
  const violations = irViolations(module, options);
  if (violations.length > 0) throw new IrError(module, violations);
}
