#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What bridges carry, and how long they hold a frame. See run-bridge.sh."""
import argparse
import os
import re
import shutil
import signal
import subprocess
import time

from bench import Bench, machine, run, table, write_trace

RTT = re.compile(r"^rtt min/avg/max/mdev = [0-9.]+/([0-9.]+)/", re.MULTILINE)
MAP = "10.9.0.0/24:10.8.0.0/24"


class BridgeBench(Bench):
    def __init__(self, args):
        super().__init__(args)
        self.namespace = args.namespace
        self.trace = f"{self.work}/60.pcap"
        write_trace(self.trace, [60], 10000)

    def inside(self, name, *command):
        return ["ip", "netns", "exec", f"{self.namespace}-{name}", *command]

    def start(self, name, *command):
        return subprocess.Popen(self.inside(name, *command), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    @staticmethod
    def stop(child):
        child.send_signal(signal.SIGINT)
        child.wait()

    def counter(self, name, which):
        return int(subprocess.run(self.inside(name, "cat",
                                              f"/sys/class/net/eth0/statistics/{which}"),
                                  check=True, capture_output=True).stdout)

    def arriving_mpps(self, program):
        """Frames that arrive on the right while the left sends as fast as it can."""
        bridge = self.start("middle", *program)
        time.sleep(0.5)
        sender = self.start("left", self.weir, "replay", "-tqK", "--loop=0", "-i", "packet:eth0",
                            self.trace)
        time.sleep(0.5)
        before, begin = self.counter("right", "rx_packets"), time.monotonic()
        time.sleep(2)
        after, end = self.counter("right", "rx_packets"), time.monotonic()
        self.stop(sender)
        self.stop(bridge)
        return (after - before) / (end - begin) / 1e6

    def rtt_us(self, program):
        bridge = self.start("middle", *program)
        time.sleep(0.5)
        text = subprocess.run(self.inside("left", "ping", "-q", "-c", "200", "-i", "0.005",
                                          "10.9.0.2"), check=False, capture_output=True,
                              text=True).stdout
        self.stop(bridge)
        return float(RTT.search(text).group(1)) * 1e3

    def bridges(self):
        def weir(kind, *more):
            return [self.weir, "bridge", "-q", "-i", f"{kind}:mid1", "-I", f"{kind}:mid2", *more]

        programs = {
            "weir packet:": weir("packet"),
            "weir packet:, addresses and TTL edited": weir("packet", f"--pnat={MAP}", "--ttl=-1"),
            "weir xdp:": weir("xdp"),
            "weir xdp:, addresses and TTL edited": weir("xdp", f"--pnat={MAP}", "--ttl=-1"),
        }
        plain = [name for name in programs if "edited" not in name]
        if shutil.which("tcpbridge"):
            programs["tcpbridge"] = ["tcpbridge", "-i", "mid1", "-I", "mid2"]
            plain.append("tcpbridge")
        rates = self.alternate({name: lambda p=p: self.arriving_mpps(p)
                                for name, p in programs.items()})
        rtts = self.alternate({name: lambda p=programs[name]: self.rtt_us(p) for name in plain})
        peer = rates.get("tcpbridge")
        table("Bridge: frames of 60 bytes one way, and the mean round trip of a ping",
              ["Mpps", "of tcpbridge", "round trip, us"],
              {name: [f"{rate:.3f}", f"{rate / peer:.1f} x" if peer else "",
                      f"{rtts[name]:.0f}" if name in rtts else ""]
               for name, rate in rates.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--namespace", required=True, help="what -left, -middle, -right follow")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    bench = BridgeBench(args)
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}; median of {bench.rounds}\n")
    bench.bridges()


if __name__ == "__main__":
    run(main)
