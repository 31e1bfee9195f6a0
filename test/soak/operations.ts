/** Operations on the cluster's wire, counted by the kernel's own packet filter as they pass the bridge. */
import type { Namespace } from "../../runtime/lab/index.ts";
import { OPERATIONS, type OperationName } from "../kit/cluster/operation.ts";

export type OperationCounts = Readonly<Record<OperationName, number>>;

/** Behind the headers of UDP, Geneve, and its option: its first byte says which operation it is. */
const CODE_AT = 8 * (8 + 8 + 4);

/** Some of the operations' own names are words of nft's. */
const nameOf = (code: number): string => `operation${code}`;

const RULES = [
  "table bridge operations {",
  ...OPERATIONS.map((_, code) => `counter ${nameOf(code)} { }`),
  "chain passing {",
  "type filter hook forward priority 0",
  ...OPERATIONS.map((_, code) => `udp dport 6081 @th,${CODE_AT},8 ${code} counter name ${nameOf(code)}`),
  "}",
  "}",
  "",
].join("\n");

/** From now on. @returns what reads how many there were */
export async function countOperations(wire: Namespace): Promise<() => Promise<OperationCounts>> {
  await wire.run("nft", ["-f", "-"], { input: `table bridge operations\ndelete table bridge operations\n${RULES}` });
  return async () => {
    const { stdout } = await wire.run("nft", ["-j", "list", "counters", "table", "bridge", "operations"]);
    const listed = JSON.parse(stdout).nftables as readonly {
      readonly counter?: { readonly name: string; readonly packets: number };
    }[];
    const counts = new Map(
      listed.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets] as const] : [])),
    );
    return Object.fromEntries(OPERATIONS.map((name, code) => [name, counts.get(nameOf(code)) ?? 0])) as OperationCounts;
  };
}
