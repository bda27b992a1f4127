#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What pcapng files hold beside frames.

	tests/e2e/pcapng.py make FILE little|big	one of everything that weir keeps, and of what it does not
	tests/e2e/pcapng.py make FILE little|big many	its six frames 800 times
	tests/e2e/pcapng.py show FILE	a line for each block, with its options

Shown are numbers as they are, whatever the byte order, and bytes in hex; so two files show the
same if they tell the same.
"""
import struct
import sys

SHB, IDB, SPB, NRB, ISB, EPB, JOURNAL, DSB = 0x0A0D0D0A, 1, 3, 4, 5, 6, 9, 10
CUSTOM, CUSTOM_STAYS = 0xBAD, 0x40000BAD
FIXED = {SHB: "IHHq", IDB: "HHI", SPB: "I", NRB: "", ISB: "III", EPB: "IIIII", JOURNAL: "",
         DSB: "II", CUSTOM: "I", CUSTOM_STAYS: "I"}
NAMES = {SHB: "section", IDB: "interface", SPB: "simple", NRB: "names", ISB: "statistics",
         EPB: "frame", JOURNAL: "journal", DSB: "secrets", CUSTOM: "custom",
         CUSTOM_STAYS: "custom that stays"}
# The numbers that options hold; those of all blocks have type None.
NUMBERS = {(EPB, 2): "I", (EPB, 4): "Q", (EPB, 5): "Q", (EPB, 6): "I", (IDB, 8): "Q",
           (IDB, 9): "B", (IDB, 14): "q", (ISB, 2): "II", (ISB, 3): "II", (ISB, 4): "Q",
           (ISB, 5): "Q", (None, 2988): "I", (None, 2989): "I", (None, 19372): "I"}
PEN = 32473  # for examples, RFC 5612


def pad(data):
    return data + bytes(-len(data) % 4)


class Maker:
    def __init__(self, order):
        self.order = order
        self.blocks = []

    def option(self, kind, code, *values):
        form = NUMBERS.get((kind, code), NUMBERS.get((None, code), ""))
        value = struct.pack(self.order + form, *values[:len(form)])
        value += b"".join(rest if isinstance(rest, bytes) else rest.encode()
                          for rest in values[len(form):])
        return struct.pack(self.order + "HH", code, len(value)) + pad(value)

    def block(self, kind, fixed=(), body=b"", options=()):
        made = b"".join(self.option(kind, *option) for option in options)
        if made:
            made += bytes(4)
        content = struct.pack(self.order + FIXED[kind], *fixed) + pad(body) + made
        size = struct.pack(self.order + "I", len(content) + 12)
        self.blocks.append(struct.pack(self.order + "I", kind) + size + content + size)

    def frame(self, iface, ticks, data, options=()):
        self.block(EPB, (iface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)), data,
                   options)

    def names(self, address, name):
        record = address + name + b"\0"
        self.block(NRB, body=struct.pack(self.order + "HH", 1, len(record)) + pad(record) +
                   bytes(4), options=[(1, "of the lab"), (19372, PEN, "stays")])


def packet(number):
    """A UDP frame of 10.0.0.1 to 10.0.0.2, checksums left out."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + 100, number, 0, 64, 17, 0, bytes([10, 0, 0, 1]),
                     bytes([10, 0, 0, 2]))
    half = sum(struct.unpack(">10H", ip))
    half = (half & 0xFFFF) + (half >> 16)
    ip = ip[:10] + struct.pack(">H", ~half & 0xFFFF) + ip[12:]
    return (b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip +
            struct.pack(">HHHH", 1000, 2000, 108, 0) + bytes([number & 255]) * 100)


