/** dnsmasq and dig: a UDP service and its client that are not ours. */
import type { LabProcess, Namespace } from "../../runtime/lab/index.ts";

export const DNS_NAME = "zeta.example";
export const DNS_ANSWER = "192.0.2.99";

/** Answers for one name, and asks nobody else; its files are none. */
export const startDns = (namespace: Namespace, ...addresses: readonly string[]): Promise<LabProcess> => {
  const words = ["-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "-u", "root", "-z"];
  const listening = addresses.map((address) => `--listen-address=${address}`);
  return namespace.start("dnsmasq", [...words, ...listening, `--address=/${DNS_NAME}/${DNS_ANSWER}`], {
    ready: { listening: 53 },
  });
};

/** Asks `count` times, once each, from another port every time. @returns what was answered, a line each */
export async function askDns(
  from: Namespace,
  server: string,
  count = 1,
  ...more: readonly string[]
): Promise<readonly string[]> {
  const words = [`@${server}`, "+short", "+tries=1", "+timeout=5", ...more, "-f", "-"];
  const input = `${DNS_NAME} A\n`.repeat(count);
  const { stdout } = await from.run("dig", words, { input, accept: [9] });
  return stdout.split("\n").filter((line) => line !== "");
}
