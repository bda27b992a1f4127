#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures weir capture beside its peers, in turns; see run-capture.sh."""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

SENDER_CPU, CAPTURER_CPU = 0, 1
LOSSLESS = 0.1  # percent
STEPS = 4  # of the search for the highest rate that is lossless


def tools(weir, snaplen):
    """Name, command and the text that tells that it captures. FILE stands for the file."""
    snap = ["-s", str(snaplen)] if snaplen else []

    def ours(*words):
        return ([weir, "capture", "-i", "veth1", "-w", "FILE", "--direction=in", *snap, *words],
                "capturing from")

    yield "weir, tc", *ours("--engine=tc")
    yield "weir, xdp", *ours("--engine=xdp")
    yield "weir, xdp, drop", *ours("--engine=xdp", "--mode=drop")
    yield "weir, packet", *ours("--engine=packet")
    yield "tcpdump -B 64 MiB", ["tcpdump", "-n", "-B", "65536", "-Z", "root", "-i", "veth1", "-w",
                                "FILE", *snap], "listening on"
    yield "dumpcap -B 64 MiB", ["dumpcap", "-q", "-B", "64", "-i", "veth1", "-w", "FILE",
                                *snap], "File:"
    yield "netsniff-ng 64 MiB", ["netsniff-ng", "--in", "veth1", "--out", "FILE", "--silent",
                                 "--ring-size", "64MiB"], None


def cpu_ns(pid):
    """Processor time of a process so far."""
    return time.clock_gettime_ns(~pid << 3 | 2)  # its clock, as clock_getcpuclockid(3) has it


class Run:
    """What one run gave: rates in Mpps, loss in percent, processor time in ns."""

    def __init__(self, sent, seconds, kept, sender_ns, capturer_ns):
        self.sent = sent / seconds / 1e6
        self.kept = kept / seconds / 1e6
        self.lost = max(0, 1 - kept / sent) * 100
        self.kernel = sender_ns / sent
        self.user = capturer_ns / max(kept, 1)
        self.cost = 0  # of both, less what sending costs without a capture


