/** Shows a run as it goes on: redrawn in place on a terminal, as lines otherwise, as JSON lines for programs. */
import { plain } from "../../control/json.ts";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import type { CounterValue } from "./counters.ts";

export interface Display {
  counters(values: readonly CounterValue[], seconds: number): void;
  event(name: string, value: unknown): void;
  /** Something that happens once: attached, detached. */
  note(type: string, text: string, data?: Readonly<Record<string, unknown>>): void;
}

function jsonDisplay(session: Session): Display {
  const line = (type: string, data: object) => session.print(`${JSON.stringify({ type, ...data }, plain)}\n`);
  return {
    counters: (values) =>
      line("counters", { counters: Object.fromEntries(values.map(({ name, value }) => [name, value])) }),
    event: (name, value) => line("event", { name, value }),
    note: (type, _text, data = {}) => line(type, data),
  };
}

/** Moves up over what was drawn last and erases from there on. */
const erase = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\u001b[J`);

function textDisplay(session: Session): Display {
  const { paintOut: paint, host } = session;
  const inPlace = host.stdout.isTTY;
  let drawn = 0;
  let shown = "";
  let before = new Map<string, bigint>();

  const rate = (name: string, value: bigint, seconds: number): string => {
    const last = before.get(name);
    return last === undefined || seconds <= 0 ? "" : `${Math.round(Number(value - last) / seconds)}/s`;
  };
  const above = (text: string): void => {
    if (inPlace) {
      session.print(`${erase(drawn)}${text}`);
      drawn = 0;
    } else session.print(text);
  };
  return {
    counters(values, seconds) {
      const rows = values.map(({ name, value }) => [
        paint.place(name),
        String(value),
        paint.faint(rate(name, value, seconds)),
      ]);
      const text = textTable(rows, ["left", "right", "right"]);
      const plainText = values.map(({ name, value }) => `${name}=${value}`).join(" ");
      if (inPlace) {
        session.print(`${erase(drawn)}${text}`);
        drawn = rows.length;
      } else if (plainText !== shown && plainText !== "") session.print(`${plainText}\n`);
      shown = plainText;
      before = new Map(values.map(({ name, value }) => [name, value]));
    },
    event: (name, value) => above(`${paint.strong(name)} ${JSON.stringify(value, plain)}\n`),
    note(_type, text) {
      if (inPlace) drawn = 0;
      session.tell(`${text}\n`);
    },
  };
}

export const openDisplay = (session: Session): Display =>
  session.format === "json" ? jsonDisplay(session) : textDisplay(session);
