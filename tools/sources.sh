#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Lists our source files of a kind, one a line: c (C sources and headers) or sh (scripts).
# Works in a git checkout and in an unpacked tarball.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1-} in
c) find ./*/ -name '*.[ch]' -not -path './build*' -not -path './out/*' | sort ;;
sh) grep -rlI --exclude-dir=.git --exclude-dir='build*' --exclude-dir=out \
	-m1 -E '^#!.*\b(ba)?sh$|^# shellcheck shell=' . | sort ;;
*) echo "usage: tools/sources.sh c|sh" >&2; exit 2 ;;
esac
