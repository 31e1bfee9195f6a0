/** When to colour, and with what. */

export type ColourChoice = "auto" | "always" | "never";

export interface Terminal {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The order of no-color.org and clig.dev: what was asked for on the command line wins, then NO_COLOR (any non-empty
 * value), then FORCE_COLOR (anything but "0" and "false"), then TERM=dumb, then whether anybody is looking.
 */
export function wantsColour(choice: ColourChoice, { isTTY, env }: Terminal): boolean {
  if (choice !== "auto") return choice === "always";
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  if (env.TERM === "dumb") return false;
  return isTTY;
}

type Paint = (text: string) => string;

/** Roles, not colours, so that every report looks alike. */
export interface Palette {
  readonly error: Paint;
  readonly warning: Paint;
  readonly good: Paint;
  readonly place: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
  readonly fix: Paint;
}

const sgr =
  (open: string, close: string): Paint =>
  (text) =>
    text === "" ? "" : `\u001b[${open}m${text}\u001b[${close}m`;

const COLOURS: Palette = {
  error: sgr("1;31", "22;39"),
  warning: sgr("1;33", "22;39"),
  good: sgr("32", "39"),
  place: sgr("36", "39"),
  strong: sgr("1", "22"),
  faint: sgr("2", "22"),
  fix: sgr("32", "39"),
};

const plain: Paint = (text) => text;
const PLAIN: Palette = {
  error: plain,
  warning: plain,
  good: plain,
  place: plain,
  strong: plain,
  faint: plain,
  fix: plain,
};

export const palette = (colour: boolean): Palette => (colour ? COLOURS : PLAIN);
