/**
 * Changing the key of a cluster's operations without losing one: all nodes take the new key besides the old one, then all make their
 * operations with it, then all forget the old one. No step begins before the one before it is done everywhere, and the
 * last one not before everything made with the old key has arrived.
 */
import { setTimeout as wait } from "node:timers/promises";

/** Keys of 16 bytes in hexadecimal, those that are null are not good; and which of them operations are made with. */
export interface KeyRing {
  readonly keys: [string | null, string | null];
  readonly own: 0 | 1;
}

export const ringOf = (key: string): KeyRing => ({ keys: [key, null], own: 0 });
/** Whether a change of keys was begun, and not ended. */
export const isUnfinished = ({ keys }: KeyRing): boolean => keys.every((key) => key !== null);

const only = ({ keys, own }: KeyRing): KeyRing => ({ keys: own === 0 ? [keys[0], null] : [null, keys[1]], own });

/** What nodes are told, one after the other, from `now` to `fresh` alone; `now` has one key. */
function steps(now: KeyRing, fresh: string): readonly [KeyRing, KeyRing, KeyRing] {
  const keys: KeyRing["keys"] = now.own === 0 ? [now.keys[0], fresh] : [fresh, now.keys[1]];
  const taken: KeyRing = { keys, own: now.own };
  const used: KeyRing = { keys, own: now.own === 0 ? 1 : 0 };
  return [taken, used, only(used)];
}

export interface RotateOptions {
  /** Tells all nodes; returns when each has it. When it fails, the keys stay as far changed as they are, and no packet is lost. */
  readonly tell: (ring: KeyRing) => Promise<void>;
  /** Called before nodes are told, so that whoever comes after a crash knows how far it came. */
  readonly note?: (ring: KeyRing) => void;
  /** 16 bytes in hexadecimal; random unless told. */
  readonly key?: string;
  /** Milliseconds in which whatever is under way arrives: 1000 unless told. */
  readonly underWay?: number;
}

/** A new key. */
export const freshKey = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");

/**
 * Gives the keys that are in force then: the new one alone. A change that was begun before is ended first, by whichever key it
 * had come to. Safe to call again after a failure.
 */
export async function rotateKeys(
  now: KeyRing,
  { tell, note = () => undefined, key = freshKey(), underWay = 1000 }: RotateOptions,
): Promise<KeyRing> {
  let ring = now;
  const step = async (next: KeyRing): Promise<void> => {
    note(next);
    ring = next;
    await tell(next);
  };
  const forget = async (next: KeyRing): Promise<void> => {
    await wait(underWay);
    await step(next);
  };
  if (isUnfinished(now)) {
    // Whoever was not told before has both keys then.
    await step(now);
    await forget(only(now));
  }
  const [taken, used, alone] = steps(ring, key);
  await step(taken);
  await step(used);
  await forget(alone);
  return alone;
}
