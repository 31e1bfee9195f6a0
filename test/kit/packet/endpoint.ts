/** "10.0.0.7:40000", "[2001:db8::1]:80", "10.0.0.7", "2001:db8::1". */

import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { parseIpv4, parseIpv6 } from "../../../sdk/layout/address.ts";
import { mixedFamilies, notAnEndpoint } from "../problems.ts";

export interface Endpoint {
  readonly family: 4 | 6;
  readonly address: string;
  /** Null when the text has none. */
  readonly port: number | null;
}

export function parseEndpoint(text: string): Endpoint {
  const withPort = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([\d.]+):(\d{1,5})$/.exec(text);
  const address = withPort?.[1] ?? text;
  const port = withPort?.[2] === undefined ? null : Number(withPort[2]);
  const family = parseIpv4(address) !== null ? 4 : parseIpv6(address) !== null ? 6 : null;
  if (family === null || (port !== null && port > 65535)) throw new ZetaError([notAnEndpoint(null, text)]);
  return { family, address, port };
}

export interface Ends {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** Both ends of a conversation. `ports: true` demands them. */
export function parseEnds(source: string, destination: string, ports: boolean): Ends {
  const ends = { source: parseEndpoint(source), destination: parseEndpoint(destination) };
  if (ends.source.family !== ends.destination.family) throw new ZetaError([mixedFamilies(null, source, destination)]);
  for (const [text, end] of [
    [source, ends.source],
    [destination, ends.destination],
  ] as const) {
    if ((end.port !== null) !== ports) throw new ZetaError([notAnEndpoint(null, text)]);
  }
  return ends;
}

export const swapEnds = ({ source, destination }: Ends): Ends => ({ source: destination, destination: source });
