#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Adds up logs of meson test, FOLDER/LOGBASE each: "N passed, N failed, N skipped".

Counts TAP lines where a test printed them, else the test itself. A test that meson calls
failed has at least one failure, whatever it printed: it may have crashed after its last "ok".
"""
import json
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(?:[^#]*#\s*(skip|todo)\b)?", re.IGNORECASE)
SKIP_ALL = re.compile(r"^1\.\.0\s*#\s*skip", re.IGNORECASE)


def count(test):
    passed = failed = skipped = 0
    for line in test.get("stdout", "").splitlines():
        match = TAP_LINE.match(line)
        if match and match.group(2):
            skipped += 1
        elif match and match.group(1):
            failed += 1
        elif match:
            passed += 1
        elif SKIP_ALL.match(line):
            skipped += 1
    ok = test["result"] in ("OK", "EXPECTEDFAIL")
    if not ok and test["result"] != "SKIP" and not failed:
        failed = 1
    if not passed + failed + skipped:
        passed, skipped = (1, 0) if ok else (0, 1)
    return passed, failed, skipped


def why(test):
    """The lines that failed, each with the remarks around it."""
    lines = test.get("stdout", "").splitlines()
    failed = [i for i, line in enumerate(lines) if line.startswith("not ok")]
    wanted = set()
    for i in failed:
        wanted.update(range(max(0, i - 8), i + 4))
    return [lines[i] for i in sorted(wanted)
            if i < len(lines) and (i in failed or not TAP_LINE.match(lines[i]))] or lines[-20:]


def main(runs):
    total = [0, 0, 0]
    for run in runs:
        path = "/meson-logs/".join(run.rsplit("/", 1))
        try:
            with open(f"{path}.json", encoding="utf-8") as log:
                tests = [json.loads(line) for line in log]
        except OSError:
            print(f"FAILED: {run}: it was not built, so nothing was tested")
            total[1] += 1
            continue
        for test in tests:
            counts = count(test)
            total = [a + b for a, b in zip(total, counts)]
            if counts[1]:
                print(f"FAILED: {run}: {test['name']} (see {path}.txt)")
                print(*why(test), sep="\n")
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
