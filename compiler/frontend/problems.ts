/** Everything the front end refuses, one code each. Codes are never renumbered; docs/errors has a page for each. */
import { problem } from "../diagnostics/problem.ts";

// ---- ZT10xx: not TypeScript, or TypeScript outside the language

export const typescriptSyntax = problem("ZT1001", (reason: string) => ({
  message: `This is not TypeScript: ${reason}`,
  fix: "Correct the syntax.",
}));
export const typescriptType = problem("ZT1002", (reason: string, fix: string | null = null) => ({
  message: `TypeScript refuses this: ${reason}`,
  fix: fix ?? "Correct the types; `tsc --noEmit` says the same.",
}));
export const missingFile = problem("ZT1003", (file: string, found: string | null = null) => ({
  message: found === null ? `There is no file '${file}'.` : `'${file}' is ${found}, and a .ts file was expected.`,
  fix: found === null ? "Check the path." : "Name the file that exports the service or program.",
}));
export const nothingToBuild = problem("ZT1004", (file: string) => ({
  message: `'${file}' exports neither a program nor a service.`,
  fix: 'Export one: `export default program("name", (frame) => Action.Pass)` or `export default service("name", { chain: [...] })`.',
}));
export const anyType = problem("ZT1010", () => ({
  message: "'any' is not part of the language: a value of type 'any' has no width.",
  fix: "Give it a type of the language, such as u32, or leave the 'as' away.",
}));
export const classUsed = problem("ZT1011", (made: string | null = null) => ({
  message:
    made === null
      ? "A class dispatches at run time, which XDP cannot."
      : `'new ${made}' makes an object at run time, and there is no heap.`,
  fix:
    made === "Map" || made === "Set"
      ? "Use a map of `zeta/bpf` (`map.hash`), or in a middlebox a `table` or a `boundedTable`; for a few values, a `switch`."
      : "Use functions and struct layouts.",
}));
export const exceptionUsed = problem("ZT1012", (keyword: string) => ({
  message: `There are no exceptions in the data path, so no '${keyword}'.`,
  fix: "Return a verdict, or null, and test for it.",
}));
export const asyncUsed = problem("ZT1013", () => ({
  message: "A packet is handled at once: nothing can be awaited.",
  fix: "Keep what must last in a map, and act on the next packet.",
}));
export const generatorUsed = problem("ZT1014", () => ({
  message: "A generator keeps a suspended stack, which XDP has not.",
  fix: "Use a loop, or `loop(trips, body)`.",
}));
export const regularExpression = problem("ZT1015", () => ({
  message: "Regular expressions do not run in the data path.",
  fix: "Compare the bytes that matter.",
}));
export const floatingPoint = problem("ZT1016", (text: string) => ({
  message: `${text} is not a whole number, and the kernel has no floating point.`,
  fix: "Count in smaller units (thousandths, nanoseconds), or multiply before you divide: `n * 15 / 10` for `n * 1.5`.",
}));
export const stringInDataPath = problem("ZT1017", (what: string | null = null) => ({
  message: `${what === null ? "Strings" : `${what} is not part of the language: strings`} cannot be built or examined in the data path.`,
  fix: "Strings are for names, which are constants (a drop's too), and for `log(format, ...values)`; a middlebox tells of values by `events`. Use numbers and enums otherwise.",
}));
/** A "place" that has room for numbers alone, a "length" that is another's, and one of "several" that the packet chooses. */
export const escapingObject = problem(
  "ZT1018",
  (why: "place" | "length" | "several", what: string, other: string | null = null) =>
    ({
      place: {
        message: `${what} cannot be kept where ${other} lies: there is no heap.`,
        fix: "Store one of its values, or give the place a layout with fields of its own: `struct({ ... })`, `array(of, length)`.",
      },
      length: {
        message: `${what} and ${other} cannot take each other's place: there is no heap, so no list grows.`,
        fix: "Keep what grows in `local(struct({ items: array(u32, 4) }))` with a count of its own, in a map, or send it as an event.",
      },
      several: {
        message: `${what} exists only while compiling: which one it is cannot depend on the packet.`,
        fix: "Use each in a branch of its own; of maps, a map of maps holds several.",
      },
    })[why],
);
/** An item of a "list", a property of an "object", and an index of what has no elements at all ("names"). */
export const dynamicProperty = problem(
  "ZT1019",
  (of: "list" | "object" | "names", what: string) =>
    ({
      list: {
        message: `A list exists only while compiling, and which item '${what}' asks for is known only when it runs.`,
        fix: "Go through it: `for (const item of list)`. What is looked up by index lies in `local(struct({ items: array(u32, 4) }))` or in a `map.array`; what is looked up by value, in a map, a `table` or a `switch`.",
      },
      object: {
        message: `An object exists only while compiling, and which property '${what}' is, is known only when it runs.`,
        fix: "Use a `switch`, or keep the values by this key: in a `map.hash`, in a middlebox in a `table` or a `boundedTable`.",
      },
      names: {
        message: `There are no elements in ${what}, only names.`,
        fix: "Name the field. An `array(of, length)` has elements, and a packet's bytes are taken by a cursor: `frame.cursor(12).take(u8)`.",
      },
    })[of],
);
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["'var'", "Write `const`, or `let` for what changes."],
  ["'for…in'", "Write `for (const item of list)`; the fields of an object are named one by one."],
]);
export const unsupportedSyntax = problem("ZT1020", (what: string) => ({
  message: `${what} is not part of the language.`,
  fix: INSTEAD.get(what) ?? "docs/language.md lists every construct that is accepted.",
}));
export const recursion = problem("ZT1021", (name: string) => ({
  message: `'${name}' calls itself, and the kernel's stack is 512 bytes.`,
  fix: "Use a loop with a constant bound.",
}));
export const ownValue = problem("ZT1028", (name: string) => ({
  message: `The value of '${name}' is needed to compute it.`,
  fix: "Break the circle: one of the constants in it must be computed without the others.",
}));
export const mutableModule = problem("ZT1029", (name: string) => ({
  message: `'${name}' is declared by 'let' or 'var' at the top level of a module: nothing that packets change can live there.`,
  fix: "Make it a 'const'. What changes is kept in a map or in `variable(layout, initial)`, in a middlebox in its state: `counter()`, `boundedTable({ ... })`.",
}));
export const unknownName = problem("ZT1022", (name: string, why: string | null = null) => ({
  message: why === null ? `'${name}' has no meaning in the data path.` : `'${name}' has no meaning here: ${why}.`,
  fix:
    why !== null
      ? "Declare it before what uses it runs."
      : name === "console"
        ? "Tell of packets by `events` in a middlebox's state, with `zeta/bpf` by `log(format, ...values)`."
        : "Only the language, your own modules, and 'zeta' or 'zeta/bpf' can be used.",
}));
export const unknownImport = problem("ZT1023", (name: string, isThere = false) =>
  name.startsWith(".") && !isThere
    ? {
        message: `There is no module '${name}' beside this one.`,
        fix: "Name a TypeScript file that is there, with its extension: './name.ts'.",
      }
    : {
        message: `'${name}' is not TypeScript source that Zeta can compile.`,
        fix: name.endsWith(".json")
          ? "Write what is in it into a TypeScript module: `export const limits = { ... } as const;`."
          : "Import from 'zeta', 'zeta/bpf', or from modules shipped as TypeScript.",
      },
);
export const escapingClosure = problem("ZT1024", () => ({
  message: "Which function this is depends on the packet.",
  fix: "Call the functions in the branches of an 'if' or 'switch' instead.",
}));
export const looseEquality = problem("ZT1025", (operator: string) => ({
  message: `'${operator}' converts its operands.`,
  fix: `Write '${operator}='.`,
}));
export const hostOnly = problem("ZT1026", (name: string) => ({
  message: `'${name}' cannot be declared inside a function: it is laid out when compiling.`,
  fix: "Move the declaration to the top level of a module.",
}));

