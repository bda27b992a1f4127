#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares what weir writes under the names tcprewrite and tcpprep with what version 4.5.5 of
these programs wrote for the same options and traces.

	tools/golden.py record --program DIR/tcprewrite --against build/bin/tcprewrite >tests/data/tcprewrite.sums
	tools/golden.py check --program build/bin/tcprewrite tests/data/tcprewrite.sums
	tools/golden.py diff --old DIR/tcprewrite --new build/bin/tcprewrite --trace NAME OPTION...

The file of sums says all that a check needs: options, traces, and for each of both the exit
status and sums of the output and of the messages (the latter are compared where nothing is
damaged: what the old programs remark on odd frames follows no rule that could be found). The
options are those of tools/golden_cases.py.
Traces are those of tests/data, those that tools/mixed.py makes, and those of $WEIR_TEST_DATA
(../shared/data), the latter joined by their link type; what is not there is skipped.

What is known to differ has its reason (golden_cases.REASONS) behind the sums.
"""
import argparse
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import golden_cases
import mixed
from trace import read, write_pcap

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("WEIR_TEST_DATA") or ROOT / "../shared/data")
OWN = ("web", "web6", "dns", "ping", "bulk", "vlan")
FORMATS = ("dns.pcapng", "dns-ns.pcap", "ping-ns-be.pcap", "web6-be.pcapng")


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()[:12]


def write_cache(path, n):
    """A tcpprep cache: to the one side, to the other one, and now and then nowhere."""
    verdicts = [0 if i % 11 == 10 else 3 if i % 3 else 2 for i in range(n)]
    verdicts += [0] * (-n % 4)
    with open(path, "wb") as f:
        f.write(b"tcpprep\0" + struct.pack(">4sQ2H", b"04", n, 4, 0))
        f.write(bytes(a | b << 2 | c << 4 | d << 6 for a, b, c, d in zip(*[iter(verdicts)] * 4)))


def shared_frames():
    """Frames of the shared traces by link type, and the names of their files. Files that hold
    what ends a run (golden_cases.ALONE) are apart."""
    groups = {}
    for path in sorted(SHARED.glob("*/*.pcap*")):
        try:
            frames = read(str(path))
        except (struct.error, IndexError, EOFError, ValueError, SystemExit):
            continue  # damaged on purpose: for tests of the reader
        # An empty frame ends a run; one longer than IP was never on a wire.
        for frame in (frame for frame in frames if frame.data and
                      len(frame.data) <= frame.orig_len <= 65535):
            name = path.name if path.name in golden_cases.ALONE else f"shared-{frame.linktype & 0xFFFF}"
            groups.setdefault(name, []).append(frame)
    return groups


class Traces:
    """The traces by name, as files in a folder of their own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.sums = {}
        joined = [frame for name in OWN for frame in read(str(ROOT / f"tests/data/{name}.pcap"))]
        self._put("own", joined)
        for name in FORMATS:
            self._link(name)
        for link in mixed.LINKS:
            self._put(f"mixed-{link}", mixed.frames(link))
        self._put("beyond", mixed.frames(groups=("beyond",)))
        for name, frames in sorted(shared_frames().items()):
            self._put(name, frames)

    def _put(self, name, frames):
        # Times are not what is tested, and must fit the format.
        frames = [frame._replace(ns=10**18 + i * 10**6) for i, frame in enumerate(frames)]
        write_pcap(str(self.folder / name), frames, "<", 1000)
        self._know(name, len(frames))

    def _link(self, name):
        shutil.copyfile(ROOT / "tests/data" / name, self.folder / name)
        self._know(name, len(read(str(self.folder / name))))

    def _know(self, name, n):
        self.sums[name] = digest((self.folder / name).read_bytes())
        write_cache(self.folder / f"{name}.cache", n)


class Program:
    """tcprewrite or tcpprep, whoever made it."""

    def __init__(self, path, folder):
        self.path = os.path.abspath(path)
        self.name = os.path.basename(path)
        self.folder = Path(folder)

    def run(self, trace, options):
        """(exit status, output, messages) of one run."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            # Short names that are always the same: they stand in what the programs write.
            os.symlink(self.folder / trace, f"{folder}/in")
            os.symlink(self.folder / f"{trace}.cache", f"{folder}/cache")
            Path(folder, "services").write_text(golden_cases.SERVICES, encoding="ascii")
            args = [*options, *golden_cases.FILES[self.name]]
            if any(option.startswith("--print-") for option in options):
                args = options
            done = subprocess.run([self.path, *args], cwd=folder, capture_output=True,
                                  check=False, timeout=60)
            try:
                output = Path(folder, "out").read_bytes()
            except FileNotFoundError:
                output = b""
        return done.returncode, output + done.stdout, done.stderr

    def sums(self, trace, options):
        status, output, messages = self.run(trace, options)
        # Where in its source the old program stands says nothing to anybody.
        messages = re.sub(rb" in \S+ line \d+|From \S+ line \d+:\s*", b"", messages)
        # Lines of --services that the old program remarks on are passed over in silence.
        messages = re.sub(rb"Warning: Skipping unknown protocol service \S+\n", b"", messages)
        return f"{status} {digest(output)} {digest(messages)}"


def reason_to_differ(program, options, trace):
    line = " ".join(options)
    for reason, name, trace_regex, option_regex in golden_cases.DIFFERENT:
        if name == program and re.fullmatch(trace_regex, trace) and re.search(option_regex, line):
            return reason
    sys.exit(f"{program} {line} ({trace}): differs for no reason that is known")


def run_all(work):
    """The results of functions, in order, as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda job: job(), work)


