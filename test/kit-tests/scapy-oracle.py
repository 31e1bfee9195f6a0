"""Scapy as a judge: reads one JSON request per line, answers one JSON line.

{"read": HEX}             -> {"fields": {path: text}, "rebuilt": HEX}: scapy's own reading, and the packet with every
                             length and checksum computed by scapy.
{"build": EXPRESSION}      -> {"hex": HEX}: the packet that an expression in scapy's own words makes.
{"faults": [HEX, ...]}     -> {"frames": [[LEVEL, ...], ...]}: what is wrong with each frame, level by level: the frame itself, then
                             what is in its tunnels. A level is {"is": its last header, "faults": [what and which, ...]}.
{"make": N, "seed": SEED} -> {"packets": [{"hex": HEX, "fields": ...}]}: packets of scapy's own making.
Field names are those of the testing kit.
"""
import json
import logging
import random
import struct
import sys

logging.getLogger("scapy").setLevel(logging.CRITICAL)
from scapy.contrib.geneve import GENEVE, GeneveOptions  # noqa: E402
from scapy.layers.inet import *  # noqa: E402,F403
from scapy.layers.inet6 import *  # noqa: E402,F403
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Dot3, Ether  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import NoPayload, Padding, Raw, bind_layers  # noqa: E402

# Only headers are compared: no application protocol may be guessed from a port.
TCP.payload_guess = []
UDP.payload_guess = [({"dport": 4789}, VXLAN), ({"dport": 6081}, GENEVE)]
VXLAN.payload_guess = [({}, Ether)]
Ether.payload_guess = [(f, c) for f, c in Ether.payload_guess if c in (ARP, Dot1AD, Dot1Q, IP, IPv6)]
# An 802.3 frame's content is payload to us, LLC and padding alike.
Dot3.payload_guess = []
Dot3.extract_padding = lambda self, rest: (rest, None)
for known in (Dot1Q, Dot1AD):
    known.default_payload_class = lambda self, rest: Raw
    known.payload_guess = [({"type": t}, c) for t, c in ((0x0800, IP), (0x86DD, IPv6), (0x0806, ARP), (0x8100, Dot1Q), (0x88A8, Dot1AD))]

# Scapy 2.5 takes every option after the first for the first one's payload.
GeneveOptions.extract_padding = lambda self, rest: (b"", rest)

TCP_FLAGS = [("F", "fin"), ("S", "syn"), ("R", "rst"), ("P", "psh"), ("A", "ack"), ("U", "urg"), ("E", "ece"), ("C", "cwr"), ("N", "ae")]


def data(value):
    return " data " + bytes(value).hex() if len(value) else ""


def tcp_option(option):
    name, value = option
    if name == "SAck":
        return "sack " + " ".join(f"{value[i]}-{value[i + 1]}" for i in range(0, len(value), 2))
    return {
        "MSS": lambda: f"mss {value}",
        "NOP": lambda: "nop",
        "EOL": lambda: "end",
        "WScale": lambda: f"windowScale {value}",
        "SAckOK": lambda: "sackPermitted",
        "Timestamp": lambda: f"timestamps {value[0]} echo {value[1]}",
    }.get(name, lambda: f"other type {name}{data(value)}")()


def ip_option(option):
    if isinstance(option, IPOption_NOP):
        return "nop"
    if isinstance(option, IPOption_EOL):
        return "end"
    if isinstance(option, IPOption_Router_Alert):
        return f"routerAlert {option.alert}"
    if isinstance(option, IPOption_RR):
        return " ".join([f"recordRoute pointer {option.pointer}", *option.routers])
    raw = bytes(option)
    return f"other type {raw[0]}{data(raw[2:])}"


def ipv6_option(option):
    if isinstance(option, Pad1):
        return "pad1"
    if isinstance(option, PadN):
        return "padN" + data(option.optdata)
    if isinstance(option, RouterAlert):
        return f"routerAlert {option.value}"
    return f"other type {option.otype}{data(option.optdata)}"


