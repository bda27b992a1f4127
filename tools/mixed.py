#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes traces that hold one of everything: what editors and classifiers meet in practice and
what recordings of real programs seldom show (tags in tags, extension headers, fragments, errors
that quote packets, frames that are cut, headers that lie).

	tools/mixed.py [--link LINK] [--groups GROUP,...] FILE

The same frames, byte for byte, each time: sums over outputs of programs depend on them
(tests/data/*.sums). It shares no code with weir.
"""
import argparse
import ipaddress
import struct

from trace import Frame, write_pcap

MAC_C, MAC_S = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
C4, C4B, S4, S4B = "10.1.0.1", "10.1.0.77", "198.51.100.2", "198.51.100.200"
C6, C6B, S6, S6B = "2001:db8:1::1", "2001:db8:1::4d", "2001:db8:2::2", "2001:db8:2:ffff::c8"
IP4, IP6, ARP = 0x0800, 0x86DD, 0x0806
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return 0xFFFF - ones_sum(data)


def addr(text):
    return ipaddress.ip_address(text).packed


def letters(n):
    return bytes(97 + i % 26 for i in range(n))


def pseudo(src, dst, proto, size):
    return addr(src) + addr(dst) + struct.pack(">2I", size, proto)


def put16(data, at, value):
    return data[:at] + struct.pack(">H", value) + data[at + 2:]


def tcp(src, dst, sport, dport, flags, payload=b"", seq=1000, ack=0, options=b"", total=None):
    """total: over the whole segment, where this is the first fragment of one."""
    head = struct.pack(">2H2I2B3H", sport, dport, seq, ack if flags & ACK else 0,
                       (20 + len(options)) // 4 << 4, flags, 64240, 0, 0)
    data = head + options + payload
    whole = data if total is None else head + options + total
    return put16(data, 16, checksum(pseudo(src, dst, TCP, len(whole)) + whole))


def udp(src, dst, sport, dport, payload=b"", with_sum=True, total=None):
    whole = payload if total is None else total
    head = struct.pack(">4H", sport, dport, 8 + len(whole), 0)
    if not with_sum:
        return head + payload
    value = checksum(pseudo(src, dst, UDP, 8 + len(whole)) + head + whole)
    return put16(head, 6, value or 0xFFFF) + payload


def icmp(kind, code, rest, payload):
    data = struct.pack(">2BHI", kind, code, 0, rest) + payload
    return put16(data, 2, checksum(data))


def icmp6(src, dst, kind, code, rest, payload):
    data = struct.pack(">2BHI", kind, code, 0, rest) + payload
    return put16(data, 2, checksum(pseudo(src, dst, ICMP6, len(data)) + data))


def ip4(src, dst, proto, payload, ttl=64, tos=0, ident=1, frag=0, options=b"", size=None):
    head = struct.pack(">2B3H2BH", 0x40 | (20 + len(options)) // 4, tos,
                       20 + len(options) + len(payload) if size is None else size, ident, frag,
                       ttl, proto, 0) + addr(src) + addr(dst) + options
    return put16(head, 10, checksum(head)) + payload


def ip6(src, dst, proto, payload, hops=64, tclass=0, flow=0, size=None):
    return struct.pack(">IH2B", 6 << 28 | tclass << 20 | flow,
                       len(payload) if size is None else size, proto, hops) + \
        addr(src) + addr(dst) + payload


def ext(proto, size8, fill=b""):
    """An extension header of 8 x (size8 + 1) bytes: options that are padding unless filled."""
    body = fill or b"\1" + bytes([8 * size8 + 4]) + bytes(8 * size8 + 4)
    return (struct.pack("2B", proto, size8) + body).ljust(8 * size8 + 8, b"\0")


def frag6(proto, offset, more, ident):
    return struct.pack(">2BHI", proto, 0, offset | more, ident)


def eth(kind, payload, src=MAC_C, dst=MAC_S, tags=()):
    head = dst + src
    for tag_type, tci in tags:
        head += struct.pack(">2H", tag_type, tci)
    return head + struct.pack(">H", kind) + payload


def arp(op, src, sender, target, hlen=6, plen=4, proto=IP4):
    return struct.pack(">2H2BH", 1, proto, hlen, plen, op) + src.ljust(hlen, b"\5") + \
        addr(sender) + bytes(hlen) + addr(target)


def back(payload, kind=IP4):
    """From the server's side."""
    return eth(kind, payload, MAC_S, MAC_C)


def conversation(ip, kind, client, server):
    """A TCP connection and some UDP over either IP version."""
    def c(*args, **kw):
        return eth(kind, ip(client, server, TCP, tcp(client, server, 40000, 80, *args, **kw)))

    def s(*args, **kw):
        return back(ip(server, client, TCP, tcp(server, client, 80, 40000, *args, **kw)), kind)

    mss = bytes.fromhex("020405b40402080a000000010000000001030307")
    yield c(SYN, options=mss, seq=4294967290)
    yield s(SYN | ACK, options=mss, seq=7, ack=4294967291)
    yield c(ACK, seq=4294967291, ack=8)
    yield c(ACK | PSH, letters(100), seq=4294967291, ack=8)
    yield s(ACK | PSH, letters(1001), seq=8, ack=95)
    yield c(FIN | ACK, seq=95, ack=1009)
    yield s(RST, seq=1009)
    for n in (0, 1, 18, 472, 1000):
        yield eth(kind, ip(client, server, UDP, udp(client, server, 5000 + n, 53, letters(n))))
    query = bytes.fromhex("123401000001000000000000") + b"\4weir\0\0\1\0\1"
    answer = bytes.fromhex("123481800001000000000000") + b"\4weir\0\0\1\0\1"
    yield eth(kind, ip(client, server, UDP, udp(client, server, 5353, 53, query)))
    yield back(ip(server, client, UDP, udp(server, client, 53, 5353, answer)), kind)
    yield eth(kind, ip(client, server, UDP, udp(client, server, 8000, 8080, letters(40), False)))
    yield back(ip(server, client, UDP, udp(server, client, 8999, 81, letters(41))), kind)


def arps():
    everybody = b"\xff" * 6
    yield eth(ARP, arp(1, MAC_C, C4, S4).ljust(46, b"\0"), dst=everybody)
    yield eth(ARP, arp(2, MAC_S, S4, C4).ljust(46, b"\0"), MAC_S, MAC_C)
    yield eth(ARP, arp(1, MAC_C, C4, C4), dst=everybody)
    yield eth(ARP, arp(3, MAC_C, C4, S4), dst=everybody)
    yield eth(ARP, arp(1, MAC_C, C4, S4), dst=everybody, tags=[(0x8100, 5)])


def ip4_kinds():
    def u(n, *args, **kw):
        return ip4(C4, S4, UDP, udp(C4, S4, 6000, 7000, letters(n)), *args, **kw)

    yield eth(IP4, u(30, ttl=1))
    yield eth(IP4, u(31, ttl=255, tos=0xB8))
    yield eth(IP4, u(32, tos=3, frag=0x4000))
    yield eth(IP4, u(33, options=b"\x94\4\0\0"))
    yield eth(IP4, u(34, options=b"\7\x0b\x08" + bytes(8) + b"\1"))
    yield eth(IP4, u(4).ljust(46, b"\0"))
    yield eth(IP4, ip4(C4, S4, TCP, tcp(C4, S4, 1, 65535, ACK)).ljust(46, b"\xa5"))
    yield eth(IP4, ip4(C4, S4B, ICMP, icmp(8, 0, 0x10002, letters(56))))
    yield back(ip4(S4B, C4, ICMP, icmp(0, 0, 0x10002, letters(56))))
    yield eth(IP4, ip4(C4, S4, 2, bytes.fromhex("16000904e00000fb")))
    yield eth(IP4, ip4(C4, S4, 132, struct.pack(">2H2I", 2905, 2905, 7, 0) + letters(16)))
    yield eth(IP4, ip4(C4, S4, 33, struct.pack(">2H2BH2I", 80, 81, 4, 0, 0, 1 << 24, 7)))
    yield eth(IP4, ip4(C4, S4, 50, letters(40)))
    yield eth(IP4, ip4(C4, S4, 47, b"\0\0\x08\0" + u(20)))
    yield eth(IP4, ip4(C4, S4, 4, ip4(C4B, S4B, TCP, tcp(C4B, S4B, 80, 8000, SYN))))
    inner = eth(IP4, ip4(C4B, S4B, UDP, udp(C4B, S4B, 80, 81, letters(9))))
    yield eth(IP4, ip4(C4, S4, UDP, udp(C4, S4, 5000, 4789, b"\x08" + bytes(6) + b"\5" + inner)))
    for group in ("224.0.0.251", "239.129.2.3"):
        yield eth(IP4, ip4(C4, group, UDP, udp(C4, group, 5353, 5353, letters(12))),
                  dst=b"\1\0\x5e" + bytes([addr(group)[1] & 127]) + addr(group)[2:])
        yield eth(IP4, ip4(C4, group, UDP, udp(C4, group, 5353, 5353, letters(13))))
    yield eth(IP4, ip4("0.0.0.0", "255.255.255.255", UDP,
                       udp("0.0.0.0", "255.255.255.255", 68, 67, letters(48))), dst=b"\xff" * 6)
    yield eth(IP4, u(50), src=b"\0\0\x5e\0\1\7", dst=b"\0\0\x5e\0\2\7")
    yield eth(IP4, u(51), dst=b"\0\0\x50\0\1\7")
    yield eth(IP4, u(1472))
    yield eth(IP4, u(2972))
    yield eth(IP4, ip4(C4, S4, TCP, tcp(C4, S4, 80, 80, ACK, letters(8960))))


def ip4_fragments():
    body = letters(900)
    whole = udp(C4, S4, 80, 8000, body)
    for at in (0, 400, 800):
        more = 0x2000 if at < 800 else 0
        yield eth(IP4, ip4(C4, S4, UDP, whole[at:at + 400], ident=77, frag=more | at // 8))
    whole = tcp(S4, C4, 80, 8000, ACK, body)
    for at in (0, 400, 800):
        more = 0x2000 if at < 800 else 0
        yield back(ip4(S4, C4, TCP, whole[at:at + 400], ident=78, frag=more | at // 8))
    yield eth(IP4, ip4(C4, S4, ICMP, icmp(8, 0, 1, letters(64))[:40], ident=79, frag=0x2000))


def ip4_errors():
    def error(kind, code, quoted, rest=0):
        return back(ip4(S4B, C4, ICMP, icmp(kind, code, rest, quoted), tos=0xC0))

    u = ip4(C4, S4, UDP, udp(C4, S4, 5000, 80, letters(24)), ttl=3)
    t = ip4(C4, S4, TCP, tcp(C4, S4, 8000, 80, SYN))
    yield error(3, 3, u)
    yield error(3, 4, t, 1400)
    yield error(3, 1, t[:28])
    yield error(11, 0, u[:28])
    yield error(5, 1, u, 0x0A010063)
    yield error(12, 0, t, 0x14000000)
    yield error(3, 3, ip4(C4, S4, UDP, udp(C4, S4, 81, 80, letters(24), False)))
    yield error(3, 3, ip4(C4, S4, ICMP, icmp(8, 0, 9, letters(16))))
    yield error(11, 1, ip4(C4, S4, UDP, letters(40), ident=5, frag=100))
    yield error(3, 3, ip4(C4, S4, UDP, udp(C4, S4, 5000, 80, letters(24)), options=b"\x94\4\0\0"))
    yield error(3, 3, u[:24])
    yield error(3, 3, u[:12])
    yield eth(IP4, ip4(C4, S4, ICMP, icmp(3, 3, 0, ip4(S4, C4, UDP,
                                                      udp(S4, C4, 53, 5353, letters(24))))))


def ip6_kinds():
    def u(n, *args, **kw):
        return ip6(C6, S6, UDP, udp(C6, S6, 6000, 7000, letters(n)), *args, **kw)

    yield eth(IP6, u(30, hops=1))
    yield eth(IP6, u(31, hops=255, tclass=0xB8, flow=0xFFFFF))
    yield eth(IP6, u(248))  # payload lengths whose bytes swapped are small
    yield eth(IP6, u(1016))
    yield eth(IP6, u(1452))
    yield eth(IP6, ip6(C6, S6B, ICMP6, icmp6(C6, S6B, 128, 0, 0x10001, letters(56))))
    yield back(ip6(S6B, C6, ICMP6, icmp6(S6B, C6, 129, 0, 0x10001, letters(56))), IP6)
    everybody = b"\x33\x33\0\0\0\1"
    ask = icmp6(C6, "ff02::1:ff00:2", 135, 0, 0, addr(S6) + b"\1\1" + MAC_C)
    yield eth(IP6, ip6(C6, "ff02::1:ff00:2", ICMP6, ask, hops=255), dst=b"\x33\x33\xff\0\0\2")
    tell = icmp6(S6, C6, 136, 0, 0x60000000, addr(S6) + b"\2\1" + MAC_S)
    yield back(ip6(S6, C6, ICMP6, tell, hops=255), IP6)
    yield eth(IP6, ip6(C6, "ff02::2", ICMP6, icmp6(C6, "ff02::2", 133, 0, 0, b"\1\1" + MAC_C)),
              dst=everybody)
    yield eth(IP6, ip6(C6, "ff05::1:3", UDP, udp(C6, "ff05::1:3", 546, 547, letters(20))))
    yield eth(IP6, ip6(C6, S6, 41, ip6(C6B, S6B, TCP, tcp(C6B, S6B, 80, 8000, SYN))))
    yield eth(IP6, ip6(C6, S6, 59, b""))


def ip6_extensions():
    t = tcp(C6, S6, 80, 8000, ACK | PSH, letters(40))
    u = udp(C6, S6, 8000, 80, letters(41))
    report = icmp6(C6, "ff02::16", 143, 0, 1, struct.pack(">2BH", 4, 0, 0) + addr("ff02::1:3"))
    yield eth(IP6, ip6(C6, "ff02::16", 0, ext(58, 0, b"\5\2\0\0\1\0") + report, hops=1),
              dst=b"\x33\x33\0\0\0\x16")
    yield eth(IP6, ip6(C6, S6, 0, ext(6, 0) + t))
    yield eth(IP6, ip6(C6, S6, 0, ext(17, 1) + u))
    yield eth(IP6, ip6(C6, S6, 0, ext(60, 0) + ext(6, 2) + t))
    yield eth(IP6, ip6(C6, S6, 60, ext(17, 0) + u))
    yield eth(IP6, ip6(C6, S6, 51, struct.pack(">2B5H", 6, 4, 0, 0, 1, 0, 1) + letters(12) + t))
    yield eth(IP6, ip6(C6, S6, 50, letters(48)))
    # The checksum of a routed packet is over its last destination.
    last = udp(C6, S6B, 8000, 80, letters(43))
    yield eth(IP6, ip6(C6, S6, 43, ext(17, 2, b"\0\1" + bytes(4) + addr(S6B)) + last))
    arrived = udp(C6, S6, 8000, 80, letters(44))
    yield eth(IP6, ip6(C6, S6, 43, ext(17, 2, b"\0\0" + bytes(4) + addr(S6B)) + arrived))
    yield eth(IP6, ip6(C6, S6, 43, ext(17, 2, b"\4\1\0\0\0\0" + addr(S6B)) + last))
    yield eth(IP6, ip6(C6, S6, 44, frag6(17, 0, 0, 9) + u))
    yield eth(IP6, ip6(C6, S6, 0, ext(44, 0) + frag6(6, 0, 0, 10) + t))
    whole = udp(C6, S6, 80, 8000, letters(900))
    for at in (0, 400, 800):
        piece = whole[at:at + 400]
        yield eth(IP6, ip6(C6, S6, 44, frag6(17, at, at < 800, 11) + piece))
    yield eth(IP6, ip6(C6, S6, 135, struct.pack(">2BHI", 59, 0, 0x0500, 0)))
    yield eth(IP6, ip6(C6, S6, 0, ext(59, 0)))


def ip6_errors():
    def error(kind, code, quoted, rest=0, chain=None):
        data = icmp6(S6B, C6, kind, code, rest, quoted)
        if chain:
            return back(ip6(S6B, C6, 60, ext(58, 0) + data), IP6)
        return back(ip6(S6B, C6, ICMP6, data), IP6)

    u = ip6(C6, S6, UDP, udp(C6, S6, 5000, 80, letters(24)), hops=3)
    t = ip6(C6, S6, TCP, tcp(C6, S6, 8000, 80, SYN))
    yield error(1, 4, u)
    yield error(2, 0, t, 1280)
    yield error(3, 0, u[:48])
    yield error(4, 1, t, 6)
    yield error(1, 4, ip6(C6, S6, 0, ext(17, 0) + udp(C6, S6, 5000, 80, letters(9))))
    yield error(1, 4, ip6(C6, S6, ICMP6, icmp6(C6, S6, 128, 0, 9, letters(16))))
    yield error(3, 1, ip6(C6, S6, 44, frag6(17, 400, 1, 11) + letters(40)))
    yield error(1, 3, u, chain=True)
    yield error(1, 4, u[:44])
    yield error(1, 4, u[:20])
    yield eth(IP6, ip6(C6, S6, ICMP6, icmp6(C6, S6, 1, 4, 0, ip6(S6, C6, UDP,
                                                                udp(S6, C6, 53, 9, letters(3))))))


def tagged():
    u4 = ip4(C4, S4, UDP, udp(C4, S4, 80, 81, letters(20)))
    u6 = ip6(C6, S6, UDP, udp(C6, S6, 80, 81, letters(20)))
    yield eth(IP4, u4, tags=[(0x8100, 7)])
    yield eth(IP6, u6, tags=[(0x8100, 0x6FFF)])
    yield eth(IP4, u4, tags=[(0x8100, 0x7000)])
    yield eth(IP4, u4, tags=[(0x88A8, 100), (0x8100, 0xA007)])
    yield eth(IP6, u6, tags=[(0x9100, 100), (0x8100, 7)])
    yield eth(IP4, u4, tags=[(0x8100, 1), (0x8100, 2), (0x8100, 3)])
    label, bottom = struct.pack(">I", 16 << 12 | 64), struct.pack(">I", 17 << 12 | 0x1FF)
    yield eth(0x8847, bottom + u4)
    yield eth(0x8848, label + bottom + u6)
    yield eth(0x8847, bottom + u4, tags=[(0x8100, 9)])
    yield eth(0x8847, label + bottom + bytes(4) + back(u4))


def others():
    stp = bytes.fromhex("424203000000000080000200000000010000000080000200000000018001000014000200")
    yield b"\1\x80\xc2\0\0\0" + MAC_C + struct.pack(">H", len(stp)) + stp.ljust(46, b"\0")
    u4 = ip4(C4, S4, UDP, udp(C4, S4, 80, 81, letters(20)))
    snap = b"\xaa\xaa\3\0\0\0\x08\0" + u4
    yield MAC_S + MAC_C + struct.pack(">H", len(snap)) + snap
    yield eth(0x88CC, bytes.fromhex("0207040200000000010403077631060200780000"),
              dst=b"\1\x80\xc2\0\0\x0e")
    yield eth(0x888E, b"\1\1\0\0".ljust(46, b"\0"))
    yield eth(0x8864, struct.pack(">2B2HH", 0x11, 0, 1, 2 + len(u4), 0x21) + u4)
    yield eth(0x1234, letters(60))
    yield eth(0x1234, letters(5))


def damaged():
    u4 = ip4(C4, S4, UDP, udp(C4, S4, 80, 81, letters(20)))
    t4 = ip4(C4, S4, TCP, tcp(C4, S4, 80, 8000, ACK, letters(30)))
    u6 = ip6(C6, S6, UDP, udp(C6, S6, 80, 81, letters(20)))
    yield eth(IP4, b"\x41" + u4[1:])
    yield eth(IP4, b"\x4f" + u4[1:])
    yield eth(IP4, put16(u4, 2, 10))
    yield eth(IP4, put16(u4, 2, 0))
    yield eth(IP4, put16(u4, 2, 1000))
    yield eth(IP4, put16(u4, 10, 0xDEAD))
    yield eth(IP4, put16(u4, 26, 0xDEAD))
    yield eth(IP4, put16(t4, 36, 0xDEAD))
    yield eth(IP4, put16(u4, 24, 9))
    yield eth(IP4, put16(u4, 24, 900))
    yield eth(IP4, t4[:32] + b"\xf0" + t4[33:])
    yield eth(IP4, t4[:32] + b"\x10" + t4[33:])
    yield eth(IP4, put16(ip4(C4, S4, ICMP, icmp(8, 0, 1, letters(9))), 22, 0xDEAD))
    yield eth(IP4, ip4(C4, S4, TCP, letters(14)))
    yield eth(IP4, ip4(C4, S4, UDP, letters(6)))
    yield eth(IP4, ip4(C4, S4, ICMP, letters(3)))
    yield eth(IP4, ip4(C4, S4, TCP, b""))
    yield eth(IP6, put16(u6, 46, 0xDEAD))
    yield eth(IP6, put16(u6, 4, 0))
    yield eth(IP6, put16(u6, 4, 5))
    yield eth(IP6, ip6(C6, S6, 0, b"\x11\xc8" + letters(22)))
    yield eth(IP6, ip6(C6, S6, 0, b"\6"))
    yield eth(IP6, ip6(C6, S6, 44, frag6(17, 0, 1, 1)[:6]))
    yield eth(IP6, ip6(C6, S6, TCP, letters(14)))
    yield eth(ARP, arp(1, MAC_C, C4, S4, hlen=8))
    yield eth(ARP, arp(1, MAC_C, C4, S4, proto=IP6))
    yield eth(ARP, arp(2, MAC_C, C4, S4)[:20])
    yield eth(0x8100, b"\0\7\x08")
    yield eth(0x8847, struct.pack(">I", 17 << 12 | 64))
    yield back(ip4(S4, C4, ICMP, put16(icmp(3, 3, 0, u4), 2, 0xDEAD)))
    yield back(ip4(S4, C4, ICMP, icmp(3, 3, 0, b"\x51" + u4[1:])))


def cut():
    """(frame, bytes that were captured) at all sorts of places."""
    u4 = eth(IP4, ip4(C4, S4, UDP, udp(C4, S4, 80, 81, letters(700))))
    t4 = eth(IP4, ip4(C4, S4, TCP, tcp(C4, S4, 80, 8000, ACK, letters(300))), tags=[(0x8100, 7)])
    t6 = eth(IP6, ip6(C6, S6, TCP, tcp(C6, S6, 80, 8000, ACK, letters(300))))
    e6 = eth(IP6, ip6(C6, S6, 0, ext(17, 1) + udp(C6, S6, 8000, 80, letters(300))))
    for n in (1, 12, 14, 18, 24, 34, 36, 41, 42, 64, 500):
        yield u4, n
    for n in (17, 18, 30, 38, 52, 57, 58, 200):
        yield t4, n
    for n in (20, 53, 54, 68, 73, 74, 96):
        yield t6, n
    for n in (54, 58, 70, 76, 80):
        yield e6, n


def beyond():
    """What promises more than is there, at places where a careless program reads on."""
    u6 = ip6(C6, S6, UDP, udp(C6, S6, 80, 81, letters(20)))
    t4 = eth(IP4, ip4(C4, S4, TCP, tcp(C4, S4, 80, 8000, ACK, letters(300))))
    yield eth(IP6, put16(u6, 4, 1000)), 0
    for hlen in (8, 37, 200):
        yield eth(ARP, arp(1, MAC_C, C4, S4, hlen=hlen)[:46]), 0
    yield eth(ARP, arp(1, MAC_C, C4, S4, plen=16)), 0
    yield eth(ARP, arp(1, MAC_C, C4, S4)), 30
    for n in (40, 44, 51):
        yield t4, n
    yield eth(IP4, ip4(C4, S4, TCP, letters(12))), 0


def sound_frames():
    yield from arps()
    yield from conversation(ip4, IP4, C4, S4)
    yield from conversation(ip6, IP6, C6, S6)
    for kind in (ip4_kinds, ip4_fragments, ip4_errors, ip6_kinds, ip6_extensions, ip6_errors,
                 tagged, others):
        yield from kind()


def whole(frames):
    return ((data, len(data)) for data in frames)


GROUPS = {
    "sound": lambda: whole(sound_frames()),
    "damaged": lambda: whole(damaged()),
    "cut": cut,
    "beyond": lambda: ((data, have or len(data)) for data, have in beyond()),
}
COMMON = ("sound", "damaged", "cut")


# Other link layers carry what an Ethernet frame does.

def sll(kind, data, dst):
    return struct.pack(">3H", 0 if dst == MAC_S else 4, 1, 6) + data[6:12] + bytes(2) + \
        struct.pack(">H", kind)


def sll2(kind, data, dst):
    return struct.pack(">2HI", kind, 0, 3) + struct.pack(">H2B", 1, dst == MAC_C, 6) + \
        data[6:12] + bytes(2)


def raw(kind, _data, _dst):
    return b"" if kind in (IP4, IP6) else None


def null(kind, _data, _dst):
    return {IP4: b"\2\0\0\0", IP6: b"\x1e\0\0\0"}.get(kind)


def loop(kind, _data, _dst):
    return {IP4: b"\0\0\0\2", IP6: b"\0\0\0\x1c"}.get(kind)


def hdlc(kind, _data, _dst):
    return struct.pack(">2BH", 0x0F, 0, kind)


def ppp(kind, _data, _dst):
    return {IP4: b"\xff\3\0\x21", IP6: b"\xff\3\0\x57"}.get(kind)


def juniper(_kind, data, _dst):
    return b"MGC\x80\0\6" + bytes(range(6)) + data[:14]


def wlan(kind, data, dst):
    head = b"\x08\1" if dst == MAC_S else b"\x88\2"
    head += bytes(2) + dst + data[6:12] + b"\2\0\0\0\0\3" + bytes(2)
    return head + (b"" if dst == MAC_S else b"\0\0") + b"\xaa\xaa\3\0\0\0" + struct.pack(">H", kind)


def radiotap(kind, data, dst):
    return b"\0\0\x0c\0\4\x80\0\0\2\0\x18\0" + wlan(kind, data, dst)


LINKS = {
    "ethernet": (1, None), "sll": (113, sll), "sll2": (276, sll2), "raw": (101, raw),
    "null": (0, null), "loop": (108, loop), "hdlc": (104, hdlc), "ppp": (50, ppp),
    "juniper": (178, juniper), "wlan": (105, wlan), "radiotap": (127, radiotap),
}


def frames(link="ethernet", groups=COMMON):
    """All frames of some groups over a kind of link, in order, a millisecond apart."""
    number, make_head = LINKS[link]
    made = []
    for data, have in (pair for group in groups for pair in GROUPS[group]()):
        if make_head:
            kind, = struct.unpack(">H", data[12:14])
            fits = have >= 14 and kind >= 1536
            head = make_head(kind, data, data[:6]) if fits else None
            if head is None:
                continue
            data, have = head + data[14:], len(head) + have - 14
        if have:
            made.append(Frame(10**18 + len(made) * 10**6, data[:have], len(data), number))
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--link", choices=LINKS, default="ethernet")
    parser.add_argument("--groups", default=",".join(COMMON), help=f"of {', '.join(GROUPS)}")
    parser.add_argument("output", metavar="FILE")
    args = parser.parse_args()
    write_pcap(args.output, frames(args.link, args.groups.split(",")), "<", 1000)


if __name__ == "__main__":
    main()
