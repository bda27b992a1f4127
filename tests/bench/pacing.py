#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How exactly each replayer keeps a rate: gaps of real runs over veth, in turn.

The sender runs on processor 0, the receiver with the kernel's nanosecond stamps on
processor 1; on veth a frame is received within the sender's own call, so a stamp is the
time of departure plus about half a microsecond. All senders have the same scheduling class.
See run-pacing.sh.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from bench import RATED, alternate, frame_of, machine, table, write_trafgen

RUN_SECONDS = 0.7  # SCHED_FIFO may spin for 0.95 s before the kernel makes it pause


def write_frames(path, frames):
    """A nanosecond pcap of (time in ns, bytes) rows."""
    with open(path, "wb") as f:
        f.write(struct.pack("<I2H4I", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for ns, frame in frames:
            f.write(struct.pack("<4I", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)


def mixed_frames(count=12921, total=16973900, seed=1):
    """As many frames and bytes as the published trace, times known: each frame carries its
    own in its last 8 bytes. 3 gaps of 10 are 1 to 15 us, the rest log-normal."""
    draw = random.Random(seed)
    sizes = [1514] * count
    while sum(sizes) > total:
        sizes[draw.randrange(count)] = draw.choice((60, 90, 590, 1024))
    sizes[-1] += min(1514 - sizes[-1], total - sum(sizes))
    at, rows = 0, []
    for number, size in enumerate(sizes):
        frame = frame_of(size, number)
        rows.append((at, frame[:-8] + struct.pack("<q", at)))
        at += int(draw.uniform(1e3, 15e3) if draw.random() < 0.3 else draw.lognormvariate(10.6, 1))
    return rows


class Pacing:
    def __init__(self, args):
        self.args = args
        self.weir = os.path.abspath(f"{args.build}/weir")
        self.gaps = os.path.abspath(f"{args.build}/tests/bench/gaps")
        self.rounds = args.rounds
        self.send = ["ip", "netns", "exec", args.sender]
        self.receive = ["ip", "netns", "exec", args.receiver]
        self.traces = {
            "big": (mixed_frames(), 12921),
            "small": ([(i * 10**6, frame_of(n, i)) for i, n in enumerate((60, 90, 780, 1000))], 4),
            "one": ([(0, frame_of(34, 0)[:34])], 1),
            "sixty": ([(i * 10**6, frame_of(60, i)) for i in range(100)], 100),
        }
        self.bytes = {}
        for name, (rows, _) in self.traces.items():
            write_frames(self.path(name), rows)
            self.bytes[name] = sum(len(frame) for _, frame in rows)

    def path(self, name):
        return f"{self.args.work}/{name}.pcap"

    def measure(self, command, mode, rate, classes=("chrt", "-f", "50")):
        """Runs one sender; what gaps says of it, and its processor time and wall time."""
        receiver = subprocess.Popen(self.receive + ["taskset", "-c", "1", self.gaps,
                                                    "packet:veth1", mode, str(rate)],
                                    stdout=subprocess.PIPE, text=True)
        receiver.stdout.readline()  # "ready"
        begin = time.monotonic()
        sender = subprocess.Popen(self.send + ["taskset", "-c", "0", *classes, *command],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, status, usage = os.wait4(sender.pid, 0)
        wall = time.monotonic() - begin
        sender.returncode = os.waitstatus_to_exitcode(status)
        if sender.returncode:
            sys.exit(f"pacing: {' '.join(command)}: {sender.stderr.read().decode()}")
        result = json.loads(receiver.stdout.readline())
        receiver.wait()
        result["cpu_percent"] = (usage.ru_utime + usage.ru_stime) / wall * 100
        return result

    def contenders(self, option, rate, name, loops, timers=("auto",), ports=("packet", "xdp")):
        """{name: (command, keyword of gaps)}: whoever can be asked for this."""
        trace, loop = self.path(name), [f"--loop={loops}"]
        mode = {"--pps": "pps", "--mbps": "mbps-before", "--multiplier": "times"}[option]
        after = mode.replace("before", "after")
        rows = {}
        for port in ports:
            for timer in timers:
                rows[f"weir {port}: {timer}"] = (
                    [self.weir, "replay", "-K", "-q", f"--timer={timer}", "-i", f"{port}:veth0",
                     f"{option}={rate}", *loop, trace], after)
        for peer in self.args.tcpreplay:
            rows[f"tcpreplay {version_of(peer)}"] = (
                [peer, "-K", "-q", "-i", "veth0", f"{option}={rate}", *loop, trace], mode)
        if option == "--pps" and name == "sixty":
            count, gap = loops * 100, 1e6 / rate
            rows["trafgen"] = (["trafgen", "-q", "-P1", "-o", "veth0", "-i", self.trafgen(), "-n",
                                str(count), "-b", f"{rate}pps"], "pps")
            if gap >= 2:
                rows["mausezahn"] = (["mausezahn", "veth0", "-q", "-c", str(min(count, 3000)),
                                      "-d", f"{gap:.0f}usec", "-p", "18", "-a", "rand",
                                      "-t", "udp"], "pps")
        return rows

    def trafgen(self):
        path = f"{self.args.work}/trafgen.cfg"
        write_trafgen(path, frame_of(60, 0))
        return path

    def case(self, option, rate, name, **more):
        """One row for each contender: medians over the rounds."""
        trace_frames = self.traces[name][1]
        if option == "--mbps":
            seconds = self.bytes[name] * 8 / (rate * 1e6)
        elif option == "--pps":
            seconds = trace_frames / rate
        else:
            seconds = self.traces[name][0][-1][0] / 1e9 / rate
        # Frames that carry their times cannot be looped.
        loops = 1 if option == "--multiplier" else max(1, int(RUN_SECONDS / seconds))
        limit = [] if seconds * loops <= 1 else [f"--limit={int(trace_frames / seconds * 0.7)}"]

        def sender(who, command, mode):
            extra = [] if who in ("trafgen", "mausezahn") else limit
            return lambda: self.measure(command[:-1] + extra + command[-1:], mode, rate)

        rows = self.contenders(option, rate, name, loops, **more)
        return alternate(self.rounds, {who: sender(who, *row) for who, row in rows.items()},
                         median_of)

    def rates(self):
        rows = {}
        for name in ("big", "small", "one"):
            for rate in ((10, 100, 500) if self.args.quick else (1, 10, 100, 500, 1000)):
                for who, m in self.case("--mbps", rate, name).items():
                    rows[f"{name}, {rate} Mbit/s, {who}"] = gap_cells(m)
        table("Constant bit rate", GAP_COLUMNS, rows)

    def constant(self):
        rows = {}
        for rate in ((1000, 100000) if self.args.quick else
                     (1000, 10000, 50000, 100000, 200000, 500000)):
            for who, m in self.case("--pps", rate, "sixty", timers=("auto", "spin")).items():
                rows[f"{rate} pps, {who}"] = gap_cells(m) + [f"{m['cpu_percent']:.0f}"]
        table("Constant frame rate", GAP_COLUMNS + ["% of a core"], rows)

    def kernel(self):
        """GRO is on at the receiver: without it a veth takes no frames from kernel:."""
        subprocess.run(self.receive + ["ethtool", "-K", "veth1", "gro", "on"], check=True)
        rows = {}
        for rate in ((100000,) if self.args.quick else (10000, 100000, 500000)):
            case = self.case("--pps", rate, "sixty", ports=("packet", "xdp", "kernel"))
            for who, m in case.items():
                rows[f"{rate} pps, {who}"] = gap_cells(m) + [f"{m['cpu_percent']:.0f}"]
        table("Constant frame rate, kernel: beside the others", GAP_COLUMNS + ["% of a core"], rows)
        subprocess.run(self.receive + ["ethtool", "-K", "veth1", "gro", "off"], check=True)

    def recorded(self):
        rows = {}
        for factor in (1, 10, 100):
            for who, m in self.case("--multiplier", factor, "big").items():
                rows[f"x {factor}, {who}"] = [
                    f"{m['drift_ppm']:.2f}", f"{m['offset_us']:.1f}", f"{m['p50_us']:.3f}",
                    f"{m['p99_us']:.2f}", f"{m['p999_us']:.2f}"]
        table("Recorded times", ["drift, ppm", "offset us", "error p50 us", "p99", "p99.9"], rows)

    def neighbour(self):
        """1,000 frames a second in the default class beside a process that never sleeps."""
        hog = subprocess.Popen(["taskset", "-c", "0", "sh", "-c", "while :; do :; done"])
        try:
            rows = self.contenders("--pps", 1000, "sixty", 7)
            results = alternate(self.rounds, {
                who: lambda command=command, mode=mode: self.measure(command, mode, 1000, classes=())
                for who, (command, mode) in rows.items() if who not in ("trafgen", "mausezahn")},
                median_of)
        finally:
            hog.kill()
            hog.wait()
        table("1,000 frames a second beside a busy neighbour on the same core", GAP_COLUMNS,
              {who: gap_cells(m) for who, m in results.items()})

    def mpps(self, *commands):
        """Frames that programs sent together, by their own count, in millions a second."""
        begin = time.monotonic()
        children = [subprocess.Popen(self.send + list(command), text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                    for command in commands]
        texts = [child.communicate()[0] for child in children]
        wall = time.monotonic() - begin
        rates = [RATED.search(text) for text in texts]
        if all(rates):
            return sum(float(rate.group(1)) for rate in rates) / 1e6
        return sum(int(text.split()[0]) for text in texts) / wall / 1e6  # the bare loops

    def alternate(self, contenders):
        return alternate(self.rounds, {name: lambda commands=commands: self.mpps(*commands)
                                       for name, commands in contenders.items()})

    def workers(self):
        """One worker and two, at top speed; on veth beside bare loops."""
        bare = os.path.abspath(f"{self.args.build}/tests/bench/bare-packet")
        count = 1_000_000 if self.args.quick else 3_000_000

        def weir(port, n, loops):
            return [[self.weir, "replay", "-tKq", "-i", f"{port}@0-1", f"--workers={n}",
                     f"--loop={loops}", self.path("flows")]]

        def one(port, loops):
            return [[self.weir, "replay", "-tKq", "-i", port, f"--loop={loops}",
                     self.path("flows")]]

        write_frames(self.path("flows"), [(i * 1000, frame_of(60, i)) for i in range(10000)])
        medians = self.alternate({
            "null:, 1 worker": one("null:", count // 200),
            "null:, 2 workers": weir("null:", 2, count // 200),
            "packet:, 1 worker": one("packet:veth0", count // 10000),
            "packet:, 2 workers": weir("packet:veth0", 2, count // 10000),
            "1 bare loop": [["taskset", "-c", "0", bare, "veth0", "60", str(count)]],
            "2 bare loops": [["taskset", "-c", str(cpu), bare, "veth0", "60", str(count)]
                             for cpu in (0, 1)],
        })
        pairs = {"null:, 2 workers": "null:, 1 worker", "packet:, 2 workers": "packet:, 1 worker",
                 "2 bare loops": "1 bare loop"}
        table("Workers, 60-byte frames at top speed", ["Mpps", "of one"],
              {name: [f"{rate:.3f}", f"{rate / medians[pairs[name]]:.2f} x" if name in pairs
                      else ""] for name, rate in medians.items()})

    def top(self):
        """Top speed on one core: batches of AF_XDP beside the peers."""
        count = 1_000_000 if self.args.quick else 3_000_000
        contenders = {}
        for batch in (1, 8, 32, 64):
            contenders[f"weir xdp:, batches of {batch}"] = [[
                "taskset", "-c", "0", self.weir, "replay", "-tKq", "--xdp",
                f"--xdp-batch-size={batch}", "-i", "veth0", f"--loop={count // 100}",
                self.path("sixty")]]
        contenders["weir packet:"] = [["taskset", "-c", "0", self.weir, "replay", "-tKq", "-i",
                                       "packet:veth0", f"--loop={count // 100}",
                                       self.path("sixty")]]
        for peer in self.args.tcpreplay:
            contenders[f"tcpreplay {version_of(peer)}"] = [[
                "taskset", "-c", "0", peer, "-tKq", "-i", "veth0", f"--loop={count // 100}",
                self.path("sixty")]]
        medians = self.alternate(contenders)
        last = list(medians.values())[-1]
        table("Top speed on one core, 60-byte frames", ["Mpps", f"of {list(medians)[-1]}"],
              {name: [f"{rate:.3f}", f"{rate / last:.2f} x"] for name, rate in medians.items()})


GAP_COLUMNS = ["frames", "rate error %", "first gap off by us", "gap error p50 us", "p99", "p99.9",
               "back to back"]


def gap_cells(m):
    if "p50_us" not in m:
        return [str(m["n"])] + [""] * (len(GAP_COLUMNS) - 1)
    return [str(int(m["n"])), f"{m['rate_error_percent']:+.4f}", f"{m['first_gap_error_us']:+.1f}",
            f"{m['p50_us']:.3f}", f"{m['p99_us']:.2f}", f"{m['p999_us']:.2f}",
            f"{m['back_to_back']:.1%}"]


def version_of(tcpreplay):
    return subprocess.run([tcpreplay, "-V"], capture_output=True, text=True,
                          check=False).stderr.split()[2]


def median_of(results):
    keys = set.intersection(*(set(r) for r in results))
    return {key: statistics.median(r[key] for r in results) for key in keys}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--sender", required=True, help="namespace of veth0")
    parser.add_argument("--receiver", required=True, help="namespace of veth1")
    parser.add_argument("--tcpreplay", action="append", default=[], help="a tcpreplay to compare")
    parser.add_argument("--part", action="append", help="rates, constant, recorded, neighbour, top, workers, kernel")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if not args.tcpreplay and shutil.which("tcpreplay"):
        args.tcpreplay = [shutil.which("tcpreplay")]
    with tempfile.TemporaryDirectory() as args.work:
        pacing = Pacing(args)
        print(f"{machine()}; median of {pacing.rounds}, contenders in turn\n")
        for part in args.part or ("rates", "constant", "recorded", "neighbour", "top",
                                  "workers", "kernel"):
            getattr(pacing, part)()


if __name__ == "__main__":
    main()
