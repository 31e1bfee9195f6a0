/** A demo that proves: what it says was checked, and the first thing that is not so ends it. */

export class DemoFailed extends Error {}

export function check(holds: boolean, whatWentWrong: () => string): asserts holds {
  if (!holds) throw new DemoFailed(whatWentWrong());
}
