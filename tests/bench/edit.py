#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast traces are edited and split, beside tcprewrite, tcpprep and cp. See run-edit.sh."""
import argparse
import glob
import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tools"))
import trace  # noqa: E402 (tools/trace.py, found by the line before it)

from bench import Bench, machine, run, table

ETHERNET = 1
EDITS = ["--enet-dmac=02:00:00:00:00:02", "--enet-smac=02:00:00:00:00:01",
         "--pnat=10.0.0.0/8:172.16.0.0/12,192.168.0.0/16:10.9.0.0/16,192.0.2.0/24:10.9.8.0/24,"
         "[2001:db8::/32]:[fd00::/32]",
         "--portmap=80:8080,53:5353", "--fixcsum"]


def takes(*command):
    return subprocess.run([*command, "-o", "/dev/null"], check=False,
                          capture_output=True).returncode == 0


def real_frames(folders):
    """Ethernet frames, 200 at most from each recorded trace that the peers take."""
    frames = []
    for path in sorted(path for folder in folders for path in glob.glob(f"{folder}/*.pcap")):
        if not (takes("tcprewrite", *EDITS, "-i", path) and takes("tcpprep", "-aclient", "-i", path)):
            continue
        try:
            found = trace.read(path)
        except (struct.error, OverflowError):  # damaged on purpose
            continue
        frames += [f for f in found[:200]
                   if f.linktype == ETHERNET and 14 <= len(f.data) <= f.orig_len]
    return frames


def write_mixed(path, frames, size):
    """A trace of about size bytes: the frames again and again, 1 us apart; their number."""
    lens = [struct.pack("<2I", len(f.data), f.orig_len) for f in frames]
    count = 0
    with open(path, "wb") as f:
        f.write(struct.pack("<I2H4I", 0xA1B2C3D4, 2, 4, 0, 0, 262144, ETHERNET))
        while f.tell() < size:
            records = []
            for head, frame in zip(lens, frames):
                records += [struct.pack("<2I", count // 10**6, count % 10**6), head, frame.data]
                count += 1
            f.write(b"".join(records))
    return count


class EditBench(Bench):
    def __init__(self, args):
        super().__init__(args)
        self.input, self.output = f"{self.work}/in.pcap", f"{self.work}/out"
        frames = real_frames(args.traces)
        self.frames = write_mixed(self.input, frames, int(1e9 * self.scale))
        self.size = os.path.getsize(self.input)

    def seconds(self, *command):
        """Of a whole process that makes self.output, which is not there before."""
        if os.path.exists(self.output):
            os.unlink(self.output)
        return self.wall_seconds(*command)

    def compare(self, title, peer, contenders):
        """Rows of contenders: {name: command}."""
        medians = self.alternate({name: lambda command=command: self.seconds(*command)
                                  for name, command in contenders.items()})
        table(title, ["seconds", "GB/s", "ns a frame", f"of {peer}", "time of cp"],
              {name: [f"{s:.3f}", f"{self.size / s / 1e9:.2f}", f"{s / self.frames * 1e9:.0f}",
                      f"{medians[peer] / s:.1f} x", f"{s / medians['cp']:.2f} x"]
               for name, s in medians.items()})

    def editing(self):
        files = ["-i", self.input, "-o", self.output]
        self.compare(
            f"(a) MACs, addresses, ports and checksums of {self.frames:,} frames, "
            f"{self.size / 1e9:.2f} GB", "tcprewrite",
            {"cp": ["cp", self.input, self.output],
             "dd bs=256K": ["dd", f"if={self.input}", f"of={self.output}", "bs=256K"],
             "weir edit": [self.weir, "edit", *files, *EDITS],
             "weir edit --workers=1": [self.weir, "edit", "--workers=1", *files, *EDITS],
             "tcprewrite": ["tcprewrite", *files, *EDITS]})

    def splitting(self):
        arguments = ["-a", "router", "-i", self.input, "-o", self.output]
        self.compare(
            "(b) Clients told from servers in the same trace, -a router", "tcpprep",
            {"cp": ["cp", self.input, self.output],
             "cat >/dev/null": ["sh", "-c", f"cat {self.input} >/dev/null"],
             "weir split": [self.weir, "split", *arguments],
             "weir split --workers=1": [self.weir, "split", "--workers=1", *arguments],
             "tcpprep": ["tcpprep", *arguments]})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True, help="folder for traces (2 GB)")
    parser.add_argument("--quick", action="store_true")
    parser.set_defaults(namespace=None)
    parser.add_argument("traces", nargs="+", help="folders with recorded traces")
    args = parser.parse_args()

    missing = [name for name in ("tcprewrite", "tcpprep") if not shutil.which(name)]
    if missing:
        sys.exit(f"bench: {' and '.join(missing)} not installed: there is nobody to compare with")
    bench = EditBench(args)
    print(f"{machine()}; median of {bench.rounds}, contenders in turn\n")
    bench.editing()
    bench.splitting()


if __name__ == "__main__":
    run(main)
