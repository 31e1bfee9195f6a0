/** Long work in the process that serves: other work gets its turn in between. */
import { setImmediate as turn } from "node:timers/promises";

/** Rows between two turns: about a millisecond. */
const SLICE = 2048;

export async function* unhurried<T>(rows: Iterable<T>): AsyncGenerator<T> {
  let count = 0;
  for (const row of rows) {
    yield row;
    count += 1;
    if (count % SLICE === 0) await turn();
  }
}

/** The same where nothing is waited for between rows. */
export async function eachUnhurried<T>(rows: Iterable<T>, use: (row: T) => void): Promise<void> {
  let count = 0;
  for (const row of rows) {
    use(row);
    count += 1;
    if (count % SLICE === 0) await turn();
  }
}
