#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The look of what we write, one kind at a time: format (C), shell, man (built pages).
# Exit 77: the tool is not here, or not the version whose output we keep to.
set -euo pipefail
root=$(dirname "$0")/..

need() {
	command -v "$1" >/dev/null || { echo "$1 is not installed"; exit 77; }
}

case ${1-} in
format)
	need clang-format
	clang-format --version | grep -q 'version 14\.' ||
		{ echo "clang-format is not version 14"; exit 77; }
	cd "$root"
	tools/sources.sh c | xargs clang-format --dry-run -Werror
	;;
shell)
	need shellcheck
	cd "$root"
	tools/sources.sh sh | xargs shellcheck -x
	;;
man)
	need mandoc
	# scdoc writes empty paragraphs by itself; they do no harm.
	! mandoc -T lint -W warning "${@:2}" | grep -v 'skipping paragraph macro'
	;;
*)
	echo "usage: tools/check-style.sh format|shell|man PAGE..." >&2
	exit 2
	;;
esac
