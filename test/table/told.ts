/** What became of packets in a cluster, in words. */
import { dissect, listFields } from "zeta/testing";
import type { Cluster, Left } from "../kit/cluster/cluster.ts";
import { operationOf } from "../kit/cluster/operation.ts";

const fieldsOf = (frame: Uint8Array): ReadonlyMap<string, unknown> =>
  new Map(listFields(dissect(frame)).map(({ path, value }) => [path, value]));

/** "sent 10.0.0.7:40000 > 10.2.0.1:8080", "dropped" and the like; of the only packet that left, or "nothing". */
export function toldOf(all: readonly Left[]): string {
  const [left] = all;
  if (left === undefined) return "nothing";
  if (left.how === "dropped") return "dropped";
  const fields = fieldsOf(left.frame);
  const family = fields.has("ipv4.source") ? "ipv4" : "ipv6";
  const port = (end: string) => fields.get(`tcp.${end}Port`) ?? fields.get(`udp.${end}Port`);
  const of = (end: string) => `${fields.get(`${family}.${end}`)}:${port(end)}`;
  return `${left.how} ${of("source")} > ${of("destination")}`;
}
/** Where an ICMP error goes to, and the ends of what it quotes. */
export function quoted([left]: readonly Left[]): string {
  if (left === undefined || left.how !== "sent") return left?.how ?? "nothing";
  const fields = listFields(dissect(left.frame));
  const of = (name: string, nth: number): unknown =>
    fields.filter(({ path }) => new RegExp(`^(.*\\.)?(${name})$`).test(path))[nth]?.value;
  const to = of("ipv[46]\\.destination", 0);
  const inner = `${of("ipv[46]\\.source", 1)}:${of("(tcp|udp)\\.sourcePort", 0)}`;
  return `to ${to}, of ${inner} > ${of("ipv[46]\\.destination", 1)}:${of("(tcp|udp)\\.destinationPort", 0)}`;
}

export const sourceOf = (told: string): string => told.split(" ")[1] ?? "";
export const destinationOf = (told: string): string => told.split(" ")[3] ?? "";

/** "1 decide 4": who sent what to whom since the wire was last looked at. */
export const hopsOf = (cluster: Cluster): string[] =>
  cluster.wire().map(({ from, to, frame }) => `${from} ${operationOf(frame)} ${to}`);

export const dropsOf = (cluster: Cluster): Record<string, number> => {
  const all: Record<string, number> = {};
  for (const member of cluster.members.values())
    for (const [name, count] of Object.entries(member.drops())) all[name] = (all[name] ?? 0) + count;
  return all;
};
