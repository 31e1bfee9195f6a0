/** A flow-table node's table: records under two keys, by bucket. */
import type { EntryState } from "../../../runtime/cluster/expiry.ts";
import type { Entry } from "./operation.ts";

export interface TableRecord {
  readonly key: number;
  readonly reverse: number;
  readonly bucket: number;
  readonly decision: number;
  readonly port: number;
  version: number;
  state: EntryState;
  touched: number;
  ended: number;
  acknowledged: boolean;
  told: number;
  /** Version under which it became a tombstone. */
  endedAt: number;
}

export const entryOf = (record: TableRecord): Entry => ({
  key: record.key,
  reverse: record.reverse,
  bucket: record.bucket,
  decision: record.decision,
  port: record.port,
  version: record.version,
  state: record.state,
});

export class Table {
  readonly #byKey = new Map<number, TableRecord>();
  readonly #records = new Set<TableRecord>();
  readonly #bothKeys: boolean;

  constructor(bothKeys: boolean) {
    this.#bothKeys = bothKeys;
  }

  get(key: number): TableRecord | undefined {
    return this.#byKey.get(key);
  }

  all(): Iterable<TableRecord> {
    return this.#records;
  }

  insert(entry: Entry, now: number, age: number): TableRecord {
    const record: TableRecord = {
      ...entry,
      touched: now - age,
      ended: now - age,
      acknowledged: false,
      told: now,
      endedAt: entry.version,
    };
    this.#byKey.set(record.key, record);
    if (this.#bothKeys) this.#byKey.set(record.reverse, record);
    this.#records.add(record);
    return record;
  }

  remove(record: TableRecord): void {
    this.#records.delete(record);
    if (this.#byKey.get(record.key) === record) this.#byKey.delete(record.key);
    if (this.#byKey.get(record.reverse) === record) this.#byKey.delete(record.reverse);
  }
}
