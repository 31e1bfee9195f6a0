/** A network namespace of a lab: a host of its own, as far as the network goes. */
import { join } from "node:path";
import { type CommandOptions, type CommandResult, run } from "./command.ts";
import { type LabProcess, type ServiceOptions, startService } from "./service.ts";

export interface NamespaceOptions {
  /** Whether the kernel forwards packets between this namespace's interfaces, both families. Off unless told. */
  readonly forwarding?: boolean;
  /** Written after our own; names with dots, as sysctl(8) takes them. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
}

export interface RouteOptions {
  readonly via?: string;
  readonly device?: string;
}

export interface Namespace {
  /** As given: "client". */
  readonly name: string;
  /** As `ip netns` knows it. */
  readonly fullName: string;
  /** A file whose open descriptor setns(2) takes. */
  readonly path: string;
  /** Runs a command in the namespace to its end. */
  run(command: string, parameters: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Starts a process that lives as long as the lab, unless disposed before. */
  start(command: string, parameters: readonly string[], options?: ServiceOptions): Promise<LabProcess>;
  /** Runs lines of `ip -batch` here, each one as after the word `ip`. */
  ip(...lines: readonly string[]): Promise<CommandResult>;
  /** `destination` is a prefix, an address or "default". Replaces a route that is there. */
  route(destination: string, options: RouteOptions): Promise<void>;
}

/**
 * Reverse-path filtering is off: packets that a middlebox has rewritten look forged to it. Ports: a test opens tens of
 * thousands of connections in a minute, more than the default range holds while old ones wait out their time.
 */
const ownSysctls = {
  "net.ipv4.conf.all.rp_filter": 0,
  "net.ipv4.conf.default.rp_filter": 0,
  "net.ipv4.ip_local_port_range": "1024 65000",
  "net.ipv4.tcp_tw_reuse": 1,
  "net.ipv4.conf.all.send_redirects": 0,
  "net.ipv4.conf.default.send_redirects": 0,
};

/** What becomes of the processes that are started in a namespace. */
export interface Keeper {
  started(one: LabProcess): void;
  /** The folder of their output, where they may outlive this process. */
  readonly logs?: string;
}

/** A namespace that is there already. */
export function openNamespace(name: string, fullName: string, { started, logs }: Keeper): Namespace {
  const path = `/run/netns/${fullName}`;
  // nsenter, not `ip netns exec`: the latter mounts a new /sys and hides a bpffs under it.
  const inside = (command: string, parameters: readonly string[]) =>
    ["nsenter", [`--net=${path}`, "--", command, ...parameters]] as const;
  const namespace: Namespace = {
    name,
    fullName,
    path,
    run: (command, parameters, one) => run(...inside(command, parameters), one),
    async start(command, parameters, one) {
      const log = logs === undefined ? {} : { log: join(logs, `${name}.log`) };
      const service = await startService(...inside(command, parameters), { ...log, ...one });
      started(service);
      return service;
    },
    ip: (...lines) => run("ip", ["-n", fullName, "-batch", "-"], { input: `${lines.join("\n")}\n` }),
    async route(destination, { via, device }) {
      const words = [...(via ? ["via", via] : []), ...(device ? ["dev", device] : [])];
      await namespace.ip(`route replace ${destination} ${words.join(" ")}`);
    },
  };
  return namespace;
}

export async function createNamespace(
  name: string,
  fullName: string,
  keeper: Keeper,
  options: NamespaceOptions = {},
): Promise<Namespace> {
  const forwarding = options.forwarding ? 1 : 0;
  const sysctls = {
    ...ownSysctls,
    "net.ipv4.ip_forward": forwarding,
    "net.ipv6.conf.all.forwarding": forwarding,
    ...options.sysctls,
  };
  await run("ip", ["netns", "add", fullName]);
  const namespace = openNamespace(name, fullName, keeper);
  await namespace.ip("link set lo up");
  await namespace.run("sysctl", ["-qw", ...Object.entries(sysctls).map(([key, value]) => `${key}=${value}`)]);
  return namespace;
}
