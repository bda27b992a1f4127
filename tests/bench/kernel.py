#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast kernel: sends. See run-kernel.sh."""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys

from bench import Bench, frame_of, machine, run, table, write_trace, write_trafgen
from gen import CHANGING
from pacing import version_of


class KernelBench(Bench):
    def __init__(self, args):
        super().__init__(args)
        self.receive = ["ip", "netns", "exec", args.receiver]
        self.drop = os.path.abspath(f"{args.build}/tests/bench/drop-frames")
        self.peers = args.tcpreplay or ["tcpreplay"]

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

    def contenders(self, length):
        trace, flows = f"{self.work}/{length}.pcap", f"{self.work}/{length}-flows.pcap"
        write_trace(trace, [length], 100)
        write_trace(flows, [length], 1000)
        many, few = int(100000 * self.scale), int(10000 * self.scale)

        def replay(*program, loops=few, path=trace):
            return lambda: self.ns_a_frame(*program, f"--loop={loops}", path)

        rows = {
            "bare live frames": lambda: self.bare_ns_a_frame("kernel", length, many * 100),
            "weir kernel:": replay(self.weir, "replay", "-tK", "-i", "kernel:veth0", loops=many),
            "weir kernel:, 2 workers": replay(
                self.weir, "replay", "-tK", "--workers=2", "-i", "kernel:veth0@0-1",
                loops=many // 10, path=flows),
            "weir gen kernel:, 3 fields": lambda: self.ns_a_frame(
                self.weir, "gen", CHANGING, f"--size={length}", "--no-fcs", "-t",
                f"--count={many * 100}", "-i", "kernel:veth0"),
            "bare AF_XDP": lambda: self.bare_ns_a_frame("xdp", length, few * 100),
            "weir xdp:": replay(self.weir, "replay", "-tK", "-i", "xdp:veth0"),
            "bare sendmmsg": lambda: self.bare_ns_a_frame("packet", length, few * 100),
            "weir packet:": replay(self.weir, "replay", "-tK", "-i", "packet:veth0"),
        }
        for peer in self.peers:
            rows[f"tcpreplay {version_of(peer)}"] = replay(peer, "-tK", "-i", "veth0")
        if shutil.which("trafgen"):
            config = f"{self.work}/{length}.cfg"
            write_trafgen(config, frame_of(length, 0))
            rows["trafgen"] = lambda: self.trafgen_ns(config, few * 100)
        return rows

    def part(self, length, drops):
        last = f"tcpreplay {version_of(self.peers[-1])}"
        with self.receiver(drops):
            medians = self.alternate(self.contenders(length))
        bare = medians["bare live frames"]
        table(f"{length} bytes, the receiver {'drops' if drops else 'is the kernel'}",
              ["ns a frame", "Mpps", "of the bare live frames", f"of {last}"],
              {name: [f"{ns:.0f}", f"{1e3 / ns:.3f}", f"{bare / ns:.1%}",
                      f"{medians[last] / ns:.2f} x"] for name, ns in medians.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--namespace", required=True, help="where veth0 is")
    parser.add_argument("--receiver", required=True, help="where veth1 is")
    parser.add_argument("--tcpreplay", action="append", help="a tcpreplay to compare")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()

    bench = KernelBench(args)
    print(f"{machine()}; median of {bench.rounds}, contenders in turn\n")
    for drops in (True, False):
        for length in (60, 1500):
            bench.part(length, drops)


if __name__ == "__main__":
    run(main)
