/** IPv6 extension headers (RFC 8200 section 4): walking over them to the transport header. */
import { extensionHeader, type Frame, fragmentHeader, Protocol, type u8, type u32 } from "zeta/bpf";

const MOST_HEADERS = 8;

/** Runs `found(protocol, offset, isLaterFragment)` for the first header that is not an extension; false when the packet ends before. */
export const walkExtensions = (
  frame: Frame,
  start: u32,
  first: u8,
  found: (protocol: u8, at: u32, later: boolean) => void,
): boolean => {
  let protocol: u8 = first;
  let at: u32 = start;
  let later = false;
  let whole = true;
  for (let i = 0; i < MOST_HEADERS; i++) {
    if (protocol === Protocol.Fragment) {
      const fragment = frame.cursor(at).peek(fragmentHeader);
      if (fragment === null) {
        whole = false;
        break;
      }
      later = fragment.fragment.offset !== 0;
      protocol = fragment.nextHeader;
      at += 8;
      if (later) break;
    } else if (
      protocol === Protocol.HopByHop ||
      protocol === Protocol.Routing ||
      protocol === Protocol.DestinationOptions
    ) {
      const extension = frame.cursor(at).peek(extensionHeader);
      if (extension === null) {
        whole = false;
        break;
      }
      protocol = extension.nextHeader;
      at += extension.words * 8 + 8;
    } else break;
  }
  if (whole) found(protocol, at, later);
  return whole;
};
