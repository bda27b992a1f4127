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
import time

FRAMES = 2_000_000


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
    if not snaplen:
        yield "netsniff-ng 64 MiB", ["netsniff-ng", "--in", "veth1", "--out", "FILE", "--silent",
                                     "--ring-size", "64MiB"], None


class Bench:
    def __init__(self, args):
        self.args = args
        self.weir = os.path.join(args.build, "weir")

    def make_trace(self, size):
        path = os.path.join(self.args.work, f"{size}.pcap")
        subprocess.run([self.weir, "gen", "Ether(dst='02:00:00:00:00:99')/IP()/UDP()", "--no-fcs",
                        f"--size={size}", "--count=64", "-w", path], check=True)
        return path

    def send(self, trace):
        """Frames that left, and the seconds that took."""
        out = subprocess.run(["ip", "netns", "exec", self.args.sender, self.weir, "replay", "-q",
                              "--json", "-t", "-K", f"--loop={FRAMES // 64}", "-i", "kernel:veth0",
                              trace], check=True, stdout=subprocess.PIPE).stdout
        result = json.loads(out)
        return result["frames"], result["elapsed_ns"] / 1e9

    def measure(self, command, ready, trace):
        """Rate of the sender, share of frames lost, and ns of processor a frame kept."""
        path = os.path.join(self.args.work, "out.pcapng")
        log = os.path.join(self.args.work, "log")
        with open(log, "wb") as err:
            child = subprocess.Popen(
                ["ip", "netns", "exec", self.args.receiver,
                 *[path if word == "FILE" else word for word in command]],
                stdout=subprocess.DEVNULL, stderr=err)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with open(log, encoding="utf-8", errors="replace") as err:
                if ready and ready in err.read():
                    break
            time.sleep(0.05)
            if not ready and time.monotonic() > end - 9:
                break
        sent, seconds = self.send(trace)
        time.sleep(1)  # what peers hold back when they are stopped is not the point here
        child.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        kept = json.loads(subprocess.run([self.weir, "info", "--json", path], check=False,
                                         stdout=subprocess.PIPE).stdout)["files"][0]["frames"]
        os.unlink(path)
        cpu = (usage.ru_utime + usage.ru_stime) / max(kept, 1) * 1e9
        return sent / seconds / 1e6, max(0, 1 - kept / sent) * 100, cpu

    def table(self, size, snaplen):
        rows = [t for t in tools(self.weir, snaplen) if t[1][0] == self.weir
                or shutil.which(t[1][0])]
        results = {name: [] for name, _, _ in rows}
        trace = self.make_trace(size)
        for _ in range(self.args.rounds):
            for name, command, ready in rows:
                results[name].append(self.measure(command, ready, trace))
        print(f"\n{size} bytes, {'headers of 96' if snaplen else 'whole frames'}\n")
        print("| | sent, Mpps | kept, Mpps | lost, % | ns of its processor a frame |")
        print("|---|---|---|---|---|")
        for name, values in results.items():
            sent, lost, cpu = (statistics.median(column) for column in zip(*values))
            kept = statistics.median(s * (1 - l / 100) for s, l, _ in values)
            print(f"| {name} | {sent:.2f} | {kept:.2f} | {lost:.2f} | {cpu:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in "build", "work", "sender", "receiver":
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", action="append", choices=["60", "1500", "60-full", "1500-full"])
    bench = Bench(parser.parse_args())
    for part in bench.args.part or ["60", "1500-full"]:
        size, _, full = part.partition("-")
        bench.table(int(size), 0 if full else 96)


if __name__ == "__main__":
    main()