def cmd_record(args):
    with tempfile.TemporaryDirectory() as folder:
        traces = Traces(folder)
        program = Program(args.program, folder)
        cases = golden_cases.make(program.name, list(traces.sums))
        print(f"# What {program.name} {args.version} wrote, recorded by tools/golden.py:")
        print("# \"trace NAME SUM\" tells which frames the name stands for, \"options ...\" a run,")
        print("# and the lines after it \"TRACE STATUS OUTPUT MESSAGES\" what came of it; at their")
        print("# ends stands why weir writes something else (REASONS in tools/golden_cases.py).")
        print(f"program {program.name} {args.version}")
        for name, total in traces.sums.items():
            print("trace", name, total)
        ours = Program(args.against, folder)
        jobs = [(options, trace) for options, names in cases for trace in names]
        results = run_all([lambda job=job: (program.sums(job[1], job[0]),
                                            ours.sums(job[1], job[0])) for job in jobs])
        before = None
        for (options, trace), (result, our) in zip(jobs, results):
            if options != before:
                print("options", *options)
                before = options
            if judge(options, trace, our, result):
                result += " " + reason_to_differ(program.name, options, trace)
            print(trace, result)


def parse(path):
    """Program, {trace: sum} and [(options, trace, result)] of a file of sums."""
    program, traces, runs, options = None, {}, [], []
    for line in Path(path).read_text(encoding="ascii").splitlines():
        word, _, rest = line.partition(" ")
        if word == "program":
            program = rest.split()[0]
        elif word == "trace":
            name, total = rest.split()
            traces[name] = total
        elif word == "options":
            options = rest.split()
        elif word and word[0] != "#":
            runs.append((options, word, rest))
    return program, traces, runs


def judge(options, trace, got, want):
    """What is wrong with a run: a text, or None."""
    got, want = got.split(), want.split()
    if want[3:]:
        return "is the same by now: record it again" if got[:2] == want[:2] else None
    for what, a, b in zip(("exit status", "output", "messages"), got, want):
        if a != b and (what != "messages" or want[0] == "0" and trace in ("own", *FORMATS)):
            return f"{what} differs"
    return None


def cmd_check(args):
    name, want_traces, runs = parse(args.sums)
    with tempfile.TemporaryDirectory() as folder:
        traces = Traces(folder)
        program = Program(args.program, folder)
        absent = {trace for trace, total in want_traces.items() if traces.sums.get(trace) != total}
        for trace in sorted(absent):
            print(f"{trace}: not here, or not as it was")
        if any(not trace.startswith("shared-") for trace in absent - set(golden_cases.ALONE)):
            sys.exit("traces of our own have changed: record the sums again")
        runs = [run for run in runs if run[1] not in absent]
        results = run_all([lambda run=run: program.sums(run[1], run[0]) for run in runs])
        failed = 0
        for (options, trace, want), got in zip(runs, results):
            fault = judge(options, trace, got, want)
            failed += fault is not None
            if fault:
                print(f"{name} {' '.join(options)} ({trace}): {fault}")
    different = sum(len(want.split()) > 3 for _, _, want in runs)
    print(f"{len(runs)} runs, {failed} failed; {different} differ for a reason that is known")
    return 1 if failed or not runs else 0


def cmd_diff(args):
    """Shows the first frame in which two programs' outputs differ, and their messages."""
    with tempfile.TemporaryDirectory() as folder:
        traces = Traces(folder)
        names = args.trace or list(traces.sums)
        for name in names:
            old, new = (Program(path, folder).run(name, args.option)
                        for path in (args.old, args.new))
            if old != new:
                print(f"{name}: exit status {old[0]} {new[0]}")
                show_difference(Path(folder), name, old, new)


def show_difference(folder, trace, old, new):
    a, b = (sorted(set(text.decode(errors="replace").splitlines())) for text in (old[2], new[2]))
    for line in [f"  < {line}" for line in a if line not in b][:4] + \
            [f"  > {line}" for line in b if line not in a][:4]:
        print(line)
    if old[1] == new[1] or old[1][:4] != b"\xd4\xc3\xb2\xa1":
        print("  outputs are", "equal" if old[1] == new[1] else "different")
        return
    (folder / "a").write_bytes(old[1])
    (folder / "b").write_bytes(new[1])
    before = {frame.ns: (nr, frame) for nr, frame in enumerate(read(str(folder / trace)), 1)}
    a, b = ({frame.ns: frame for frame in read(str(folder / name))} for name in "ab")
    shown = 0
    for ns in sorted({*a, *b}):
        if a.get(ns) != b.get(ns) and shown < 4:
            shown += 1
            nr, frame = before.get(ns, (0, None))
            print(f"  frame {nr}, {frame and (len(frame.data), frame.orig_len)}")
            for what, one in ((" ", frame), ("<", a.get(ns)), (">", b.get(ns))):
                print(f"  {what}", one and (len(one.data), one.orig_len),
                      one and one.data[:120].hex())
    print(f"  {sum(a.get(ns) != b.get(ns) for ns in {*a, *b})} frames differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    record = commands.add_parser("record", help="print the sums of a program's outputs")
    record.add_argument("--program", required=True)
    record.add_argument("--against", required=True, help="ours: to mark what is known to differ")
    record.add_argument("--version", default="4.5.5")
    record.set_defaults(run=cmd_record)
    check = commands.add_parser("check", help="compare a program's outputs with sums")
    check.add_argument("--program", required=True)
    check.add_argument("sums")
    check.set_defaults(run=cmd_check)
    diff = commands.add_parser("diff", help="compare the outputs of two programs, frame by frame")
    diff.add_argument("--old", required=True)
    diff.add_argument("--new", required=True)
    diff.add_argument("--trace", action="append")
    diff.add_argument("option", nargs="*")
    diff.set_defaults(run=cmd_diff)
    args = parser.parse_args()
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
