#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast frames are made, beside Scapy and trafgen. See run-gen.sh."""
import argparse
import os
import shutil
import subprocess
import sys
import time

from bench import Bench, machine, run, table

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's python3-scapy belongs to it

SCAN = ('Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")'
        '/IP(src="10.0.0.1",dst="10.0.0.2")/TCP(dport=(1025,65535))')
SCAN_FRAMES = 64511
SCAN_TRAFGEN = """{
eth(da=02:00:00:00:00:02, sa=02:00:00:00:00:01),
ipv4(saddr=10.0.0.1, daddr=10.0.0.2, id=1, ttl=64),
tcp(sp=20, dp=dinc(1025, 65535), win=8192, syn)
}
"""
# 60 bytes, three fields of 16 bits that change, in the sums of both IP and UDP
CHANGING = ('Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")'
            '/IP(src="10.0.0.1",dst="10.0.0.2",id=Inc(0,65535))'
            '/UDP(sport=Inc(1024,65535),dport=Inc(1,60000))/("x"*18)')
CHANGING_TRAFGEN = """{
eth(da=02:00:00:00:00:02, sa=02:00:00:00:00:01),
ipv4(saddr=10.0.0.1, daddr=10.0.0.2, id=dinc(0, 65535), ttl=64),
udp(sp=dinc(1024, 65535), dp=dinc(1, 60000)),
fill('x', 18)
}
"""


class GenBench(Bench):
    def __init__(self, args):
        super().__init__(args)
        self.inside, self.enter = self.enter, []  # going there costs milliseconds
        self.loop = os.path.abspath(f"{args.build}/tests/bench/make-frames")
        self.trafgen = shutil.which("trafgen")
        self.scapy = subprocess.run([SYSTEM_PYTHON, "-c", "import scapy"], check=False,
                                    capture_output=True).returncode == 0

    def config(self, name, text):
        path = f"{self.work}/{name}.cfg"
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def file_seconds(self, name, *command):
        """A whole process that writes a new file; none of the time that pipes to it take."""
        path = f"{self.work}/{name}.pcap"
        if os.path.exists(path):
            os.unlink(path)  # emptying it takes as long as writing it
        quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
        command = [word.replace("OUT", path) for word in command]
        begin = time.monotonic()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        seconds = time.monotonic() - begin
        if status:
            raise subprocess.CalledProcessError(status, command)
        return seconds

    def to_file(self):
        """Scapy, which takes long, runs only once."""
        contenders = {"weir gen": lambda: self.file_seconds(
            "weir", self.weir, "gen", SCAN, "-w", "OUT")}
        if self.trafgen:
            config = self.config("scan", SCAN_TRAFGEN)
            contenders["trafgen"] = lambda: self.file_seconds(
                "trafgen", self.trafgen, "-P1", "-i", config, "-o", "OUT", "-n",
                str(SCAN_FRAMES))
        medians = self.alternate(contenders)
        if self.scapy:
            medians["Scapy"] = self.file_seconds(
                "scapy", SYSTEM_PYTHON, "-c", "import sys\nfrom scapy.all import *\n"
                f"wrpcap(sys.argv[1], {SCAN})", "OUT")
        for name in ("weir", "trafgen", "scapy"):
            self.check_size(f"{self.work}/{name}.pcap")
        table(f"(a) A TCP scan of {SCAN_FRAMES:,} ports to a pcap, whole process",
              ["ms", "time of weir gen"],
              {name: [f"{s * 1e3:.1f}", f"{s / medians['weir gen']:.1f} x"]
               for name, s in medians.items()})

    @staticmethod
    def check_size(path):
        """Whoever is timed has written all frames."""
        if os.path.exists(path) and os.path.getsize(path) != 24 + SCAN_FRAMES * (16 + 54):
            sys.exit(f"bench: {path} has not the {SCAN_FRAMES} frames that were timed")

    def loop_ns(self, count):
        frames, seconds = self.run(self.loop, CHANGING, str(count)).split()
        return float(seconds) * 1e9 / int(frames)

    def inner_loop(self):
        count = int(20_000_000 * self.scale)
        medians = self.alternate({
            "weir_gen_frames()": lambda: self.loop_ns(count),
            "weir gen -i null:": lambda: self.ns_a_frame(
                self.weir, "gen", CHANGING, "-t", "-q", "-n", str(count), "-i", "null:"),
        })
        table("(b) 3 changing fields, both checksums, 60 bytes", ["ns a frame", "Mpps"],
              {name: [f"{ns:.1f}", f"{1e3 / ns:.1f}"] for name, ns in medians.items()})

    def sent(self):
        return int(self.run("cat", "/sys/class/net/veth0/statistics/tx_packets"))

    def live_ns(self, count, measure):
        """What a program says of its time, if the interface has seen the frames."""
        before = self.sent()
        ns = measure()
        if self.sent() - before < count:
            sys.exit(f"bench: only {self.sent() - before} of {count} frames were sent")
        return ns

    def live(self):
        count = int(1_000_000 * self.scale)
        self.enter = self.inside

        def weir(port):
            return lambda: self.live_ns(count, lambda: self.ns_a_frame(
                self.weir, "gen", CHANGING, "-t", "-q", "-n", str(count), "-i", port))

        contenders = {"weir gen packet:": weir("packet:veth0"),
                      "weir gen xdp:": weir("xdp:veth0")}
        if self.trafgen:
            config = self.config("changing", CHANGING_TRAFGEN)
            contenders["trafgen"] = lambda: self.live_ns(
                count, lambda: self.trafgen_ns(config, count))
        medians = self.alternate(contenders)
        peer = medians.get("trafgen")
        table("(c) veth, 60-byte frames with 3 changing fields",
              ["ns a frame", "Mpps", "of trafgen"],
              {name: [f"{ns:.0f}", f"{1e3 / ns:.3f}", f"{peer / ns:.2f} x" if peer else ""]
               for name, ns in medians.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True, help="folder for files (20 MB)")
    parser.add_argument("--namespace", required=True, help="where veth0 is")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()

    bench = GenBench(args)
    print(f"{machine()}; median of {bench.rounds}, contenders in turn\n")
    bench.to_file()
    bench.inner_loop()
    bench.live()


if __name__ == "__main__":
    run(main)
