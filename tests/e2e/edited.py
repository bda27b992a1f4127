#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks weir edit against Wireshark: edits the traces of tools/mixed.py with many sets of
options, and says of each frame that exactly the asked for fields have changed, to what was asked
for, and that every checksum is as right or wrong as it was.

	tests/e2e/edited.py WEIR

Where fields lie is read from tshark (PDML) for the unedited frames, so nothing here knows what
weir takes a header for. Of frames that are damaged or cut it is only asked that nothing but the
fields in question has changed. Prints a line for each set of options.
"""
import ipaddress
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))
import mixed  # noqa: E402
from trace import read, write_pcap  # noqa: E402

TSHARK = ["tshark", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
          *(word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")),
          "-r"]
SUMS = ("ip.checksum", "tcp.checksum", "udp.checksum", "icmp.checksum", "icmpv6.checksum")
ERRORS = {"icmp": {3, 4, 5, 11, 12}, "icmpv6": {1, 2, 3, 4}}
# Odd frames that Wireshark reads less of: IP's length is below that of its header, TCP's header
# is of 4 bytes, IPv6's length is 0 (as of frames that the sender's card is to cut).
BLIND = {3, 12, 19}
# What a quoted packet shares with its flow.
OF_FLOWS = re.compile(r"\.(src|dst)|port$")
EXTENSIONS = {"ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr", "ah"}


def places(proto):
    """Where the fields of one protocol lie: {name: (first byte, size)}."""
    found = {}
    for field in proto.iter("field"):
        if field.get("pos") is None:
            continue
        found.setdefault(field.get("name"), (int(field.get("pos")), int(field.get("size"))))
    return found


def is_ip(proto):
    return proto.get("name") in ("ip", "ipv6")


def packets(protos):
    """[fields of IP and of the TCP, UDP or ICMP right behind it]: the outermost packet of a row
    of protocols, and the one that it quotes if it is an error."""
    protos = [proto for proto in protos if proto.get("name") not in EXTENSIONS]
    first = next((i for i, proto in enumerate(protos) if is_ip(proto)), None)
    if first is None or any(proto.get("name") == "pppoes" for proto in protos):
        return []
    found = [places(protos[first])]
    behind = protos[first + 1] if first + 1 < len(protos) else None
    if behind is None or behind.get("name") not in ("tcp", "udp", "icmp", "icmpv6"):
        return found
    if behind.get("name") in ("tcp", "udp"):
        found[0].update(places(behind))
        return found
    name = behind.get("name")
    own = {field.get("name"): field for field in behind.findall("field")}
    found[0].update({key: (int(own[key].get("pos")), int(own[key].get("size")))
                     for key in (f"{name}.checksum",) if key in own})
    kind = own.get(f"{name}.type")
    if kind is not None and int(kind.get("show")) in ERRORS[name]:
        found += packets(behind.findall("proto"))[:1]
    return found


def dissect(path):
    """For each frame (Ethernet fields, packets(), ARP fields)."""
    done = subprocess.run([*TSHARK, path, "-T", "pdml"], capture_output=True, check=True)
    for packet in tree.fromstring(done.stdout):
        protos = packet.findall("proto")
        by_name = {proto.get("name"): places(proto) for proto in reversed(protos)}
        arp = by_name.get("arp", {})
        if not any(field.get("name") == "arp.opcode" and field.get("show") in ("1", "2")
                   for proto in protos for field in proto.iter("field")):
            arp = {}
        yield by_name.get("eth", {}), packets(protos), arp


def sum_states(path):
    fields = [word for name in SUMS for word in ("-e", f"{name}.status")]
    done = subprocess.run([*TSHARK, path, "-T", "fields", *fields], capture_output=True, check=True)
    return done.stdout.decode().splitlines()


class Edits:
    """Options, and what they ask for: a function that gives the new bytes of a field, by name."""

    def __init__(self):
        self.options, self.fields = [], {}
        self.tcp_delta = None  # found out from the first number
        self.tag = b""

    def set_bytes(self, option, value, *names):
        self.options.append(option)
        for name in names:
            self.fields[name] = lambda old, value=value: value.to_bytes(len(old), "big")

    def map_net(self, option, pairs, *names):
        self.options.append(f"{option}=" + ",".join(f"{a}:{b}" for a, b in pairs))
        for name in names:
            self.fields[name] = lambda old: map_addr(old, pairs)

    def map_ports(self, pairs):
        self.options.append("--portmap=" + ",".join(f"{a}:{b}" for a, b in pairs.items()))
        for name in ("tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"):
            self.fields[name] = lambda old: pairs.get(int.from_bytes(old, "big"),
                                                      int.from_bytes(old, "big")).to_bytes(2, "big")

    def add_tag(self, number):
        self.options += ["--enet-vlan=add", f"--enet-vlan-tag={number}", "--enet-vlan-pri=0",
                         "--enet-vlan-cfi=0"]
        self.tag = b"\x81\0" + number.to_bytes(2, "big")


def map_addr(old, pairs):
    address = ipaddress.ip_address(bytes(old))
    for a, b in pairs:
        source, target = (ipaddress.ip_network(text.strip("[]")) for text in (a, b))
        if address.version == source.version and address in source:
            host = int(address) & int(target.hostmask)
            return (int(target.network_address) | host).to_bytes(len(old), "big")
    return bytes(old)


NETS = [("10.0.0.0/8", "172.16.0.0/12"), ("[2001:db8::/32]", "[fd00:1::/32]"),
        ("198.51.100.0/24", "9.8.7.0/24")]


def draw(rng):
    """A set of edits."""
    e = Edits()
    mac = [rng.randrange(0, 2**46) * 4 for _ in range(2)]
    text = [":".join(f"{b:02x}" for b in m.to_bytes(6, "big")) for m in mac]
    number = rng.randrange
    kinds = [
        lambda: e.set_bytes(f"--enet-dmac={text[0]}", mac[0], "eth.dst"),
        lambda: e.set_bytes(f"--enet-smac={text[1]}", mac[1], "eth.src"),
        lambda n=number(1, 256): e.set_bytes(f"--ttl={n}", n, "ip.ttl", "ipv6.hlim"),
        lambda n=number(256): e.set_bytes(f"--tos={n}", n, "ip.dsfield"),
        lambda: e.map_net("--pnat", NETS, "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
                          "arp.src.proto_ipv4", "arp.dst.proto_ipv4"),
        lambda: e.map_net("--srcipmap", NETS[:2], "ip.src", "ipv6.src"),
        lambda: e.map_net("--dstipmap", NETS[1:], "ip.dst", "ipv6.dst"),
        lambda: e.map_ports({80: number(65536), 53: 5353, 8000: number(65536), 40000: 1}),
        lambda n=number(1, 2**32): e.options.append(f"--tcp-sequence={n}"),
        lambda n=number(4096): e.add_tag(n),
    ]
    chosen = sorted(rng.sample(range(len(kinds)), rng.randrange(1, 6)))
    for i in chosen:
        if i in (5, 6) and 4 in chosen:
            continue  # --pnat conflicts with maps of one side
        kinds[i]()
    return e


def numbers(head, data):
    """Where TCP's numbers stand: the second does not count in a SYN."""
    begin = head.get("tcp.srcport", (len(data), 0))[0]
    if begin + 8 <= len(data):
        yield begin + 4
    if begin + 12 <= len(data) and (begin + 14 > len(data) or data[begin + 13] & 0x12 != 2):
        yield begin + 8


