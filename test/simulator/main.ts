/**
 * `npm run simulate -- --histories N --seed S --json`: histories of whole clusters, with faults; the exit code is 1 when an
 * invariant of the flow table breaks. What breaks it is told in words.
 */
import { parseArgs } from "node:util";
import { campaign, inWords } from "./campaign.ts";
import { MUTATIONS } from "./mutations.ts";

const USAGE = `npm run simulate -- [options]
  --histories N  how many (1000)
  --seed S       of the first one; the next has the next number (1)
  --json         nothing but the summary's line on standard output
  --mutations    deliberate bugs instead: after how many histories each is found, N at most`;

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const histories = Number(values.histories);
const seed = Number(values.seed);

function simulate(): boolean {
  const began = performance.now();
  const onHistory = (done: number): void => {
    if (!values.json && done % 100 === 0) console.error(`${done} histories`);
  };
  const { failures, ...summary } = campaign({ histories, seed, onHistory });
  for (const failure of failures.slice(0, 3)) console.error(inWords(failure).join("\n"));
  if (!values.json) console.error(`${((performance.now() - began) / histories).toFixed(0)} ms a history`);
  console.log(JSON.stringify(summary));
  return failures.length === 0;
}

function mutations(): boolean {
  const missed = MUTATIONS.filter(({ name, rules, shape }) => {
    const found = campaign({ histories, seed, rules, shape, untilViolated: true });
    const [failure] = found.failures;
    const how = failure?.outcome.violation;
    console.log(
      how == null ? `  --- ${name}` : `${found.histories}`.padStart(5),
      name,
      how == null ? "" : `| ${how.invariant}: ${how.text}`,
    );
    return how == null;
  });
  return missed.length === 0;
}

if (values.help) console.log(USAGE);
else if (!Number.isInteger(histories) || !Number.isInteger(seed) || histories < 1) {
  console.error(USAGE);
  process.exitCode = 2;
} else process.exitCode = (values.mutations ? mutations() : simulate()) ? 0 : 1;
