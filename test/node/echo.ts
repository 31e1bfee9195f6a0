/** Numbered datagrams there and back, a bounded number at a time: what does not come back was lost on the way. */
import type { LabProcess, Namespace } from "../../runtime/lab/index.ts";

const SERVER = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(2048)
    s.sendto(data, who)
`;

/** A window of 32 is far below what any queue on the way holds. */
const CLIENT = `
import json, signal, socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(2)
going = True
def stop(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, stop)
sent = back = 0
gap = worst = 0
print("ready", flush=True)
while going:
    expected = set()
    for _ in range(32):
        s.send(struct.pack("!Q", sent))
        expected.add(sent)
        sent += 1
    begun = time.monotonic()
    try:
        while expected:
            expected.discard(struct.unpack("!Q", s.recv(2048))[0])
    except TimeoutError:
        pass
    worst = max(worst, time.monotonic() - begun)
    back += 32 - len(expected)
print(json.dumps({ "sent": sent, "lost": sent - back, "worst": worst }), flush=True)
`;

export interface Echoed {
  readonly sent: number;
  readonly lost: number;
  /** Seconds that the slowest round of 32 took. */
  readonly worst: number;
}

export const echoServer = (on: Namespace, address: string, port: number): Promise<LabProcess> =>
  on.start("python3", ["-c", SERVER, address, String(port)], { ready: { prints: /ready/ } });

/** Sends until it is asked for what became of it. */
export async function echoClient(from: Namespace, address: string, port: number): Promise<() => Promise<Echoed>> {
  const running = await from.start("python3", ["-c", CLIENT, address, String(port)], { ready: { prints: /ready/ } });
  return async () => {
    running.signal("SIGTERM");
    await running.ended;
    return JSON.parse(running.output().replace("ready\n", "")) as Echoed;
  };
}
