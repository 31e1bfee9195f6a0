/** IPv6 extension headers (RFC 8200 section 4): walking over them to the transport header. */
import { type Frame, fragmentHeader, header, Protocol, type u8, u8 as u8Layout, type u32 } from "zeta/bpf";

const MOST_HEADERS = 8;
/** Changes no offset, since eight headers take 16 KiB at most; but the verifier then sees that all ways to a header are alike. */
const OFFSETS = 0x7fff;

/** What extension headers begin with; only routing headers have segments. */
const extensionStart = header({ nextHeader: u8Layout, words: u8Layout, type: u8Layout, segmentsLeft: u8Layout });

/**
 * Runs `found(protocol, offset, isLaterFragment, segmentsLeft, fragmentAt)` for the first header that is not an extension;
 * false when the packet ends before, or is a fragment of a fragment. Segments left: addresses of a routing header that the packet is still to visit.
 * `fragmentAt`: offset of the fragment header; 0 when there is none.
 */
export const walkExtensions = (
  frame: Frame,
  start: u32,
  first: u8,
  found: (protocol: u8, at: u32, later: boolean, segmentsLeft: u8, fragmentAt: u32) => void,
): boolean => {
  let protocol: u8 = first;
  let offset: u32 = 0;
  let later = false;
  let segmentsLeft: u8 = 0;
  let fragmentAt: u32 = 0;
  let whole = true;
  for (let i = 0; i < MOST_HEADERS; i++) {
    const at: u32 = start + offset;
    if (protocol === Protocol.Fragment) {
      const fragment = frame.cursor(at).peek(fragmentHeader);
      // One at most (RFC 8200 section 4.1): of two, receivers may believe either.
      if (fragment === null || fragmentAt !== 0) {
        whole = false;
        break;
      }
      later = fragment.fragment.offset !== 0;
      fragmentAt = at;
      protocol = fragment.nextHeader;
      offset = (offset + 8) & OFFSETS;
      if (later) break;
    } else if (
      protocol === Protocol.HopByHop ||
      protocol === Protocol.Routing ||
      protocol === Protocol.DestinationOptions
    ) {
      const extension = frame.cursor(at).peek(extensionStart);
      if (extension === null) {
        whole = false;
        break;
      }
      if (protocol === Protocol.Routing) segmentsLeft = extension.segmentsLeft;
      protocol = extension.nextHeader;
      offset = (offset + extension.words * 8 + 8) & OFFSETS;
    } else break;
  }
  if (whole) found(protocol, start + offset, later, segmentsLeft, fragmentAt);
  return whole;
};
