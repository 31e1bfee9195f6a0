/** Three namespaces in a row: where frames are made, the gateway, and where they are counted. Cables are veth pairs. */
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import {
  attach,
  createLab,
  type Lab,
  type LoadedObject,
  type LoadedProgram,
  load,
  type Namespace,
  typedMap,
} from "../../runtime/index.ts";
import { inNamespace } from "../../runtime/loader/network-namespace.ts";
import { LIVE_FRAMES, testRun } from "../../runtime/loader/test-run.ts";
import { parseMac } from "../../sdk/layout/address.ts";
import { tcp, udp } from "../../test/kit/index.ts";
import { openVariedFrames, wrap } from "../measure/wrapper.ts";
import { cpuClock } from "./cpu-time.ts";

export const CLIENT = "10.9.0.2";
export const GATEWAY_OUT = "10.9.1.1";
export const SERVER = "10.9.1.2";
/** An address of the gateway's that leads to the server, where destinations are translated. */
export const VIRTUAL = "10.9.2.1";
export const PORT = 9000;
const SOURCE_AT = 26;
const SOURCE_PORT_AT = 34;
const TCP_FLAGS_AT = 47;
const SYN = 0x02;
/** In the payload: only ports make flows here, so that the kernel finds IP checksums right. */
const NOTHING_AT = 44;
const UDP_CHECKSUM_AT = 40;
const BATCH = 64;
/** Milliseconds after which what has not arrived will not. */
const LOST_AFTER = 200;

export interface Sent {
  readonly frames: number;
  readonly arrived: number;
  readonly seconds: number;
  /** Of the CPU, without what others had of it (cpu-time.ts). */
  readonly cpuSeconds: number;
}

/** The first flow's frame, and where those of others differ. */
export interface Made {
  readonly frame: Uint8Array;
  readonly vary: { readonly address: number; readonly port: number };
}

export interface Network extends AsyncDisposable {
  readonly lab: Lab;
  readonly gateway: Namespace;
  /** Interfaces of the gateway: towards the source, and towards the sink. */
  readonly near: number;
  readonly far: number;
  /** Sends on to the sink whatever comes, and nothing else. */
  readonly relay: LoadedProgram;
  /** The same from any interface to the one at the other end of its cable. */
  relayFrom(at: Device, to: Device): Promise<LoadedProgram>;
  /** Sends 64-byte frames of so many flows in turn to an address, UDP unless told, as fast as one CPU makes and handles them. */
  send(
    destination: string,
    flows: number,
    frames: number,
    make?: (destination: string, gatewayMac: string) => Made,
  ): Promise<Sent>;
}

export interface Device {
  readonly ifindex: number;
  readonly address: string;
}

export async function device(namespace: Namespace, name: string): Promise<Device> {
  const { stdout } = await namespace.run("ip", ["-json", "link", "show", "dev", name]);
  return (JSON.parse(stdout) as [Device])[0];
}

