/**
 * `npm run simulate -- --histories N --seed S --json`: histories of whole clusters, with faults; the exit code is 1 when an
 * invariant of the flow table breaks. What breaks it is told in words.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { playedApart } from "./apart.ts";
import { byModel, campaign, type Play, type Tally } from "./campaign.ts";
import type { Violation } from "./checker.ts";
import { MUTATIONS } from "./mutations.ts";
import type { Shape } from "./plan.ts";
import { simulate } from "./public.ts";
import { planOfStory, type Story } from "./script.ts";
import { rulesOf, STORIES, wrongOf } from "./stories.ts";

const USAGE = `npm run simulate -- [options]
  --histories N  how many (1000)
  --seed S       of the first one; the next has the next number (1)
  --processes N  how many work at once (as many as there are processors)
  --json         nothing but the summary's line on standard output
  --programs     nodes run the data plane's own programs, interpreted, and not the model of its rules
  --scale        no histories: how clusters of up to thousands of nodes grow, as a table
  --svg FILE     the same, drawn
  --mutations    deliberate bugs instead: after how many histories each is found, N at most`;

/** What is wrong with how it was called, and how it is called; nothing was played. */
function misused(reason: string): never {
  console.error(`${reason}\n\n${USAGE}`);
  process.exit(2);
}

function given() {
  try {
    return parseArgs({
      options: {
        histories: { type: "string", default: "1000" },
        seed: { type: "string", default: "1" },
        processes: { type: "string", default: `${availableParallelism()}` },
        json: { type: "boolean", default: false },
        programs: { type: "boolean", default: false },
        mutations: { type: "boolean", default: false },
        scale: { type: "boolean", default: false },
        svg: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return misused((error as Error).message);
  }
}

const values = given();

function wholeNumber(name: "histories" | "seed" | "processes", least: number, most: number): number {
  const text = values[name];
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least || value > most)
    misused(`--${name} ${text}: a whole number from ${least} to ${most} is wanted.`);
  return value;
}

const MOST_SEED = 2 ** 40;
const count = wholeNumber("histories", 1, 1_000_000_000);
const seed = wholeNumber("seed", -MOST_SEED, MOST_SEED);
const processes = wholeNumber("processes", 1, 256);

/** A deliberate bug, whichever kind of node it is in. */
interface Bug {
  readonly name: string;
  /** How it shows, and after how many histories; null where it does not. By hand there is one. */
  found(): Promise<{ readonly violation: Violation; readonly after: number } | null>;
}

function byChance(name: string, shape: Shape, play: () => Promise<Play>): Bug {
  const found: Bug["found"] = async () => {
    const { failures, histories } = campaign({
      histories: count,
      seed,
      shape,
      play: await play(),
      untilViolated: true,
    });
    const violation = failures[0]?.outcome.violation ?? null;
    return violation === null ? null : { violation, after: histories };
  };
  return { name, found };
}

function byHand(name: string, story: Story, play: () => Promise<Play>): Bug {
  const found: Bug["found"] = async () => {
    const { violation } = (await play())(planOfStory(story, seed));
    return violation === null ? null : { violation, after: 1 };
  };
  return { name: `${name} (by hand)`, found };
}

async function bugs(): Promise<readonly Bug[]> {
  if (!values.programs)
    return [
      ...MUTATIONS.map(({ name, rules, shape }) => byChance(name, shape, async () => byModel(rules))),
      ...STORIES.map((of) => byHand(of.name, wrongOf(of), async () => byModel(rulesOf(of.without)))),
    ];
  const [{ programsOf }, { byPrograms }, mutations, stories] = await Promise.all([
    import("./programs/compiled.ts"),
    import("./programs/play.ts"),
    import("./programs/mutations.ts"),
    import("./programs/stories.ts"),
  ]);
  return [
    ...mutations.MUTATIONS.map(({ name, edits, shape }) =>
      byChance(name, shape, async () => byPrograms(await programsOf(edits))),
    ),
    ...stories.STORIES.map(({ name, bugs, story }) =>
      byHand(name, story, async () => byPrograms(await programsOf(bugs.flat()))),
    ),
  ];
}

async function played(): Promise<Tally> {
  const options = ["--json", ...(values.programs ? ["--programs"] : [])];
  if (processes > 1) return playedApart({ histories: count, seed, processes, options });
  const onHistory = (done: number): void => {
    if (!values.json && done % 100 === 0) console.error(`${done} histories from seed ${seed} on`);
  };
  const { failed, ...tally } = await simulate({
    histories: count,
    seed,
    nodes: values.programs ? "programs" : "model",
    onHistory,
  });
  for (const { history } of failed) console.error(history.join("\n"));
  return tally;
}

async function histories(): Promise<boolean> {
  const began = performance.now();
  const tally = await played();
  if (!values.json)
    console.error(`${((performance.now() - began) / count).toFixed(0)} ms a history, all processes together`);
  console.log(JSON.stringify(tally));
  return tally.violations === 0;
}

async function mutations(): Promise<boolean> {
  let missed = 0;
  for (const { name, found } of await bugs()) {
    const how = await found();
    if (how === null) missed += 1;
    const shown = how === null ? "" : ` | ${how.violation.invariant}: ${how.violation.text}`;
    console.log(`${how?.after ?? "---"}`.padStart(5), `${name}${shown}`);
  }
  return missed === 0;
}

async function scale(): Promise<void> {
  const [{ curves }, { asTable }, { asDrawing }] = await Promise.all([
    import("./scale/curves.ts"),
    import("./scale/table.ts"),
    import("./scale/drawing.ts"),
  ]);
  const points = await curves();
  console.log(values.json ? JSON.stringify(points) : asTable(points));
  if (values.svg !== undefined) writeFileSync(values.svg, asDrawing(points));
}

if (values.help) console.log(USAGE);
else if (values.scale || values.svg !== undefined) await scale();
else process.exitCode = (await (values.mutations ? mutations() : histories())) ? 0 : 1;
