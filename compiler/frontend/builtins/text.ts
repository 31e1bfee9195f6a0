/** Addresses written as text: `ipv4("10.0.0.1")`, read while compiling. */
import { parseAddress, parseIpv4, parseIpv6, parseMac } from "../../../sdk/layout/address.ts";
import type { Lowering } from "../lowering.ts";
import { wrongArgument } from "../problems.ts";
import { scalarConstant } from "../types.ts";
import type { ts } from "../typescript.js";
import type { ScalarType, ScalarValue } from "../values.ts";

const PARSERS: Readonly<Partial<Record<ScalarType, (text: string) => number | bigint | null>>> = {
  ipv4: parseIpv4,
  ipv6: parseIpv6,
  mac: parseMac,
  address: parseAddress,
};

const NETWORK =
  'A network is no address: ask `prefixes` of a middlebox\'s config, `config.networks.has(packet.source)`, or compare under a mask, `(ip.source & 0xff000000) === ipv4("10.0.0.0")`.';

export function readText(text: string, type: ScalarType, node: ts.Node, to: Lowering): ScalarValue {
  const parse = PARSERS[type];
  if (parse === undefined) return to.refuse((at) => wrongArgument(at, "a number", `the text '${text}'`), node);
  const value = parse(text);
  const isNetwork = type !== "mac" && /^[\da-f.:]+\/\d+$/i.test(text);
  const advice = isNetwork ? NETWORK : null;
  if (value === null) return to.refuse((at) => wrongArgument(at, `the text of an ${type}`, `'${text}'`, advice), node);
  return scalarConstant(type, BigInt(value));
}
