/** Asks a program of `programs/operations.ts` for operations on its table. */
import type { Running } from "../kit/index.ts";
import { tcp } from "../kit/index.ts";
import type { DumpedWay } from "./dump.ts";

const SLOT = 0;
const ANY = tcp("10.0.0.1:1", "10.0.0.2:2").syn();

export const Outcome = { Full: 0, Inserted: 1, There: 2, Busy: 3 } as const;

interface Request {
  readonly operation: number;
  readonly idle: number;
  readonly key: readonly bigint[];
  readonly value: bigint;
  readonly answer: number;
  readonly index: number;
}

export type Answer = Pick<Request, "value" | "answer" | "index">;

export function client(running: Pick<Running, "map" | "run">) {
  const request = running.map("request");
  const ask = async (operation: number, key: readonly bigint[], rest: Partial<Request> = {}): Promise<Answer> => {
    const words = [...key, 0n, 0n, 0n].slice(0, 5);
    request.set(SLOT, { idle: 0, value: 0n, answer: 9, index: 0, ...rest, operation, key: words });
    await running.run(ANY);
    const { value, answer, index } = request.get(SLOT) as Request;
    return { value, answer, index };
  };
  return {
    find: async (key: readonly bigint[]): Promise<bigint | null> => {
      const { answer, value } = await ask(1, key);
      return answer === 1 ? value : null;
    },
    insert: (key: readonly bigint[], value: bigint, idle: number): Promise<Answer> => ask(2, key, { value, idle }),
    remove: async (key: readonly bigint[]): Promise<boolean> => (await ask(3, key)).answer === 1,
    touch: async (key: readonly bigint[], idle: number): Promise<boolean> => (await ask(4, key, { idle })).answer === 1,
    home: async (key: readonly bigint[]): Promise<number> => (await ask(5, key)).index,
    /** The table's ways, in the order of their indices. */
    dump: (): DumpedWay[] =>
      running
        .map("flows")
        .entries()
        .map(([page, value]) => [page as number, value as { ways: DumpedWay[] }] as const)
        .sort(([a], [b]) => a - b)
        .flatMap(([, { ways }]) => ways),
  };
}
