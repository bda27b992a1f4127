#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Templates through Scapy and through weir gen: every byte, and the order. Prints TAP.

The interpreter is named because Debian's python3-scapy belongs to it. Beside the
expressions here, $WEIR_TEST_DATA/templates has bytes that Scapy made elsewhere; they are
checked whether Scapy is here or not.
"""
import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
WEIR = os.environ.get("WEIR", str(HERE / "../../build/weir"))
DATA = pathlib.Path(os.environ.get("WEIR_TEST_DATA", HERE / "../../../shared/data")) / "templates"
NAMES = """\
B = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
I = IP(src="10.0.0.1", dst="10.0.0.2")
I6 = IPv6(src="fd00::1", dst="fd00::2")
"""
tests = []


def by_weir(expression):
    p = subprocess.run([WEIR, "gen", NAMES + expression, "--print", "--loop=1"],
                       capture_output=True, text=True)
    if p.returncode:
        raise ValueError(p.stderr.strip())
    lines = p.stdout.splitlines()  # "NUMBER: LENGTH bytes: SUMMARY", then the bytes
    frames = [line.removeprefix("\t") for line in lines[1::2]]
    assert [int(line.split()[1]) * 2 for line in lines[::2]] == [len(f) for f in frames]
    return frames


def scapy_names():
    """What expressions mean to Scapy, or None."""
    try:
        import logging
        logging.getLogger("scapy").setLevel(logging.CRITICAL)
        names = {}
        exec("from scapy.all import *\n"
             "from scapy.contrib.mpls import MPLS\n"
             "from scapy.contrib.gtp import GTP_U_Header\n"
             "from scapy.contrib.igmp import IGMP\n"
             "from scapy.contrib.geneve import GENEVE, GeneveOptions\n" + NAMES, names)
        return names
    except ImportError:
        return None


def by_scapy(names, expression):
    what = eval(expression, names)
    whole = [what] if isinstance(what, names["Packet"]) else what
    return [bytes(frame).hex() for packet in whole for frame in packet]


def check(name, want, got):
    for i, (w, g) in enumerate(zip(want, got)):
        if w != g:
            raise ValueError(f"frame {i + 1}: want {w}\n# {' ' * len(name)}  got {g}")
    if len(want) != len(got):
        raise ValueError(f"{len(got)} frames, not {len(want)}")


def run(name, test):
    try:
        test()
        tests.append(True)
        print(f"ok {len(tests)} - {name}")
    except Exception as e:
        tests.append(False)
        print(f"not ok {len(tests)} - {name}\n# {type(e).__name__}: {e}")


def expressions(names):
    for line in (HERE / "expressions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            run(line.replace("#", " "),
                lambda: check(line, by_scapy(names, line), by_weir(line)))


def rows(name):
    path = DATA / name
    return [r.split("\t") for r in path.read_text().splitlines()] if path.exists() else []


def check_set(expression, count, sha256):
    frames = by_weir(expression)
    assert len(frames) == int(count), f"{len(frames)} frames"
    assert hashlib.sha256(bytes.fromhex("".join(frames))).hexdigest() == sha256


def main():
    names = scapy_names()
    for expression, frame in rows("oracle.tsv"):
        run("recorded: " + expression, lambda: check("", [frame], by_weir(expression)))
    for expression, count, sha256, *_ in rows("oracle_sets.tsv"):
        run("recorded set: " + expression, lambda: check_set(expression, count, sha256))
    if names:
        expressions(names)
    elif not tests:
        print("1..0 # SKIP neither Scapy nor recorded bytes are here")
        return 0
    print(f"1..{len(tests)}")
    return 0 if all(tests) else 1


sys.exit(main())
