/** Everything the compiler refuses: the code, the place, the nearest accepted text; many problems in one run, one for each mistake. */
import { describe, expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";
import { examples } from "./refusals.ts";

describe.each(examples)("$code: $what", ({ code, refused, accepted }) => {
  test("is refused at its place, once", async () => {
    const { text, place } = withoutMark(refused);
    expect((await problemsOf(text)).map(told)).toEqual([`${code} ${place}`]);
  });

  test("has a neighbour that is accepted", async () => {
    expect((await problemsOf(accepted)).map(told)).toEqual([]);
  });
});
