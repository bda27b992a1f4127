#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs contenders in turn, round after round, and prints medians. See run.sh."""
import argparse
import os
import platform
import re
import statistics
import struct
import subprocess
import sys
import time

FLOWS = 1000  # in every trace with as many frames; the next frame belongs to the next flow
RATED = re.compile(r"^Rated:.* ([0-9.]+) pps", re.MULTILINE)
TRAFGEN_TOLD = re.compile(r"(\d+) sec, (\d+) usec on CPU\d+ \((\d+) packets\)")


def frame_of(length, number):
    """A UDP frame to nobody; number tells one flow from another."""
    ethernet = bytes.fromhex("020000000002" "020000000001" "0800")
    udp = struct.pack(">4H", 1024 + number % FLOWS, 54321, length - 34, 0)
    ip = struct.pack(">2B3H2BH4s4s", 0x45, 0, length - 14, 0, 0, 64, 17, 0,
                     bytes((192, 0, 2, 1)), bytes((198, 51, 100, 1)))
    return (ethernet + ip + udp).ljust(length, b"\0")


def write_trace(path, lengths, count):
    """A pcap of count frames, 1 us apart, whose lengths go round; its size in bytes."""
    with open(path, "wb") as f:
        f.write(struct.pack("<I2H4I", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for start in range(0, count, 10000):
            records = []
            for i in range(start, min(start + 10000, count)):
                frame = frame_of(lengths[i % len(lengths)], i)
                records.append(struct.pack("<4I", i // 10**6, i % 10**6, len(frame), len(frame)))
                records.append(frame)
            f.write(b"".join(records))
        return f.tell()


def write_trafgen(path, frame):
    """A configuration of trafgen with one frame that stays as it is."""
    with open(path, "w", encoding="ascii") as f:
        f.write("{ " + ", ".join(f"0x{b:02x}" for b in frame) + " }\n")


def alternate(rounds, contenders, median=statistics.median):
    """{name: median}; each round runs every contender once."""
    values = {name: [] for name in contenders}
    for number in range(rounds):
        for name, measure in contenders.items():
            if sys.stderr.isatty():
                print(f"\rround {number + 1} of {rounds}: {name:40}", end="\r", file=sys.stderr)
            values[name].append(measure())
    return {name: median(list_) for name, list_ in values.items()}


class Bench:
    def __init__(self, args):
        self.weir = os.path.abspath(f"{args.build}/weir")
        self.bare = os.path.abspath(f"{args.build}/tests/bench/bare-")
        self.work = args.work
        self.rounds = 3 if args.quick else 5
        self.scale = 0.2 if args.quick else 1
        self.enter = ["ip", "netns", "exec", args.namespace] if args.namespace else []

    def run(self, *command):
        return subprocess.run(self.enter + list(command), check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    def ns_a_frame(self, *command):
        """By the program's own account of its sending loop."""
        return 1e9 / float(RATED.search(self.run(*command)).group(1))

    def bare_ns_a_frame(self, kind, length, count):
        sent, seconds = self.run(self.bare + kind, "veth0", str(length), str(count)).split()
        return float(seconds) * 1e9 / int(sent)

    def wall_seconds(self, *command):
        begin = time.monotonic()
        self.run(*command)
        return time.monotonic() - begin

    def peak_memory(self, *command):
        """Most memory of its own that the process held, bytes (pages of files left out)."""
        child = subprocess.Popen(self.enter + list(command), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        peak = 0
        while child.poll() is None:
            with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
                sizes = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status.read(), re.MULTILINE)
            peak = max(peak, sum(map(int, sizes)) * 1024)
            time.sleep(0.002)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        return peak

    def trafgen_ns(self, config, count):
        """Of a frame out of veth0, by the program's own account."""
        seconds, usec, packets = map(int, TRAFGEN_TOLD.search(self.run(
            "trafgen", "-P1", "-i", config, "-o", "veth0", "-n", str(count))).groups())
        return (seconds * 1e9 + usec * 1e3) / packets

    def alternate(self, contenders):
        return alternate(self.rounds, contenders)

    # The parts, named as in docs/performance.md.

    def engine(self):
        trace = f"{self.work}/60.pcap"
        write_trace(trace, [60], 10000)
        loops = int(20000 * self.scale)
        medians = self.alternate({
            "weir null:": lambda: self.ns_a_frame(
                self.weir, "replay", "-tK", "-i", "null:", f"--loop={loops}", trace),
        })
        table("(a) The engine alone: 10,000 frames of 60 bytes, preloaded, into null:", ["ns a frame"],
              {name: [f"{ns:.2f}"] for name, ns in medians.items()})

    def veth(self, length):
        # So few frames that they stay in the cache, as the bare loop's one does.
        trace = f"{self.work}/{length}.pcap"
        write_trace(trace, [length], 100)
        loops = int(10000 * self.scale)
        count = loops * 100

        def replay(*program):
            return lambda: self.ns_a_frame(*program, f"--loop={loops}", trace)

        medians = self.alternate({
            "bare sendmmsg": lambda: self.bare_ns_a_frame("packet", length, count),
            "weir packet:": replay(self.weir, "replay", "-tK", "-i", "packet:veth0"),
            "bare AF_XDP": lambda: self.bare_ns_a_frame("xdp", length, count),
            "weir xdp:": replay(self.weir, "replay", "-tK", "-i", "xdp:veth0"),
            "tcpreplay -tK": replay("tcpreplay", "-tK", "-i", "veth0"),
        })
        bare = {"weir packet:": "bare sendmmsg", "weir xdp:": "bare AF_XDP"}
        table(f"(b) veth, 100 frames of {length} bytes, preloaded",
              ["ns a frame", "Mpps", "of its bare loop", "of tcpreplay"],
              {name: [f"{ns:.0f}", f"{1e3 / ns:.3f}",
                      f"{medians[bare[name]] / ns:.1%}" if name in bare else "",
                      f"{medians['tcpreplay -tK'] / ns:.2f} x"]
               for name, ns in medians.items()})

    def reading(self):
        trace = f"{self.work}/big.pcap"
        # 7 : 4 : 1 frames of 60, 590 and 1,514 bytes; 374 bytes a record on average
        frames = int(2_780_000 * self.scale)
        size = write_trace(trace, [60] * 7 + [590] * 4 + [1514], frames)
        cat = ("sh", "-c", f"cat {trace} >/dev/null")
        self.run(*cat)  # from here on it is in the page cache for everyone
        medians = self.alternate({
            "cat FILE >/dev/null": lambda: self.wall_seconds(*cat),
            "weir null:": lambda: self.wall_seconds(self.weir, "replay", "-t", "-i", "null:", trace),
            "weir null: --no-flow-stats": lambda: self.wall_seconds(
                self.weir, "replay", "-t", "-i", "null:", "--no-flow-stats", trace),
            "weir packet: (veth)": lambda: self.wall_seconds(
                self.weir, "replay", "-t", "-i", "packet:veth0", trace),
            "tcpreplay -t (veth)": lambda: self.wall_seconds("tcpreplay", "-t", "-i", "veth0", trace),
        })
        os.unlink(trace)
        table(f"(c) Reading {size / 1e9:.2f} GB in {frames:,} frames without preload, whole run",
              ["seconds", "GB/s", "time of cat"],
              {name: [f"{s:.3f}", f"{size / s / 1e9:.2f}",
                      f"{s / medians['cat FILE >/dev/null']:.2f} x"]
               for name, s in medians.items()})

    def memory(self):
        count = int(1_000_000 * self.scale)
        small, large = f"{self.work}/small.pcap", f"{self.work}/large.pcap"
        write_trace(small, [60], 100)
        write_trace(large, [60], count)

        def bytes_a_frame(*program):
            return (self.peak_memory(*program, large) - self.peak_memory(*program, small)) / count

        medians = self.alternate({
            "weir": lambda: bytes_a_frame(self.weir, "replay", "-tK", "-i", "packet:veth0"),
            "tcpreplay": lambda: bytes_a_frame("tcpreplay", "-tK", "-i", "veth0"),
        })
        table(f"(d) Memory of a preloaded trace of {count:,} frames of 60 bytes", ["bytes a frame"],
              {name: [f"{size:.0f}"] for name, size in medians.items()})


def table(title, columns, rows):
    if sys.stderr.isatty():
        print(f"{'':60}", end="\r", file=sys.stderr)
    print(f"### {title}\n\n| | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")
    print(flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    return "{}, {} processors, Linux {}, {}".format(
        model.group(1) if model else platform.machine(), os.cpu_count(), platform.release(),
        time.strftime("%Y-%m-%d"))


def run(main):
    """Calls it; a program that fails is told in one line."""
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"bench: {' '.join(map(str, failure.cmd))}: exit {failure.returncode}\n"
                 f"{failure.stderr or ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True, help="folder for traces (1 GB)")
    parser.add_argument("--namespace", required=True, help="where veth0 is")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()

    bench = Bench(args)
    print(f"{machine()}; median of {bench.rounds}, contenders in turn\n")
    bench.engine()
    bench.veth(60)
    bench.veth(1500)
    bench.reading()
    bench.memory()


if __name__ == "__main__":
    run(main)