def geneve_option(option):
    reserved = f" reserved {option.reserved}" if option.reserved else ""
    return f"option {option.classid} type {option.type}{reserved}{data(option.data)}"


def options(items, text):
    return ", ".join(text(item) for item in items) or "none"


def ethernet(p):
    return {"destination": p.dst, "source": p.src, "type": p.len if isinstance(p, Dot3) else p.type}


def vlan(p):
    return {"priority": p.prio, "dropEligible": bool(p.id if hasattr(p, "id") else p.dei), "id": p.vlan, "type": p.type}


def arp(p):
    return {
        "hardwareType": p.hwtype, "protocolType": p.ptype, "hardwareLength": p.hwlen, "protocolLength": p.plen, "operation": p.op,
        "senderMac": p.hwsrc, "senderAddress": p.psrc, "targetMac": p.hwdst, "targetAddress": p.pdst,
    }


def ipv4(p):
    flags = int(p.flags)
    return {
        "version": p.version, "headerLength": p.ihl * 4, "dscp": p.tos >> 2, "ecn": p.tos & 3, "totalLength": p.len, "identification": p.id,
        "reservedFlag": bool(flags & 4), "dontFragment": bool(flags & 2), "moreFragments": bool(flags & 1), "fragmentOffset": p.frag * 8,
        "ttl": p.ttl, "protocol": p.proto, "checksum": p.chksum, "source": p.src, "destination": p.dst, "options": options(p.options, ip_option),
    }


def ipv6(p):
    return {
        "version": p.version, "dscp": p.tc >> 2, "ecn": p.tc & 3, "flowLabel": p.fl, "payloadLength": p.plen, "nextHeader": p.nh,
        "hopLimit": p.hlim, "source": p.src, "destination": p.dst,
    }


def options_header(p):
    return {"nextHeader": p.nh, "headerLength": 8 * (p.len + 1), "options": options(p.options, ipv6_option)}


def routing(p):
    return {
        "nextHeader": p.nh, "headerLength": 8 * (p.len + 1), "type": p.type, "segmentsLeft": p.segleft,
        "addresses": " ".join(p.addresses) or "none",
    }


def fragment(p):
    return {"nextHeader": p.nh, "offset": p.offset * 8, "moreFragments": bool(p.m), "identification": p.id}


def tcp(p):
    flags = str(p.flags)
    return {
        "sourcePort": p.sport, "destinationPort": p.dport, "sequence": p.seq, "acknowledgement": p.ack, "headerLength": 4 * p.dataofs,
        "reserved": p.reserved, "flags": " ".join(name for letter, name in TCP_FLAGS if letter in flags) or "none", "window": p.window,
        "checksum": p.chksum, "urgentPointer": p.urgptr, "options": options(p.options, tcp_option),
    }


def udp(p):
    return {"sourcePort": p.sport, "destinationPort": p.dport, "length": p.len, "checksum": p.chksum}


def icmp(p):
    out = {"type": p.type, "code": p.code, "checksum": p.chksum}
    if p.type in (0, 8, 13, 14):
        out.update(identifier=p.id, sequence=p.seq)
    elif p.type == 5:
        out.update(gateway=p.gw)
    elif p.type == 3 and p.code == 4:
        out.update(mtu=p.nexthopmtu)
    return out


def icmpv6(p):
    out = {"type": p.type, "code": p.code, "checksum": p.cksum}
    if p.type in (128, 129):
        out.update(identifier=p.id, sequence=p.seq)
    elif p.type == 2:
        out.update(mtu=p.mtu)
    elif p.type in (135, 136):
        found = []
        option = p.payload
        while not isinstance(option, (NoPayload, Padding)):
            found.append(f"{'sourceLinkAddress' if option.type == 1 else 'targetLinkAddress'} {option.lladdr}")
            option = option.payload
        out.update(target=p.tgt, options=", ".join(found) or "none")
    return out


def vxlan(p):
    return {"flags": int(p.flags), "vni": p.vni}


def geneve(p):
    return {
        "version": p.version, "optionsLength": 4 * p.optionlen, "control": bool(p.oam), "critical": bool(p.critical), "protocol": p.proto,
        "vni": p.vni, "options": options(p.options, geneve_option),
    }


