/** Finding an option in a TCP header (RFC 9293 section 3.1). */
import { type Cursor, type Frame, optionHeader, TcpOption, type u8, type u32 } from "zeta/bpf";

/** Options as words in network order: the MSS in the low half; and behind two no-operations, SACK permitted (RFC 9293, RFC 2018). */
export const MSS_WORD = 0x0204_0000;
export const SACK_WORD = 0x0101_0402;

const MOST_OPTIONS = 40;
/** Changes no offset, since options take 40 bytes at most; but the verifier then sees that all ways to an option are alike. */
const OFFSETS = 63;

export interface OptionPlace {
  /** Where its data is in the frame. */
  readonly at: u32;
  /** Of its data, in bytes; 0 too when there is no such option. */
  readonly size: u32;
}

/** Where the data of an option is; all zero when there is no such option before the end of the header. */
export const placeOfOption = (frame: Frame, start: u32, end: u32, kind: u8): OptionPlace => {
  let offset: u32 = 0;
  let dataAt: u32 = 0;
  let size: u32 = 0;
  for (let i = 0; i < MOST_OPTIONS; i++) {
    const at: u32 = start + offset;
    const option = frame.cursor(at).peek(optionHeader);
    if (option === null || at + 2 > end || option.kind === TcpOption.End) break;
    if (option.kind === TcpOption.Nop) {
      offset = (offset + 1) & OFFSETS;
      continue;
    }
    if (option.size < 2 || at + option.size > end) break;
    if (option.kind === kind) {
      dataAt = at + 2;
      size = option.size - 2;
      break;
    }
    offset = (offset + option.size) & OFFSETS;
  }
  return { at: dataAt, size };
};

/** The data of an option; null when there is no such option before the end of the header. */
export const findOption = (frame: Frame, start: u32, end: u32, kind: u8): Cursor | null => {
  const { at, size } = placeOfOption(frame, start, end, kind);
  return at === 0 ? null : frame.cursor(at).slice(size);
};