def make(path, order, times):
    made = Maker(order)
    made.block(SHB, (0x1A2B3C4D, 1, 0, -1), options=[
        (1, "two places at once"), (2, "an odd machine"), (3, "an old system"), (4, "a program"),
        (2988, PEN, "text of somebody")])
    made.block(CUSTOM, (PEN,), b"before all interfaces")
    made.block(IDB, (1, 0, 96 * 1024), options=[
        (2, "en0"), (3, "the first"), (9, 6), (8, 10 ** 10), (11, b"\0udp"), (1, "a comment")])
    made.block(IDB, (1, 0, 1500), options=[(2, "en1"), (9, 9), (14, 1000000000)])
    made.block(IDB, (1, 0, 0), options=[(2, "en2"), (9, 0x80 | 20)])
    made.block(IDB, (101, 0, 0), options=[(2, "nobody's")])
    made.names(bytes([10, 0, 0, 1]), b"client.example")
    made.block(DSB, (0x544C534B, 17), b"CLIENT_RANDOM 1 2", [(19372, PEN, "stays")])
    for i in range(times):
        us = 1600000000 * 10 ** 6 + i * 10 + 7
        made.frame(0, us, packet(6 * i), [(1, f"comment {i}"), (1, "and another")])
        made.frame(1, 600000000 * 10 ** 9 + 123456789 + i, packet(6 * i + 1),
                   [(2, 2 | 1 << 2), (4, 3), (5, 2 ** 40 + i), (6, 5), (3, b"\x02\x12\x34\x56\x78")])
        made.frame(2, (1600000000 << 20) + 12345 + i, packet(6 * i + 2))
        made.block(CUSTOM, (PEN,), b"between two frames")
        made.block(CUSTOM_STAYS, (PEN,), b"stays where it is")
        made.frame(0, us, packet(6 * i + 3), [
            (2989, PEN, b"\1\2\3"), (19372, PEN, "stays"), (2, 1), (7, b"\0\1")])
        made.frame(0, us, packet(6 * i + 4))
        made.frame(1, 600000000 * 10 ** 9 + 5, packet(6 * i + 5), [(2, 1 << 16)])
    made.block(JOURNAL, body=b"__REALTIME_TIMESTAMP=1600000000000000\nMESSAGE=end\n")
    made.block(ISB, (1, 1, 2), options=[
        (2, 1, 2), (3, 3, 4), (19372, PEN, "stays"), (4, 2 ** 33), (5, 17)])
    with open(path, "wb") as file:
        file.write(b"".join(made.blocks))


def read_options(order, kind, data):
    while len(data) >= 4:
        code, size = struct.unpack(order + "HH", data[:4])
        if code == 0:
            return
        value = data[4:4 + size]
        form = order + NUMBERS.get((kind, code), NUMBERS.get((None, code), ""))
        n = struct.calcsize(form)
        yield code, *struct.unpack(form, value[:n]), value[n:].hex()
        data = data[4 + len(pad(value)):]


def read_names(order, data):
    while len(data) >= 4:
        kind, size = struct.unpack(order + "HH", data[:4])
        if kind == 0:
            return
        yield kind, data[4:4 + size].hex()
        data = data[4 + len(pad(data[4:4 + size])):]


def show(path):
    data = open(path, "rb").read()
    order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        assert data[at + size - 4:at + size] == data[at + 4:at + 8], "sizes of a block differ"
        body = data[at + 8:at + size - 4]
        at += size
        n = struct.calcsize(order + FIXED[kind])
        fixed = struct.unpack(order + FIXED[kind], body[:n])
        body, length = body[n:], 0
        if kind == SHB:
            fixed = ()  # the byte order
        elif kind == IDB:
            fixed = fixed[0], fixed[2] or 262144  # 0 is no limit
        elif kind == EPB:
            length = fixed[3]
        elif kind == DSB:
            length = fixed[1]
        elif kind == NRB:
            fixed = tuple(read_names(order, body))
            body = body[sum(4 + (len(text) // 2 + 3) // 4 * 4 for _, text in fixed) + 4:]
        elif kind in (CUSTOM, CUSTOM_STAYS, JOURNAL):
            length = len(body)
        options = read_options(order, kind, body[(length + 3) // 4 * 4:])
        print(NAMES[kind], *fixed, body[:length].hex(), *options, sep=" | ")


if sys.argv[1] == "make":
    make(sys.argv[2], {"little": "<", "big": ">"}[sys.argv[3]], 800 if "many" in sys.argv else 1)
else:
    show(sys.argv[2])
