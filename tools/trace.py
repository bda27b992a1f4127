#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads, compares and converts traces, apart from everything else in weir.

It shares no code with the library and is slow and plain on purpose: tests and demo take its
word for what a trace holds. It knows pcap (both byte orders, us and ns) and pcapng.
"""
import argparse
import gzip
import struct
import sys
from collections import namedtuple

Frame = namedtuple("Frame", "ns data orig_len linktype")

PCAP_MAGICS = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}
PCAPNG_SHB = 0x0A0D0D0A


def read(path):
    """All frames of a trace."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as f:
        data = f.read()
    if data[:4] == struct.pack(">I", PCAPNG_SHB):
        return list(read_pcapng(data))
    for order in "<>":
        magic, = struct.unpack_from(order + "I", data)
        if magic in PCAP_MAGICS:
            return list(read_pcap(data, order, PCAP_MAGICS[magic]))
    sys.exit(f"{path}: not a trace")


def read_pcap(data, order, unit):
    linktype, = struct.unpack_from(order + "I", data, 20)
    at = 24
    while at < len(data):
        sec, frac, size, orig_len = struct.unpack_from(order + "4I", data, at)
        at += 16
        yield Frame(sec * 10**9 + frac * unit, data[at:at + size], orig_len, linktype)
        at += size


def options(data, order):
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from(order + "2H", data, at)
        if code == 0:
            return
        yield code, data[at + 4:at + 4 + size]
        at += 4 + (size + 3 & ~3)


def read_pcapng(data):
    at, order, interfaces = 0, "<", []
    while at < len(data):
        if data[at:at + 4] == struct.pack(">I", PCAPNG_SHB):
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, size = struct.unpack_from(order + "2I", data, at)
        body = data[at + 8:at + size - 4]
        if kind == 1:
            linktype, _, _ = struct.unpack_from(order + "2HI", body)
            opts = dict(options(body[8:], order))
            resolution = opts.get(9, b"\x06")[0]
            base = 2 if resolution & 0x80 else 10
            offset, = struct.unpack(order + "q", opts.get(14, bytes(8)))
            interfaces.append((linktype, base ** (resolution & 0x7F), offset))
        elif kind == 6:
            nr, high, low, cap_len, orig_len = struct.unpack_from(order + "5I", body)
            linktype, units, offset = interfaces[nr]
            ns = (high << 32 | low) * 10**9 // units + offset * 10**9
            yield Frame(ns, body[20:20 + cap_len], orig_len, linktype)
        elif kind == 3:
            orig_len, = struct.unpack_from(order + "I", body)
            yield Frame(0, body[4:4 + orig_len], orig_len, interfaces[0][0])
        at += size


def write_pcap(path, frames, order, unit):
    magic = {scale: number for number, scale in PCAP_MAGICS.items()}[unit]
    with open(path, "wb") as f:
        f.write(struct.pack(order + "I2H4I", magic, 2, 4, 0, 0, 262144, frames[0].linktype))
        for frame in frames:
            sec, ns = divmod(frame.ns, 10**9)
            f.write(struct.pack(order + "4I", sec, ns // unit, len(frame.data), frame.orig_len))
            f.write(frame.data)


def write_pcapng(path, frames, order, _unit):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    with open(path, "wb") as f:
        f.write(block(PCAPNG_SHB, struct.pack(order + "I2Hq", 0x1A2B3C4D, 1, 0, -1)))
        tsresol = struct.pack(order + "2HB3x2H", 9, 1, 9, 0, 0)
        f.write(block(1, struct.pack(order + "2HI", frames[0].linktype, 0, 262144) + tsresol))
        for frame in frames:
            f.write(block(6, struct.pack(order + "5I", 0, frame.ns >> 32, frame.ns & 0xFFFFFFFF,
                                         len(frame.data), frame.orig_len) + frame.data))


def pick(frames, numbers):
    """The frames whose number, from 1, is in a list like 1-5,9,12-."""
    chosen = set()
    for item in numbers.split(","):
        first, dash, last = item.partition("-")
        end = int(last) if last else len(frames) if dash else int(first)
        chosen.update(range(int(first), end + 1))
    return [frame for nr, frame in enumerate(frames, 1) if nr in chosen]


def cmd_count(args):
    frames = read(args.file)
    print(len(frames), sum(len(frame.data) for frame in frames))


def cmd_convert(args):
    frames = read(args.input)
    if args.only:
        frames = pick(frames, args.only)
    if args.vlan is not None:
        tag = struct.pack(">2H", 0x8100, args.vlan)
        frames = [frame._replace(data=frame.data[:12] + tag + frame.data[12:],
                                 orig_len=frame.orig_len + 4) for frame in frames]
    write = write_pcapng if args.format == "pcapng" else write_pcap
    write(args.output, frames, ">" if args.big_endian else "<", 1 if args.format == "ns" else 1000)


def flow_of(data):
    """The same for all frames of a flow, in both directions: TCP or UDP over plain IPv4, else
    the pair of MAC addresses."""
    if data[12:15] == b"\x08\0\x45" and data[23] in (6, 17):
        return data[23:24], *sorted((data[26:30] + data[34:36], data[30:34] + data[36:38]))
    return b"", *sorted((data[:6], data[6:12]))


def by_flow(frames):
    """One flow after another, each in the order of its frames."""
    flows = {}
    for data in frames:
        flows.setdefault(flow_of(data), []).append(data)
    return [data for key in sorted(flows) for data in flows[key]]


def cmd_compare(args):
    """Is GOT what FILE... holds, byte for byte and in order?"""
    want = [frame.data for path in args.file for frame in read(path)] * args.loop
    got = [frame.data for frame in read(args.got)]
    if args.marked:
        if not got or b"end of weir capture" not in got.pop():
            sys.exit(f"{args.got}: the mark at its end is missing")
    if args.limit is not None:
        want = want[:args.limit]
    if args.by_flow:
        want, got = by_flow(want), by_flow(got)
    for nr, (a, b) in enumerate(zip(want, got), 1):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            sys.exit(f"frame {nr}: {len(a)} bytes expected, {len(b)} arrived, "
                     f"they differ from byte {at} on")
    if len(want) != len(got):
        sys.exit(f"{len(want)} frames expected, {len(got)} arrived; the common ones are equal")
    print(f"{len(got)} frames, {sum(map(len, got))} bytes: every byte equal, order kept")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    count = commands.add_parser("count", help="print frames and bytes")
    count.add_argument("file")
    count.set_defaults(run=cmd_count)

    compare = commands.add_parser("compare", help=cmd_compare.__doc__)
    compare.add_argument("--loop", type=int, default=1, help="how often FILE... was sent")
    compare.add_argument("--limit", type=int, help="only so many frames were to be sent")
    compare.add_argument("--marked", action="store_true",
                         help="GOT ends in a mark (capture_stop in tools/netns.sh)")
    compare.add_argument("--by-flow", action="store_true",
                         help="the order counts only among frames of a flow")
    compare.add_argument("got", metavar="GOT")
    compare.add_argument("file", metavar="FILE", nargs="+")
    compare.set_defaults(run=cmd_compare)

    convert = commands.add_parser("convert", help="write in another format")
    convert.add_argument("--format", choices=("us", "ns", "pcapng"), default="us")
    convert.add_argument("--big-endian", action="store_true")
    convert.add_argument("--only", metavar="NUMBERS", help="frames to keep: 1-5,9,12-")
    convert.add_argument("--vlan", type=int, metavar="ID", help="put an 802.1Q tag in each frame")
    convert.add_argument("input")
    convert.add_argument("output")
    convert.set_defaults(run=cmd_convert)

    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