async function openPrograms() {
  const built = await compile(fileURLToPath(new URL("../programs/rate.ts", import.meta.url)), { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const source = { object: built.code.object, manifest: built.manifest };
  return (leave: { readonly interface: number; readonly destination: bigint; readonly source: bigint }) =>
    load(source, { constants: { leave } });
}

/** A datagram. Only ports make flows. */
const datagramTo = (destination: string, gatewayMac: string): Made => {
  const { bytes: frame } = udp(`${CLIENT}:1024`, `${destination}:${PORT}`).payload("x".repeat(22), {
    destinationMac: gatewayMac,
  });
  // None, so that every port's frame is right (RFC 768).
  frame.fill(0, UDP_CHECKSUM_AT, UDP_CHECKSUM_AT + 2);
  return { frame, vary: { address: NOTHING_AT, port: SOURCE_PORT_AT } };
};

/** What opens a TCP connection, of as many clients as there are flows. Its checksums are right for the first of them only. */
export const openingTo = (destination: string, gatewayMac: string): Made => {
  const { bytes } = tcp("10.64.0.0:10000", `${destination}:${PORT}`).payload("x".repeat(10), {
    destinationMac: gatewayMac,
  });
  const frame = Buffer.from(bytes);
  frame[TCP_FLAGS_AT] = SYN;
  return { frame: new Uint8Array(frame), vary: { address: SOURCE_AT, port: SOURCE_PORT_AT } };
};

async function build(
  lab: Lab,
  open: AsyncDisposableStack,
  clock: () => number,
): Promise<Omit<Network, typeof Symbol.asyncDispose>> {
  const source = await lab.namespace("source");
  const gateway = await lab.namespace("gateway", { forwarding: true });
  const server = await lab.namespace("server");
  await lab.connect(
    { namespace: source, interface: "out", addresses: [`${CLIENT}/24`] },
    { namespace: gateway, interface: "near", addresses: ["10.9.0.1/24"] },
    { staticNeighbours: true },
  );
  await lab.connect(
    { namespace: gateway, interface: "far", addresses: [`${GATEWAY_OUT}/24`] },
    { namespace: server, interface: "in", addresses: [`${SERVER}/24`] },
    { staticNeighbours: true },
  );
  // Where the gateway has no XDP program, veth takes redirected frames only with GRO on.
  for (const name of ["near", "far"]) await gateway.run("ethtool", ["-K", name, "gro", "on"]);
  const [out, near, far, end] = [
    await device(source, "out"),
    await device(gateway, "near"),
    await device(gateway, "far"),
    await device(server, "in"),
  ] as const;
  const loaded = await openPrograms();
  const use = async (at: Device, to: Device, from: Device): Promise<LoadedObject> => {
    const [destination, own] = [parseMac(to.address), parseMac(from.address)] as [bigint, bigint];
    return open.use(await loaded({ interface: at.ifindex, destination, source: own }));
  };
  const sending = await use(out, near, out);
  const relaying = await use(far, end, far);
  const counting = await use(end, end, end);
  open.use(await attach(counting.program("sink"), { interface: "in", namespace: server.path }));
  const data = counting.manifest?.maps.find(({ name }) => name === "arrived");
  if (data === undefined) throw new Error("bench/programs/rate.ts has no map 'arrived'.");
  const counts = typedMap(counting.map("arrived"), data) as unknown as {
    get(key: number): readonly { readonly frames: bigint }[];
  };
  const arrived = (): number => counts.get(0).reduce((sum, { frames }) => sum + Number(frames), 0);
  return {
    lab,
    gateway,
    near: near.ifindex,
    far: far.ifindex,
    relay: relaying.program("relay"),
    relayFrom: async (from, to) => (await use(from, to, from)).program("relay"),
    async send(destination, flows, frames, make = datagramTo) {
      const { frame, vary } = make(destination, near.address);
      const made = await openVariedFrames(frame, flows, vary);
      try {
        using wrapped = await wrap(sending.program("send"), made);
        const before = arrived();
        const [began, cpu] = [process.hrtime.bigint(), clock()];
        inNamespace(source.path, () =>
          testRun(wrapped.wrapper, {
            packet: made.first,
            repeat: frames,
            flags: LIVE_FRAMES,
            batch: BATCH,
            context: { interface: out.ifindex },
          }),
        );
        let ended = process.hrtime.bigint();
        let cpuSeconds = clock() - cpu;
        let there = arrived() - before;
        // What is still on its way over many cables.
        for (let since = ended; there < frames && Number(ended - since) < LOST_AFTER * 1e6; ) {
          await setImmediate();
          const now = arrived() - before;
          ended = process.hrtime.bigint();
          if (now !== there) {
            since = ended;
            cpuSeconds = clock() - cpu;
          }
          there = now;
        }
        return { frames, arrived: there, seconds: Number(ended - began) / 1e9, cpuSeconds };
      } finally {
        made.map.close();
      }
    },
  };
}

/** On a CPU that this process is pinned to. Needs root. All of it goes when it is disposed, or when the process ends. */
export async function openNetwork(cpu: number): Promise<Network> {
  const open = new AsyncDisposableStack();
  try {
    const lab = createLab();
    open.defer(() => lab.dispose());
    return { ...(await build(lab, open, cpuClock(cpu))), [Symbol.asyncDispose]: () => open.disposeAsync() };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}