export const looseStatement = problem("ZT1027", () => ({
  message: "Nothing runs this statement: the top level of a module holds declarations.",
  fix: "Write what is computed once as the value of a constant, and what is done for each packet into a hook or a program.",
}));

// ---- ZT20xx: in the language, but wrong

export const unboundedLoop = problem("ZT2001", (keyword: string) => ({
  message: `The verifier cannot see where this '${keyword}' ends.`,
  fix: "Compare a counter that grows with a constant: `for (let i = 0; i < 16; i++)`.",
}));
export const uncheckedNull = problem("ZT2002", (what: string) => ({
  message: `${what} may be null here.`,
  fix: "Test it first: `if (x === null) return ...`.",
}));
export const staleView = problem("ZT2003", () => ({
  message: "The packet was moved, or a tail call tried, after this view was taken, so the view is dead.",
  fix: "Take a new cursor after adjustHead, adjustTail or a tail call; copy what you need before with `{ ...view }`.",
}));
export const finishedRecord = problem("ZT2034", () => ({
  message: "The record was submitted or discarded before, and is not the program's any more.",
  fix: "Read and write it before, and finish it once.",
}));
export const doesNotFit = problem("ZT2004", (from: string, to: string) => ({
  message: `A ${from} does not always fit ${to}.`,
  fix: `Convert where truncation is meant: ${to}(value).`,
}));
export const mixedTypes = problem("ZT2005", (operator: string, a: string, b: string) => ({
  message: `'${operator}' between ${a} and ${b} has no single meaning.`,
  fix: `Convert one side: ${b}(a) or ${a}(b).`,
}));
export const literalOutOfRange = problem("ZT2006", (value: string, type: string) => ({
  message: `${value} is outside the range of ${type}.`,
  fix: "Use a constant in range, or a wider type.",
}));
export const addressArithmetic = problem("ZT2007", (operator: string, type: string) => ({
  message: `'${operator}' has no meaning for a value of type ${type}.`,
  fix: "Addresses take === !== < > & | ^ ~ << >>; convert to a number for arithmetic.",
}));
export const negativeComparison = problem("ZT2008", (type: string) => ({
  message: `A ${type} is never negative, so this comparison is always the same.`,
  fix: "For serial-number order write `i32(a - b) < 0`.",
}));
export const notConstantSize = problem("ZT2009", (what: string) => ({
  message: `${what} must be known when compiling.`,
  fix: "Use a number, or a constant computed from numbers.",
}));
export const sideEffectInDecide = problem("ZT2010", (what: string, hook: string) => ({
  message: `'${hook}' may run more than once for one flow, so ${what} is not allowed in it.`,
  fix: "Move the effect to 'filter', or let the flow's lifecycle events tell.",
}));
export const stackExceeded = problem("ZT2011", (bytes: number) => ({
  message: `This needs ${bytes} bytes of stack, and the kernel gives 512.`,
  fix: "Keep large structs in a per-CPU array map, or take fewer of them at a time.",
}));
// ZT2012, too many tail calls, is retired: what a jump table holds is known at run time only.
export const notConstant = problem("ZT2013", (what: string) => ({
  message: `${what} must be known when compiling.`,
  fix: "Use a constant.",
}));
export const wrongArgument = problem("ZT2014", (what: string, found: string, fix: string | null = null) => ({
  message: `Expected ${what}, found ${found}.`,
  fix: fix ?? "See the declaration in the SDK, or docs/language.md.",
}));
/** What is "summed" is covered by a checksum; a "module" has constants, and a "list" is one. */
export const readOnly = problem("ZT2015", (what: string, why: "summed" | "module" | "list" | null = null) =>
  why === null
    ? {
        message: `${what} cannot be written.`,
        fix: "Write to a map value, a packet header, `local(layout)` or a 'let'.",
      }
    : {
        summed: {
          message: `${what} cannot be written: a checksum covers it, and would not follow.`,
          fix: "Edit what headers have fields for, whose checksums follow. A program of the system layer may write any byte, and sees to checksums itself.",
        },
        module: {
          message: `${what} belongs to a constant of the module, and cannot be written: no packet leaves anything behind there.`,
          fix: "Keep it in a map or in `variable(layout, initial)`; in a middlebox, in its state.",
        },
        list: {
          message: `${what} cannot be written: a list stays what it was written as.`,
          fix: "Keep what changes in `local(struct({ items: array(u32, 4) }))`, in a map, or in a 'let' of its own.",
        },
      }[why],
);
export const indexOutOfRange = problem("ZT2016", (index: string, length: number, certain: boolean) => ({
  message: `Index ${index} ${certain ? "is" : "may be"} outside the array's ${length} elements.`,
  fix: certain ? "Use an index below the length." : `Test it first: \`if (${index} < ${length})\`.`,
}));
export const differentShapes = problem("ZT2017", (a: string, b: string) => ({
  message: `This is ${a} on one path and ${b} on another.`,
  fix: "Give both paths values of one kind.",
}));
export const missingResult = problem("ZT2018", (name: string) => ({
  message: `Not every path of '${name}' returns an action.`,
  fix: "Return an Action, for instance Action.Pass, at the end.",
}));
export const lockMisuse = problem("ZT2019", (what: string) => ({
  message: `${what} is not allowed while a spin lock is held.`,
  fix: "Only read and write fields inside `withLock`.",
}));
export const unknownField = problem(
  "ZT2020",
  (name: string, known: string, of: string | null = null, advice: string | null = null) => ({
    message: of === null ? `There is no '${name}' here.` : `There is no '${name}' of ${of}.`,
    fix: `${known === "" ? "Check the name." : `There is: ${known}.`}${advice === null ? "" : ` ${advice}`}`,
  }),
);
export const missingField = problem("ZT2021", (name: string) => ({
  message: `The field '${name}' is missing.`,
  fix: "A struct value names every field.",
}));
export const duplicateName = problem("ZT2022", (what: string, name: string) => ({
  message: `Two ${what} are called '${name}'.`,
  fix: "Give each its own name.",
}));
export const badName = problem("ZT2023", (what: string, name: string, rule: string | null = null) => ({
  message: `${JSON.stringify(name).replace(/^"(.*)"$/, "'$1'")} cannot name ${what}.`,
  fix: `Use ${rule ?? "a letter, then letters, digits, '-' or '_', at most 63"}.`,
}));
export const outerJump = problem("ZT2024", (what: string) => ({
  message: `${what} cannot leave the function it stands in.`,
  fix: "Set a variable and return false from the callback to stop it.",
}));
export const notCallable = problem("ZT2025", (found: string) => ({
  message: `${found} cannot be called.`,
  fix: "Call a function.",
}));
export const badDeclaration = problem("ZT2026", (reason: string, fix: string = "See the declaration in the SDK.") => ({
  message: reason,
  fix,
}));
export const tooDeep = problem("ZT2027", (name: string) => ({
  message: `Calls are nested more than 64 deep at '${name}'.`,
  fix: "Flatten the calls.",
}));
export const tooLarge = problem("ZT2031", (what: string) => ({
  message: `${what} is more than a program can hold.`,
  fix: "Every call and every turn over a list is written out: use a loop, a `subprogram`, or a map.",
}));
export const inSubprogram = problem("ZT2028", (what: string) => ({
  message: `${what} cannot cross into a subprogram.`,
  fix: "Pass numbers, map values or packet views; return a number or nothing.",
}));
export const unfinishedRecord = problem("ZT2029", () => ({
  message: "A ring-buffer record is neither submitted nor discarded on some path.",
  fix: "Call submit or discard before every return.",
}));
export const unusedVerdict = problem("ZT2032", () => ({
  message: "This verdict goes nowhere: nothing happens unless the hook returns it.",
  fix: "Return it: `return drop(...)`.",
}));
export const uncompleted = problem("ZT2033", (box: string) => ({
  message: `The middlebox '${box}' says that a decision waits, and has no 'complete' hook that would end the waiting.`,
  fix: "Give it a hook: `complete(flow, { config }) { ... return flow.complete({ sequence }); }`.",
}));
export const keyFieldEdited = problem("ZT2030", (field: string) => ({
  message: `A filter cannot change '${field}': the flow is found by it.`,
  fix:
    field === "type" || field === "identifier"
      ? "Leave an echo's type and identifier as they are. To reply, return `answer(packet, (reply) => { ... })`, which may set them."
      : "Change addresses and ports in 'decide', with `flow.rewrite(...)`.",
}));
