/**
 * Servers by UDP that tell whoever asks whom they see, and at which port; and clients that ask again and again from the same
 * sockets. UDP has no connection that would break: here a decision that changes is seen.
 */
import type { LabProcess, Namespace } from "../../runtime/lab/index.ts";
import { lastWords } from "./last-words.ts";
import type { Way } from "./world.ts";

const TELLER = `
import select, socket, sys
sockets = []
for family, every in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    for port in map(int, sys.argv[1:]):
        s = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((every, port))
        sockets.append((s, port))
ports = {s.fileno(): port for s, port in sockets}
print("ready", flush=True)
while True:
    for s in select.select([s for s, _ in sockets], [], [])[0]:
        data, peer = s.recvfrom(100)
        s.sendto(("%s|%d %s %d" % (data.decode(), ports[s.fileno()], peer[0], peer[1])).encode(), peer)
`;

export const startTeller = (server: Namespace, ports: readonly number[]): Promise<LabProcess> =>
  server.start("python3", ["-c", TELLER, ...ports.map(String)], { ready: { prints: /ready/ } });

const ASKER = `
import json, select, signal, socket, sys, time
host, port, count, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
sockets = []
for _ in range(count):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    s.connect((host, port))
    sockets.append(s)
first, heard = {}, {}
told = {"sockets": count, "sent": 0, "answered": 0, "changed": 0, "longestSilence": 0.0}
going = True
def end(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, end)
began = time.monotonic()
def listen(until):
    while (rest := until - time.monotonic()) > 0:
        for s in select.select(sockets, [], [], rest)[0]:
            try: answer = s.recv(200).decode().split("|")[1]
            except OSError: continue
            now = time.monotonic()
            told["answered"] += 1
            if first.setdefault(s, answer) != answer: told["changed"] += 1
            told["longestSilence"] = max(told["longestSilence"], now - heard.get(s, began))
            heard[s] = now
number = 0
print("asking", flush=True)
while going or (len(first) < count and time.monotonic() < began + 20):
    number += 1
    for s in sockets:
        try: s.send(str(number).encode()); told["sent"] += 1
        except OSError: pass
    listen(time.monotonic() + pause)
end = time.monotonic()
for s in sockets: told["longestSilence"] = max(told["longestSilence"], end - heard.get(s, began))
told["silent"] = sum(1 for s in sockets if s not in first)
print(json.dumps(told), flush=True)
`;

export interface Asked {
  readonly sockets: number;
  readonly sent: number;
  readonly answered: number;
  /** Answers that say otherwise than the first one of their socket: another server, or another port before it. */
  readonly changed: number;
  /** Sockets that were never answered. */
  readonly silent: number;
  /** Seconds, of the socket with the longest one. */
  readonly longestSilence: number;
}

/** Asks by UDP from some sockets, `pause` seconds apart, until it is told to end and each was answered, or 20 seconds have passed. */
export async function startAsking({ client, host }: Way, sockets: number, pause: number) {
  const words = ["-c", ASKER, host, "80", `${sockets}`, `${pause}`];
  const asking = await client.start("python3", words, { ready: { prints: /asking/ } });
  return {
    async end(): Promise<Asked> {
      const [told = ""] = await lastWords(asking, "SIGTERM", /^(\{.*\})$/m);
      return JSON.parse(told) as Asked;
    },
  };
}
