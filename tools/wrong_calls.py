#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares what weir says of wrong calls under the names of tcpreplay's programs, and how it
ends, with what version 4.5.5 of these programs did.

	tools/wrong_calls.py record --old DIR --new build/bin >tests/data/wrong-calls.txt
	tools/wrong_calls.py check --new build/bin tests/data/wrong-calls.txt

A call is a line "PROGRAM ARGUMENTS"; below it stand the exit status, the sum of the file "out"
if one was written, a word if 4.5.5 does something else (wrong_cases.DIFFERENT), and the messages.
What follows a message as help is not compared, nor where in its source the old program stands.
Calls that the old program does not end are left out.

Calls of tcpbridge and tcpreplay-edit need the interfaces v0 and v1, joined and up, and down0,
which is not; --programs picks some that do without.
"""
import argparse
import hashlib
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import wrong_cases

DATA = Path(__file__).resolve().parent.parent / "tests/data"

def cache(frames, version=b"04", told=None, per_byte=4, comment=b""):
    verdicts = [3 if i % 3 else 2 for i in range(frames)] + [0] * (-frames % 4)
    head = struct.pack(">8s4sQ2H", b"tcpprep", version, frames if told is None else told, per_byte,
                       len(comment))
    return head + comment + bytes(a | b << 2 | c << 4 | d << 6
                                  for a, b, c, d in zip(*[iter(verdicts)] * 4))


def pcap(frames, linktype=1, snaplen=65535, major=2):
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, major, 4, 0, 0, snaplen, linktype)
    return head + b"".join(struct.pack("<IIII", 1, 0, len(f), len(f)) + f for f in frames)


def make_files():
    """What stands for the names in the calls: {name: bytes}."""
    web = (DATA / "web.pcap").read_bytes()
    frame = web[40:40 + struct.unpack_from("<I", web, 32)[0]]
    syn = (bytes(12) + b"\x08\x00" + bytes.fromhex("450000280001000040060000")
           + bytes([10, 0, 0, 1, 10, 0, 0, 2])
           + struct.pack(">HHIIBBHHH", 1024, 80, 1, 0, 0x50, 2, 1000, 0, 0))
    return {
        "in": web, "empty": b"", "half": web[:10], "hdr": web[:24], "cut": web[:1000],
        "junk": b"this is a letter, not a trace\n", "odd": pcap([frame], 999),
        "raw": pcap([frame[14:]], 101), "zero": pcap([b"", frame]),
        "snap": pcap([frame], snaplen=1500), "badver": pcap([frame], major=9),
        "allclient": pcap([syn]),
        "badng": (DATA / "dns.pcapng").read_bytes()[:40],
        "noif": b"\n\r\r\n\34\0\0\0\115\74\53\32\1\0\0\0" + b"\xff" * 8 + b"\34\0\0\0",
        "cache": cache(37), "shortc": cache(10), "cutc": cache(37)[:28], "halfc": cache(37)[:15],
        "oldc": cache(37, version=b"03"), "bitsc": cache(37, per_byte=8),
        "hugec": cache(37, told=2**40), "cutcommentc": cache(37, comment=b"abcdef")[:26],
        "services": b"www 80/tcp\n", "badopts": b"ttl 300\nnosuch 3\n",
    }


def clean(text, program, folder):
    """The messages without what is not compared."""
    title = program.removesuffix("-edit")
    text = text.replace("\0", "").replace(f"{folder}/bin/", "")
    text = re.sub(rf"(?ms)^{title} \({title}\) - .*?^Please send bug reports to:.*?\n", "", text)
    text = re.sub(rf"(?ms)^usage: {program} \[OPTIONS\].*", "", text)
    text = re.sub(r"From \S+ line \d+:\s*\n", "", text)
    text = re.sub(r" in \S+ line \d+: ", ": ", text)
    text = re.sub(r"(?m)^PID: \d+$", "PID: 1", text)
    # Of calls that work: how long they took, and remarks on flows.
    text = re.sub(r"(?m)^(Actual|Rated|Flows): .*", r"\1:", text)
    return re.sub(r"(?m)^Warning: flow_decode.*\n", "", text)


class Caller:
    def __init__(self, folder, files, patience=60):
        self.folder = folder  # of the programs
        self.files = files
        self.patience = patience  # seconds

    def call(self, program, line):
        """[status, sum, messages]; None: it did not end."""
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder, "work")
            for path in (work, work / "dir", work / "emptydir", Path(folder, "bin")):
                path.mkdir()
            for name, data in self.files.items():
                (work / name).write_bytes(data)
            os.symlink((Path(self.folder) / program).resolve(), f"{folder}/bin/{program}")
            args = ["x" * 70000 if arg == "LONG" else arg for arg in shlex.split(line)]
            command = [f"{folder}/bin/{program}"]
            if args[:1] == ["NOCAPS"]:
                command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
                args = args[1:]
            try:
                done = subprocess.run([*command, *args], cwd=work, capture_output=True,
                                      stdin=subprocess.DEVNULL, check=False, timeout=self.patience)
            except subprocess.TimeoutExpired:
                return None
            out = work / "out"
            total = hashlib.sha256(out.read_bytes()).hexdigest()[:12] if out.exists() else "-"
        text = clean((done.stdout + done.stderr).decode(errors="replace"), program, folder)
        return [str(done.returncode), total, text]


def run_all(calls, function, at_once):
    """(program, line, function(program, line)) of all calls, in order."""
    with ThreadPoolExecutor(at_once) as pool:
        results = pool.map(lambda call: function(*call), calls)
        yield from ((*call, result) for call, result in zip(calls, results))


def reason(program, line):
    for word, name, regex in wrong_cases.DIFFERENT:
        if re.fullmatch(name, program) and re.search(regex, line):
            return word
    sys.exit(f"{program} {line}: differs for no reason that is known")


def show(program, line, result, word):
    print(f"{program} {line}".rstrip())
    print(" ", " ".join([*result[:2], *([word] if word else [])]))
    for text in result[2].split("\n")[:-1] if result[2].endswith("\n") else result[2].split("\n"):
        print(f"\t{text}".rstrip())


def cmd_record(args):
    files = make_files()
    old, new = Caller(args.old, files, patience=2), Caller(args.new, files)
    print("# What weir does with wrong calls as one of tcpreplay's programs, recorded by")
    print("# tools/wrong_calls.py. A word behind the exit status and the sum of the output says that")
    print("# 4.5.5 does something else.")
    calls = [(name, line) for name in args.programs
             for line in dict.fromkeys(wrong_cases.CASES[name])]
    for program, line, result in run_all(calls, old.call, 1):
        if not result:
            continue
        got = new.call(program, line)
        # A run that fails leaves files of no content, or none.
        same = got == result or got[::2] == result[::2] and got[0] != "0"
        crashed = result[0].startswith("-")
        show(program, line, got,
             None if same else "crash" if crashed else reason(program, line))


def parse(path):
    """{(program, line): [status, sum, messages]}"""
    calls, now = {}, None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("  "):
            now[:2] = line.split()[:2]
        elif line.startswith("\t") or not line:
            now[2] += line[1:] + "\n"
        else:
            program, _, rest = line.partition(" ")
            now = calls[program, rest] = ["", "", ""]
    return calls


def cmd_check(args):
    want = parse(args.calls)
    caller = Caller(args.new, make_files())
    calls = [call for call in want if call[0] in args.programs]
    failed = 0
    # Most of the time is spent in waiting for the kernel.
    for program, line, got in run_all(calls, caller.call, 8):
        result = want[program, line]
        got = got or ["none", "-", ""]
        text = "".join(f"{part.rstrip()}\n" for part in got[2].splitlines())
        if [*got[:2], text.rstrip("\n")] == [*result[:2], result[2].rstrip("\n")]:
            continue
        failed += 1
        print(f"{program} {line}: got {got}, want {result}")
    print(f"{len(calls)} wrong calls, {failed} failed")
    return 1 if failed or not calls else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    record = commands.add_parser("record", help="print what weir does, and where that differs")
    record.add_argument("--old", required=True, help="folder of the programs 4.5.5")
    record.set_defaults(run=cmd_record)
    check = commands.add_parser("check", help="compare what weir does with what it did")
    check.add_argument("calls")
    check.set_defaults(run=cmd_check)
    for command in (record, check):
        command.add_argument("--new", required=True, help="folder of weir's links")
        command.add_argument("--programs", nargs="+", default=list(wrong_cases.CASES))
    args = parser.parse_args()
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
