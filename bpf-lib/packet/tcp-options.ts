/** Finding an option in a TCP header (RFC 9293 section 3.1). */
import { type Cursor, type Frame, optionHeader, TcpOption, type u8, type u32 } from "zeta/bpf";

const MOST_OPTIONS = 40;

/** The offset of an option's data and its length; null when there is no such option before the end of the header. */
export const findOption = (frame: Frame, start: u32, end: u32, kind: u8): Cursor | null => {
  let at: u32 = start;
  let dataAt: u32 = 0;
  let size: u32 = 0;
  for (let i = 0; i < MOST_OPTIONS; i++) {
    const option = frame.cursor(at).peek(optionHeader);
    if (at + 2 > end || option === null || option.kind === TcpOption.End) break;
    if (option.kind === TcpOption.Nop) {
      at += 1;
      continue;
    }
    if (option.size < 2 || at + option.size > end) break;
    if (option.kind === kind) {
      dataAt = at + 2;
      size = option.size - 2;
      break;
    }
    at += option.size;
  }
  return dataAt === 0 ? null : frame.cursor(dataAt).slice(size);
};
