/** Reading of capture files of either format. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { notACapture } from "../problems.ts";
import type { Capture } from "./capture.ts";
import { hasPcapHeader, pcapStart, readPcapBody } from "./pcap.ts";
import { isPcapng, readPcapngBody } from "./pcapng.ts";

/**
 * Reads the content of a pcap or pcapng file. A file that was cut off gives the packets before the cut and says so.
 * @throws ZetaError ZT9005 when the bytes are neither.
 */
export function readCapture(bytes: Uint8Array): Capture {
  if (isPcapng(bytes)) return readPcapngBody(bytes);
  const start = pcapStart(bytes);
  if (start === null) throw new ZetaError([notACapture(null, "it begins with neither format's magic number")]);
  if (!hasPcapHeader(bytes)) throw new ZetaError([notACapture(null, "its header is cut off")]);
  return readPcapBody(bytes, start);
}