def payload(p):
    return {"bytes": bytes(p.load).hex()}


# In this order: errors' quotes are subclasses of the headers they quote.
READERS = [
    ((Ether, Dot3), "ethernet", ethernet), ((Dot1Q, Dot1AD), "vlan", vlan), (ARP, "arp", arp), (IP, "ipv4", ipv4), (IPv6, "ipv6", ipv6),
    (IPv6ExtHdrHopByHop, "hopByHop", options_header), (IPv6ExtHdrDestOpt, "destinationOptions", options_header),
    ((IPv6ExtHdrRouting, IPv6ExtHdrSegmentRouting), "routing", routing), (IPv6ExtHdrFragment, "fragment", fragment),
    (TCP, "tcp", tcp), (UDP, "udp", udp), (ICMP, "icmp", icmp), (VXLAN, "vxlan", vxlan), (GENEVE, "geneve", geneve), (Raw, "payload", payload),
]


def reader(layer):
    for classes, name, read in READERS:
        if isinstance(layer, classes):
            return name, read
    if "cksum" in layer.fields:
        return "icmpv6", icmpv6
    return None, None


def walk(packet):
    layer = packet
    while not isinstance(layer, NoPayload):
        yield layer
        layer = layer.payload


def fields(packet):
    out, prefix, networks, counts, previous = {}, "", 0, {}, None
    for layer in walk(packet):
        name, read = reader(layer)
        if name is None:
            continue
        if name in ("ipv4", "ipv6", "ethernet") and previous is not None:
            if previous in ("icmp", "icmpv6"):
                prefix, networks = prefix + "original.", 0
            elif name == "ethernet" or networks > 0:
                prefix, networks = prefix + "inner.", 0
        networks += name in ("ipv4", "ipv6")
        count = counts.get(prefix + name, 0)
        counts[prefix + name] = count + 1
        path = prefix + name + (f"[{count}]" if count else "")
        for field, value in read(layer).items():
            out[f"{path}.{field}"] = str(value).lower() if isinstance(value, bool) else str(value)
        # Scapy keeps an ICMPv6 echo's data in the header.
        if name == "icmpv6" and layer.type in (128, 129) and layer.data:
            out[f"{prefix}payload.bytes"] = bytes(layer.data).hex()
        previous = name
    return out


COMPUTED = {
    IP: ("len", "ihl", "chksum"), IPv6: ("plen",), IPv6ExtHdrHopByHop: ("len",), IPv6ExtHdrDestOpt: ("len",), IPv6ExtHdrRouting: ("len",),
    IPv6ExtHdrSegmentRouting: ("len", "lastentry"), TCP: ("dataofs", "chksum"), UDP: ("len", "chksum"), ICMP: ("chksum",), GENEVE: ("optionlen",),
}


def rebuilt(packet):
    """Everything scapy can compute is computed anew, except in quotes, which are cut, and in fragments' transport headers."""
    in_fragment = False
    for layer in walk(packet):
        if isinstance(layer, (IPerror, IPerror6)):
            break
        if isinstance(layer, Ether):
            in_fragment = False
        in_fragment = in_fragment or (isinstance(layer, IP) and bool(int(layer.flags) & 1)) or (isinstance(layer, IPv6ExtHdrFragment) and bool(layer.m))
        for kind, names in COMPUTED.items():
            if isinstance(layer, kind) and not (in_fragment and kind in (TCP, UDP, ICMP)):
                for name in names:
                    if not (kind is UDP and name == "chksum" and layer.chksum == 0):
                        delattr(layer, name)
        if "cksum" in layer.fields and not in_fragment:
            del layer.cksum
    return bytes(packet).hex()


def judge(raw):
    return {"fields": fields(Ether(raw)), "rebuilt": rebuilt(Ether(raw))}


