/** A struct's first field, and that field's own first field of the same name, were taken for one. */
import { Action, bits, header, program, u8, u16, u32, variable } from "zeta/bpf";

const nested = header({ first: header({ first: u16, second: u8 }), second: u8 });
const flags = header({ first: bits({ first: 3, second: 5 }), second: u8 });
const seen = variable(u32, 0);

export const firstFields = program("firstFields", (frame) => {
  const cursor = frame.cursor();
  const outer = cursor.take(nested);
  if (outer === null) return Action.Drop;
  const view = outer.first;
  const sum = view.first + outer.first.first + outer.first.second + outer.second;
  const bit = cursor.take(flags);
  if (bit === null) return Action.Drop;
  seen.value = sum + bit.first.first * 7 + bit.first.second + bit.second;
  return Action.Pass;
});
