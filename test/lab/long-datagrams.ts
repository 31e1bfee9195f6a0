/** Datagrams longer than a link takes, cut by their senders' kernels: there and back, as many of each size as come whole. */
import type { LabProcess, Namespace } from "../../runtime/lab/index.ts";

/** Sends back what comes, turned round. */
const MIRROR = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(65536)
    s.sendto(data[::-1], who)
`;
/** Twenty datagrams of each size, one after the other; prints how many came back right. */
const CLIENT = `
import json, os, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(2)
right = {}
for size in map(int, sys.argv[3:]):
    right[size] = 0
    for _ in range(20):
        data = os.urandom(size)
        s.send(data)
        try: right[size] += s.recv(65536) == data[::-1]
        except TimeoutError: break
print(json.dumps(right))
`;

export const mirror = (on: Namespace, address: string, port: number): Promise<LabProcess> =>
  on.start("python3", ["-c", MIRROR, address, String(port)], { ready: { prints: /ready/ } });

/** Of twenty datagrams of each size, how many came back as they should. */
export async function mirrored(
  from: Namespace,
  address: string,
  port: number,
  sizes: readonly number[],
): Promise<Readonly<Record<number, number>>> {
  const { stdout } = await from.run("python3", ["-c", CLIENT, address, String(port), ...sizes.map(String)]);
  return JSON.parse(stdout);
}
