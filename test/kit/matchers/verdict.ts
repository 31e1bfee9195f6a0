/** What an XDP program decided, by name; the numbers are those of `enum xdp_action`. */

export const VERDICTS = ["aborted", "drop", "pass", "transmit", "redirect"] as const;
export type Verdict = (typeof VERDICTS)[number];
/** `forward`: sent on, by whichever interface. */
export type ExpectedVerdict = Verdict | "forward";

/** Numbers beyond the known actions act as aborted, as the kernel's do. */
export const verdictOf = (action: number): Verdict => VERDICTS[action] ?? "aborted";

export const meets = (verdict: Verdict, expected: ExpectedVerdict): boolean =>
  verdict === expected || (expected === "forward" && (verdict === "transmit" || verdict === "redirect"));
