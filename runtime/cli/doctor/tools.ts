/** Programs that zeta or its labs start. */
import { outputOf } from "./command-output.ts";
import { absent, type Fact, type Need, present } from "./fact.ts";

interface Tool {
  readonly id: string;
  readonly title: string;
  readonly neededFor: Need;
  readonly command: readonly [string, ...string[]];
  /** What the lack of it means. */
  readonly without: string;
  /** Debian's package. */
  readonly package: string;
}

const TOOLS: readonly Tool[] = [
  { id: "ip", title: "iproute2", neededFor: "lab", command: ["ip", "-V"], without: "no labs", package: "iproute2" },
  {
    id: "ethtool",
    title: "ethtool",
    neededFor: "lab",
    command: ["ethtool", "--version"],
    without: "no labs: veth's checksum offload cannot be turned off",
    package: "ethtool",
  },
  {
    id: "nsenter",
    title: "nsenter",
    neededFor: "lab",
    command: ["nsenter", "--version"],
    without: "no labs",
    package: "util-linux",
  },
  {
    id: "sysctl",
    title: "sysctl",
    neededFor: "lab",
    command: ["sysctl", "--version"],
    without: "no labs",
    package: "procps",
  },
  {
    id: "nginx",
    title: "nginx",
    neededFor: "lab",
    command: ["nginx", "-v"],
    without: "no demo",
    package: "nginx-light",
  },
  { id: "curl", title: "curl", neededFor: "lab", command: ["curl", "--version"], without: "no demo", package: "curl" },
  { id: "wrk", title: "wrk", neededFor: "lab", command: ["wrk", "-v"], without: "no load in the demo", package: "wrk" },
  {
    id: "nft",
    title: "nftables",
    neededFor: "lab",
    command: ["nft", "--version"],
    without: "no clusters (zeta lab up)",
    package: "nftables",
  },
  {
    id: "dumpcap",
    title: "dumpcap",
    neededFor: "lab",
    command: ["dumpcap", "--version"],
    without: "no zeta lab capture",
    package: "wireshark-common",
  },
  {
    id: "bpftool",
    title: "bpftool",
    neededFor: "lab",
    command: ["bpftool", "version"],
    without: "no second opinion on objects in tests",
    package: "bpftool",
  },
];

/** wrk tells its version and then ends with an error; what it printed is what counts. */
async function toolFact({ id, title, neededFor, command, without, package: debian }: Tool): Promise<Fact> {
  const [name, ...parameters] = command;
  const output = await outputOf(name, ...parameters);
  const version = output?.match(/\d+(\.\d+)+(-\w+)?/)?.[0] ?? null;
  const there = output !== null || (await outputOf("sh", "-c", `command -v ${name}`)) !== null;
  return there
    ? present({ id, title, neededFor }, version ?? "there")
    : absent({ id, title, neededFor }, `not found: ${without}`, `apt-get install ${debian}`, "limited");
}

export const toolFacts = (): Promise<Fact[]> => Promise.all(TOOLS.map(toolFact));