def transport_faults(pseudo, protocol, body, whole):
    """
    Of a TCP, UDP or ICMP header and all behind it. `pseudo`: both addresses, or nothing where the last one is not known.
    `whole` unless it is the first of several fragments.
    """
    six = len(pseudo) != 8
    names = {6: "tcp", 17: "udp", 58 if six else 1: "icmp"}
    name = names.get(protocol)
    if name is None:
        return "other", []
    least = {"tcp": 20, "udp": 8, "icmp": 8}[name]
    if len(body) < least:
        return name, [f"{name} header"]
    faults = []
    if name == "tcp" and (body[12] >> 4 < 5 or (whole and (body[12] >> 4) * 4 > len(body))):
        faults.append("tcp header")
    if name == "udp":
        length = int.from_bytes(body[4:6], "big")
        if length < 8 or (whole and length > len(body)):
            return name, ["udp length"]
        if whole:
            body = body[:length]
    unchecked = name == "udp" and body[6:8] == bytes(2)
    if whole and pseudo and not unchecked:
        header = b"" if name == "icmp" and not six else pseudo + struct.pack("!II", len(body), protocol)
        if checksum(header + body) not in (0, 0xffff):
            faults.append(f"{name} checksum")
    error = name == "icmp" and (body[0] < 128 if six else body[0] in (3, 4, 5, 11, 12))
    return ("error" if error else name), faults


def ipv4_faults(raw):
    if len(raw) < 20 or raw[0] >> 4 != 4:
        return "ipv4", ["ipv4 header"]
    size, length = (raw[0] & 15) * 4, int.from_bytes(raw[2:4], "big")
    if size < 20 or length < size or length > len(raw):
        return "ipv4", ["ipv4 length"]
    faults = [] if checksum(raw[:size]) == 0 else ["ipv4 checksum"]
    if raw[6] & 0x1f or raw[7]:
        return "fragment", faults
    name, more = transport_faults(raw[12:20], raw[9], raw[size:length], not raw[6] & 0x20)
    return name, faults + more


def ipv6_faults(raw):
    if len(raw) < 40 or raw[0] >> 4 != 6:
        return "ipv6", ["ipv6 header"]
    protocol, at, whole, seen, pseudo, end = raw[6], 40, True, False, raw[8:40], 40 + int.from_bytes(raw[4:6], "big")
    if end > len(raw):
        return "ipv6", ["ipv6 length"]
    # Not by scapy's layers: it reads no routing headers of types that it does not know.
    while protocol in (0, 43, 44, 60):
        fragment, header = protocol == 44, raw[at:end]
        size = 8 if fragment or len(header) < 8 else 8 * (header[1] + 1)
        if size > len(header):
            return "ipv6", ["ipv6 length"]
        if protocol == 43 and header[3]:
            pseudo = b""
        protocol, at = header[0], at + size
        if fragment:
            if seen:
                return "ipv6", ["second fragment header"]
            seen = True
            whole = not header[3] & 1
            if header[2] or header[3] & 0xf8:
                return "fragment", []
    return transport_faults(pseudo, protocol, raw[at:end], whole)


def levels(raw):
    out = []
    layer = Ether(raw)
    name, found = "ethernet", []
    for layer in walk(layer):
        # What an error quotes is cut anywhere.
        if isinstance(layer, (IPerror, IPerror6)):
            break
        if isinstance(layer, Ether) and name != "ethernet":
            out.append({"is": name, "faults": found})
            name, found = "ethernet", []
        elif name == "ethernet" and type(layer) in (IP, IPv6):
            name, found = (ipv4_faults if type(layer) is IP else ipv6_faults)(layer.original)
    return [*out, {"is": name, "faults": found}]


