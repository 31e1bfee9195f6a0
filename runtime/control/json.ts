/** JSON has no bigint: whole numbers beyond 2^53 become text, as in every other JSON of ours. */
export const plain = (_key: string, value: unknown): unknown =>
  typeof value === "bigint"
    ? value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= 0n
      ? Number(value)
      : String(value)
    : value;

export const toJson = (value: unknown): string => JSON.stringify(value, plain);