def tcp_numbers(e, head, data, expected):
    """Sequence numbers move alike; who has only sent a SYN acknowledges nothing."""
    if not any(option.startswith("--tcp-sequence") for option in e.options):
        return
    for at in numbers(head, data):
        old, new = (int.from_bytes(d[at:at + 4], "big") for d in (data, expected["got"]))
        delta = (new - old) % 2**32
        if e.tcp_delta is None and delta:
            e.tcp_delta = delta
        expected["want"][at:at + 4] = ((old + (e.tcp_delta or 0)) % 2**32).to_bytes(4, "big")


def expect(e, frame, dissected, got):
    """What a frame becomes, with the checksums of got: and where fields and checksums lie."""
    eth, ip, arp = dissected
    want, touched = bytearray(frame.data), set()
    for head in (eth, arp, *ip):
        for name, change in e.fields.items():
            if head in ip[1:] and not OF_FLOWS.search(name):
                continue
            at, size = head.get(name, (0, 0))
            if size and at + size <= len(want):
                want[at:at + size] = change(want[at:at + size])
                touched.update(range(at, at + size))
        for name in SUMS:
            at, size = head.get(name, (0, 0))
            want[at:at + size] = got[at:at + size]
            touched.update(range(at, at + size))
    for head in ip:
        tcp_numbers(e, head, frame.data, {"want": want, "got": got})
        for at in numbers(head, frame.data):
            touched.update(range(at, at + 4))
    return bytes(want), touched