def make(r):
    """One packet in scapy's own words."""
    v4, v6 = (lambda: f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}"), (lambda: f"2001:db8::{r.randrange(1, 65536):x}")
    raw = Raw(bytes(r.randrange(256) for _ in range(r.randrange(1, 80))))
    ports = lambda: {"sport": r.randrange(1024, 4000), "dport": r.choice([80, 443, 53])}  # noqa: E731

    def network():
        if r.random() < 0.5:
            extra = r.choice([[], [], [IPOption_Router_Alert()], [IPOption_NOP(), IPOption_RR(length=11, pointer=4, routers=["1.2.3.4", "0.0.0.0"])]])
            return IP(src=v4(), dst=v4(), tos=r.randrange(256), id=r.randrange(65536), flags=r.choice(["", "DF"]), ttl=r.randrange(256), options=extra), False
        head = IPv6(src=v6(), dst=v6(), tc=r.randrange(256), fl=r.randrange(2**20), hlim=r.randrange(256))
        if r.random() < 0.3:
            head = head / IPv6ExtHdrHopByHop(options=[RouterAlert(value=1)])
        if r.random() < 0.3:
            head = head / IPv6ExtHdrSegmentRouting(addresses=[v6(), v6()], segleft=r.choice([0, 1]))
        if r.random() < 0.2:
            head = head / IPv6ExtHdrRouting(addresses=[v6()], segleft=r.choice([0, 1]))
        if r.random() < 0.3:
            head = head / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=30, optdata=b"abc")])
        if r.random() < 0.2:
            head = head / IPv6ExtHdrFragment(id=r.randrange(2**32))
        return head, True

    def flat():
        head, six = network()
        kind = r.randrange(5)
        if kind == 0:
            opts = r.sample([("MSS", 1460), ("NOP", None), ("WScale", 7), ("SAckOK", b""), ("Timestamp", (r.randrange(2**32), 9)), ("SAck", (1, 2))], r.randrange(5))
            return head / TCP(**ports(), seq=r.randrange(2**32), ack=r.randrange(2**32), flags=r.randrange(512), window=r.randrange(65536), options=opts) / raw
        if kind == 1:
            return head / UDP(**ports()) / raw
        if kind == 2 and not six:
            return r.choice([head / ICMP(type=8, id=7, seq=8) / raw, head / ICMP(type=3, code=4, nexthopmtu=1400) / IP(src=v4(), dst=v4()) / TCP(**ports()) / raw])
        if kind == 2:
            return r.choice([head / ICMPv6EchoRequest(id=1, seq=2, data=raw.load), head / ICMPv6PacketTooBig(mtu=1280) / IPv6(src=v6(), dst=v6()) / UDP(**ports()) / raw])
        if kind == 3 and six:
            return head / ICMPv6ND_NS(tgt=v6()) / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:09")
        if kind == 3:
            return ARP(op=r.choice([1, 2]), psrc=v4(), pdst=v4(), hwsrc="02:00:00:00:00:07", hwdst="02:00:00:00:00:08")
        return head / TCP(**ports(), flags="S")

    packet = flat()
    tag = r.random()
    if tag < 0.1:
        packet = Dot1Q(vlan=r.randrange(4096), prio=r.randrange(8)) / packet
    elif tag < 0.2:
        packet = Dot1AD(vlan=r.randrange(4096)) / Dot1Q(vlan=r.randrange(4096)) / packet
    frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet
    if r.random() < 0.25:
        outer, _ = network()
        opts = [GeneveOptions(classid=r.randrange(65536), type=r.randrange(256), data=bytes(4 * r.randrange(4))) for _ in range(r.randrange(3))]
        tunnel = r.choice([UDP(sport=50000, dport=4789) / VXLAN(vni=r.randrange(2**24)), UDP(sport=50000, dport=6081) / GENEVE(vni=r.randrange(2**24), proto=0x6558, options=opts)])
        frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / outer / tunnel / frame
    return bytes(frame)


for line in sys.stdin:
    request = json.loads(line)
    if "read" in request:
        answer = judge(bytes.fromhex(request["read"]))
    elif "faults" in request:
        answer = {"frames": [levels(bytes.fromhex(raw)) for raw in request["faults"]]}
    elif "build" in request:
        answer = {"hex": bytes(eval(request["build"])).hex()}
    else:
        r = random.Random(request["seed"])
        made = [make(r) for _ in range(request["make"])]
        answer = {"packets": [{"hex": raw.hex(), "fields": fields(Ether(raw))} for raw in made]}
    print(json.dumps(answer), flush=True)
