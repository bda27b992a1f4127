#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast kernel: sends. See run-kernel.sh."""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys

from bench import Bench, alternate, frame_of, machine, run, table, write_trace, write_trafgen
from gen import CHANGING
from pacing import version_of


class KernelBench(Bench):
    def __init__(self, args):
        super().__init__(args)
        self.receive = ["ip", "netns", "exec", args.receiver]
        self.drop = os.path.abspath(f"{args.build}/tests/bench/drop-frames")
        self.peers = args.tcpreplay or ["tcpreplay"]
        self.rounds = 3 if args.quick else 9

    @contextlib.contextmanager
    def receiver(self, drops):
        """Who receives while this lasts."""
        if not drops:
            yield
            return
        child = subprocess.Popen(self.receive + [self.drop, "veth1"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        if child.stdout.readline() != "ready\n":
            sys.exit("bench: the receiver does not start")
        try:
            yield
        finally:
            child.stdin.close()
            child.wait()

    def replay(self, *program, loops, path):
        return lambda: self.ns_a_frame(*program, f"--loop={loops}", path)

    def gen(self, length, count, option=""):
        return lambda: self.ns_a_frame(
            self.weir, "gen", CHANGING, f"--size={length}", "--no-fcs", "-t", f"--count={count}",
            "-i", f"kernel:veth0{option}")

    def inside(self, length):
        """What sends from inside the kernel."""
        trace = f"{self.work}/{length}.pcap"
        write_trace(trace, [length], 100)
        count = int(2000000 * self.scale)
        return {
            "bare live frames": lambda: self.bare_ns_a_frame("kernel", length, count),
            "bare live frames, copied": lambda: self.bare_ns_a_frame("kernel-copy", length, count),
            "weir kernel:": self.replay(self.weir, "replay", "-tK", "-i", "kernel:veth0",
                                        loops=count // 100, path=trace),
            "weir gen kernel:, 3 fields": self.gen(length, count),
            "weir gen kernel:,keep, 3 fields": self.gen(length, count, ",keep"),
        }

    def two_workers(self, length):
        flows = f"{self.work}/{length}-flows.pcap"
        write_trace(flows, [length], 1000)
        return {"weir kernel:, 2 workers": self.replay(
            self.weir, "replay", "-tK", "--workers=2", "-i", "kernel:veth0@0-1",
            loops=int(2000 * self.scale), path=flows)}

    def others(self, length):
        trace, loops = f"{self.work}/{length}.pcap", int(2000 * self.scale)
        rows = {
            "bare AF_XDP": lambda: self.bare_ns_a_frame("xdp", length, loops * 100),
            "weir xdp:": self.replay(self.weir, "replay", "-tK", "-i", "xdp:veth0",
                                     loops=loops, path=trace),
            "bare sendmmsg": lambda: self.bare_ns_a_frame("packet", length, loops * 100),
            "weir packet:": self.replay(self.weir, "replay", "-tK", "-i", "packet:veth0",
                                        loops=loops, path=trace),
        }
        for peer in self.peers:
            rows[f"tcpreplay {version_of(peer)}"] = self.replay(peer, "-tK", "-i", "veth0",
                                                                loops=loops, path=trace)
        if shutil.which("trafgen"):
            config = f"{self.work}/{length}.cfg"
            write_trafgen(config, frame_of(length, 0))
            rows["trafgen"] = lambda: self.trafgen_ns(config, loops * 100)
        return rows

    def part(self, receiver, length):
        one = receiver == "one"
        contenders = self.inside(length)
        if one:
            self.enter += ["taskset", "-c", "0"]
        else:
            contenders |= self.two_workers(length)
        contenders |= self.others(length)
        with self.receiver(receiver != "stack"):
            best = alternate(self.rounds, contenders, min)
        if one:
            del self.enter[-3:]
        bare, copied = best["bare live frames"], best["bare live frames, copied"]
        last = f"tcpreplay {version_of(self.peers[-1])}"
        table(f"{length} bytes, the receiver {'is the kernel' if receiver == 'stack' else 'drops'}"
              f"{', the sender has one processor' if one else ''}",
              ["ns a frame", "Mpps", "of the bare loop", "of the one that copies", f"of {last}"],
              {name: [f"{ns:.0f}", f"{1e3 / ns:.3f}", f"{bare / ns:.1%}", f"{copied / ns:.1%}",
                      f"{best[last] / ns:.2f} x"] for name, ns in best.items()})


PARTS = {f"{receiver}-{length}": (receiver, length)
         for receiver in ("drop", "stack", "one") for length in (60, 1500)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--namespace", required=True, help="where veth0 is")
    parser.add_argument("--receiver", required=True, help="where veth1 is")
    parser.add_argument("--tcpreplay", action="append", help="a tcpreplay to compare")
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()

    bench = KernelBench(args)
    print(f"{machine()}; best of {bench.rounds}, contenders in turn\n")
    for name in args.part or PARTS:
        bench.part(*PARTS[name])


if __name__ == "__main__":
    run(main)
