/** A cable between two namespaces: a veth pair, set up so that native XDP sees what a real network card would show it. */
import { run } from "./command.ts";
import type { Namespace } from "./namespace.ts";
import { attachPass } from "./pass-program.ts";

export interface EndOptions {
  readonly namespace: Namespace;
  /** The interface's name there, at most 15 characters. */
  readonly interface: string;
  /** With prefix length: "10.1.0.1/24", "fd00::1/64". */
  readonly addresses?: readonly string[];
  /** 02:… numbers of the lab's own unless told. */
  readonly mac?: string;
  /**
   * Attaches an XDP program that passes everything. veth hands over a frame that the other end transmits from XDP only
   * to an end that has a program itself.
   */
  readonly passXdp?: boolean;
}

export interface LinkOptions {
  /** 1500 unless told. Above 3506 veth refuses an XDP program that does not know fragments. */
  readonly mtu?: number;
  /** Each end knows the other's addresses for good, so that no ARP or neighbour discovery is needed. Off unless told. */
  readonly staticNeighbours?: boolean;
}

export interface LinkEnd {
  readonly namespace: Namespace;
  readonly interface: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

export interface Link {
  readonly mtu: number;
  readonly ends: readonly [LinkEnd, LinkEnd];
}

export async function createLink(index: number, a: EndOptions, b: EndOptions, options: LinkOptions): Promise<Link> {
  const mtu = options.mtu ?? 1500;
  const ends = [end(index, 1, a), end(index, 2, b)] as const;
  const [first, second] = ends;
  // Without "name" before them, names such as "mtu" or "a" would be taken for words of the command.
  const create = ["name", first.interface, "netns", a.namespace.fullName, "address", first.mac, "mtu", `${mtu}`];
  const peer = [second.interface, "netns", b.namespace.fullName, "address", second.mac, "mtu", `${mtu}`];
  await run("ip", ["link", "add", ...create, "type", "veth", "peer", "name", ...peer]);
  for (const one of ends) await setUp(one);
  if (options.staticNeighbours) {
    await introduce(first, second);
    await introduce(second, first);
  }
  for (const [one, { passXdp }] of [
    [first, a],
    [second, b],
  ] as const)
    if (passXdp) await attachPass(one);
  return { mtu, ends };
}

/** Locally administered addresses, the same in every run. */
function end(index: number, side: 1 | 2, options: EndOptions): LinkEnd {
  const hex = (byte: number) => (byte & 0xff).toString(16).padStart(2, "0");
  const mac = options.mac ?? `02:00:00:${hex(index >> 8)}:${hex(index)}:${hex(side)}`;
  return { namespace: options.namespace, interface: options.interface, mac, addresses: options.addresses ?? [] };
}

/**
 * Offloads off: with them on, a veth's checksums are left for hardware that is not there, and a program that rewrites
 * such a packet breaks it; and segments arrive merged, longer than any frame.
 */
async function setUp({ namespace, interface: device, addresses }: LinkEnd): Promise<void> {
  const offloads = ["tx", "tso", "gso", "gro"].flatMap((name) => [name, "off"]);
  await namespace.run("ethtool", ["-K", device, ...offloads]);
  await namespace.ip(
    ...addresses.map((address) => `address add ${address} dev ${device}${address.includes(":") ? " nodad" : ""}`),
    `link set ${device} up`,
  );
}

async function introduce(one: LinkEnd, other: LinkEnd): Promise<void> {
  const lines = other.addresses.map((address) => {
    const [bare] = address.split("/");
    return `neighbour replace ${bare} lladdr ${other.mac} dev ${one.interface} nud permanent`;
  });
  if (lines.length > 0) await one.namespace.ip(...lines);
}