def quoted_sum(data, head):
    """The sum over a quoted TCP or UDP with its pseudo header, if it is whole: else None."""
    v4 = "ip.src" in head
    if not v4 and "ipv6.src" not in head:
        return None
    src, dst = (head[f"{'ip' if v4 else 'ipv6'}.{side}"][0] for side in ("src", "dst"))
    size = 4 if v4 else 16
    for name, proto in (("tcp", 6), ("udp", 17)):
        if f"{name}.srcport" in head and f"{name}.checksum" in head:
            begin = head[f"{name}.srcport"][0]
            pseudo = data[src:src + size] + data[dst:dst + size] + \
                (len(data) - begin).to_bytes(4, "big") + proto.to_bytes(4, "big")
            return mixed.ones_sum(pseudo + data[begin:])
    return None


def judge(e, nr, frame, dissected, got, is_sound):
    if e.tag:
        if got[12:16] != e.tag and is_sound:
            return f"frame {nr}: no tag"
        if got[12:16] == e.tag:
            got = got[:12] + got[16:]
    if len(got) != len(frame.data):
        return f"frame {nr}: {len(got)} bytes instead of {len(frame.data)}"
    want, touched = expect(e, frame, dissected, got)
    if is_sound and want != got:
        at = [i for i, (a, b) in enumerate(zip(want, got)) if a != b]
        return f"frame {nr}: bytes {at[:8]} are {bytes(got[i] for i in at[:8]).hex()}, " \
               f"not {bytes(want[i] for i in at[:8]).hex()}"
    stray = [i for i, (a, b) in enumerate(zip(frame.data, got)) if a != b and i not in touched]
    if stray and (is_sound or nr not in BLIND):
        return f"frame {nr}: bytes {stray[:8]} have changed, which nobody asked for"
    for head in dissected[1][1:] if is_sound else ():
        if quoted_sum(frame.data, head) == 0xFFFF != quoted_sum(got, head):
            return f"frame {nr}: the checksum of the quoted packet is wrong"
    return None


def check(weir, folder, e, group):
    """The faults of one set of edits over one group of frames."""
    frames, dissected, states = group["frames"], group["dissected"], group["states"]
    subprocess.run([weir, "edit", "-i", group["path"], "-o", f"{folder}/out", *e.options],
                   check=True, capture_output=True)
    got = read(f"{folder}/out")
    if len(got) != len(frames):
        return [f"{len(got)} frames instead of {len(frames)}"]
    faults = [judge(e, nr, *row, group["sound"])
              for nr, row in enumerate(zip(frames, dissected, (g.data for g in got)), 1)]
    if group["sound"]:
        now = sum_states(f"{folder}/out")
        faults += [f"frame {nr}: checksums {a!r} have become {b!r}"
                   for nr, (a, b) in enumerate(zip(states, now), 1) if a != b]
    if group["sound"] and e.tcp_delta is None and \
            any(option.startswith("--tcp-sequence") for option in e.options):
        faults.append("no TCP number has moved")
    return [fault for fault in faults if fault]


def load(folder, name, groups):
    path = f"{folder}/{name}"
    frames = mixed.frames(groups=groups)
    write_pcap(path, frames, "<", 1000)
    return {"path": path, "frames": frames, "dissected": list(dissect(path)),
            "states": sum_states(path), "sound": name == "sound"}


def main(weir):
    rng = random.Random(27)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        traces = [load(folder, "sound", ("sound",)),
                  load(folder, "odd", ("damaged", "cut", "beyond"))]
        for _ in range(24):
            e = draw(rng)
            faults = [fault for group in traces for fault in check(weir, folder, e, group)]
            failed += bool(faults)
            print(" ".join(re.sub(r"^--", "", option) for option in e.options),
                  f"({len(faults)} faults)")
            for fault in faults[:5]:
                print("   ", fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