class Bench:
    def __init__(self, args):
        self.args = args
        self.weir = os.path.abspath(os.path.join(args.build, "weir"))

    def make_trace(self, size):
        path = os.path.join(self.args.work, f"{size}.pcap")
        subprocess.run([self.weir, "gen", "Ether(dst='02:00:00:00:00:99')/IP()/UDP()", "--no-fcs",
                        f"--size={size}", "--count=64", "-w", path], check=True)
        return path

    def start_sender(self, trace, frames, rate, cpu):
        speed = [f"--pps={int(rate)}"] if rate else ["-t"]
        return subprocess.Popen(
            ["ip", "netns", "exec", self.args.sender, "taskset", "-c", str(cpu), self.weir,
             "replay", "-q", "--json", *speed, "-K", f"--loop={int(frames) // 64}", "-i",
             "kernel:veth0", trace], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, trace, frames, rate, cpus):
        """Frames that left, the seconds that took, and ns of the senders' processor time, in
        which the kernel's work for the capture is."""
        children = [self.start_sender(trace, frames, rate, cpu) for cpu in cpus]
        sent, seconds, spent = 0, 0, 0
        for child in children:
            result = json.loads(child.stdout.read())
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = status
            sent += result["frames"]
            seconds = max(seconds, result["elapsed_ns"] / 1e9)
            spent += (usage.ru_utime + usage.ru_stime) * 1e9
        return sent, seconds, spent

    def start(self, command, ready, path, pin):
        """The capturer, when it captures."""
        log = os.path.join(self.args.work, "log")
        with open(log, "wb") as err:
            child = subprocess.Popen(
                ["ip", "netns", "exec", self.args.receiver,
                 *(["taskset", "-c", str(CAPTURER_CPU)] if pin else []),
                 *[path if word == "FILE" else word for word in command]],
                stdout=subprocess.DEVNULL, stderr=err)
        begin = time.monotonic()
        while time.monotonic() - begin < (10 if ready else 1):
            with open(log, encoding="utf-8", errors="replace") as err:
                if ready and ready in err.read():
                    break
            time.sleep(0.05)
        return child

    def frames_in(self, folder):
        total = 0
        for name in os.listdir(folder):
            out = subprocess.run([self.weir, "info", "--json", os.path.join(folder, name)],
                                 check=False, stdout=subprocess.PIPE).stdout
            total += json.loads(out)["files"][0].get("frames", 0)
        return total

    def measure(self, tool, trace, frames, rate=0, cpus=(SENDER_CPU,)):
        _, command, ready = tool
        folder = os.path.join(self.args.work, "out")
        os.mkdir(folder)
        child = self.start(command, ready, os.path.join(folder, "out.pcapng"), len(cpus) == 1)
        before = cpu_ns(child.pid)  # to start is not the point here, either
        sent, seconds, sender_ns = self.send(trace, frames, rate, cpus)
        time.sleep(1)  # what peers hold back when they are stopped is not the point here
        child.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        kept = self.frames_in(folder)
        shutil.rmtree(folder)
        os.sync()  # nobody pays for what others have left
        spent = (usage.ru_utime + usage.ru_stime) * 1e9 - before
        return Run(sent, seconds, kept, sender_ns, spent)

    def measure_bare(self, trace, frames):
        sent, _, spent = self.send(trace, frames, 0, (SENDER_CPU,))
        return spent / sent

    def lossless(self, tool, trace, blast):
        """Mpps: the highest rate with next to no loss, searched between none and full blast."""
        if blast.lost < LOSSLESS:
            return blast.sent
        low, high = 0.0, blast.sent
        for _ in range(STEPS):
            rate = (low + high) / 2
            # The same time at each rate.
            run = self.measure(tool, trace, rate * 1e6 * self.args.seconds, rate * 1e6)
            low, high = (run.sent, high) if run.lost < LOSSLESS else (low, rate)
        return low

    def table(self, size, snaplen):
        rows = [t for t in tools(self.weir, snaplen) if shutil.which(t[1][0])]
        trace = self.make_trace(size)
        runs = {name: [] for name, _, _ in rows}
        best = {name: [] for name, _, _ in rows}
        bare = []
        for _ in range(self.args.rounds):
            for tool in rows:
                # Just before: a processor's speed changes from one second to the next.
                bare.append(self.measure_bare(trace, self.args.frames))
                run = self.measure(tool, trace, self.args.frames)
                run.cost = run.kernel - bare[-1] + run.user
                runs[tool[0]].append(run)
                best[tool[0]].append(self.lossless(tool, trace, run))
        base = statistics.median(bare)
        print(f"\n{size} bytes, {'headers of 96' if snaplen else 'whole frames'}; "
              f"without capture {base:.0f} ns a frame\n")
        print("| | lossless, Mpps | at full blast: sent | kept | lost, % | kernel ns | own ns | "
              "cost ns |\n|---|--:|--:|--:|--:|--:|--:|--:|")
        for name, values in runs.items():
            def median(column, values=values):
                return statistics.median(getattr(run, column) for run in values)
            print(f"| {name} | {statistics.median(best[name]):.2f} | {median('sent'):.2f} | "
                  f"{median('kept'):.2f} | {median('lost'):.2f} | {median('kernel'):.0f} | "
                  f"{median('user'):.0f} | {median('cost'):.0f} |", flush=True)

    def sustained(self):
        """Whole frames for long enough that no memory holds them."""
        rates = [0.2, 0.3, 0.4, 0.5, 0.6]
        rows = [t for t in tools(self.weir, 0) if shutil.which(t[1][0]) and "xdp" not in t[0]]
        trace = self.make_trace(1500)
        print(f"\n1500 bytes, whole frames, {self.args.sustained} s at each rate: lost, %\n")
        print("| | " + " | ".join(f"{rate} Mpps" for rate in rates) + " | own ns |")
        print("|---|" + "--:|" * (len(rates) + 1))
        cells = {name: [] for name, _, _ in rows}
        own = {name: [] for name, _, _ in rows}
        for rate in rates:
            for tool in rows:
                run = self.measure(tool, trace, rate * 1e6 * self.args.sustained, rate * 1e6)
                cells[tool[0]].append(f"{run.lost:.1f}")
                own[tool[0]].append(run.user)
        for name, losses in cells.items():
            print(f"| {name} | {' | '.join(losses)} | {statistics.median(own[name]):.0f} |",
                  flush=True)

    def two_queues(self):
        """A sender on each processor; who captures has what they leave."""
        trace = self.make_trace(60)
        rows = [t for t in tools(self.weir, 96) if shutil.which(t[1][0])
                and t[0] not in ("weir, packet", "netsniff-ng 64 MiB")]
        rows = [(name, command + (["--per-queue"] if command[0] == self.weir else []), ready)
                for name, command, ready in rows]
        print("\n60 bytes, headers of 96, a sender on each of two processors\n")
        print("| | one sender: kept, Mpps | two: kept | lost, % | of one |\n|---|--:|--:|--:|--:|")
        runs = {name: [] for name, _, _ in rows}
        for _ in range(self.args.rounds):
            for tool in rows:
                runs[tool[0]].append((self.measure(tool, trace, self.args.frames),
                                      self.measure(tool, trace, self.args.frames, cpus=(0, 1))))
        for name, pairs in runs.items():
            one = statistics.median(pair[0].kept for pair in pairs)
            two = statistics.median(pair[1].kept for pair in pairs)
            lost = statistics.median(pair[1].lost for pair in pairs)
            print(f"| {name} | {one:.2f} | {two:.2f} | {lost:.2f} | {two / one:.2f} x |",
                  flush=True)


def main():
    quick = os.environ.get("QUICK") == "1"
    parser = argparse.ArgumentParser()
    for name in "build", "work", "sender", "receiver":
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, default=3 if quick else 5)
    parser.add_argument("--frames", type=int, default=1_000_000 if quick else 4_000_000)
    parser.add_argument("--seconds", type=float, default=0.7 if quick else 2)
    parser.add_argument("--sustained", type=float, default=5 if quick else 12)
    parser.add_argument("--part", action="append",
                        choices=["60", "1500", "60-full", "1500-full", "sustained", "two-queues"])
    bench = Bench(parser.parse_args())
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("bench: two processors are needed")
    for part in bench.args.part or ["60", "1500", "1500-full", "sustained", "two-queues"]:
        if part == "sustained":
            bench.sustained()
        elif part == "two-queues":
            bench.two_queues()
        else:
            size, _, full = part.partition("-")
            bench.table(int(size), 0 if full else 96)


if __name__ == "__main__":
    main()
