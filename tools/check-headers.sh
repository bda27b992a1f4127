#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Every header compiles alone: public ones as C11 and as C++11, our own as gnu17.
set -euo pipefail
cd "$(dirname "$0")/.."

n=0
failed=0
check() { # NAME COMMAND...
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "# ${out//$'\n'/$'\n# '}"
		failed=1
	fi
}

strict=(-Wall -Wextra -Werror -fsyntax-only -Iinclude)
for header in include/weir/*.h; do
	check "$header as C" gcc -std=c11 -pedantic "${strict[@]}" -x c "$header"
	check "$header as C++" g++ -std=c++11 "${strict[@]}" -x c++ "$header"
done
# Programs for netmap use the compiler's own dialects.
strict+=(-Iinclude/weir-netmap)
for header in include/weir-netmap/*.h include/weir-netmap/*/*.h; do
	for more in -UNETMAP_WITH_LIBS -DNETMAP_WITH_LIBS; do
		check "$header $more as C" gcc -std=gnu11 $more "${strict[@]}" -x c "$header"
		check "$header $more as C++" g++ -std=gnu++11 $more "${strict[@]}" -x c++ "$header"
	done
done
for header in lib/*/*.h; do
	check "$header" gcc -std=gnu17 -D_GNU_SOURCE -Ilib -Itests -Ibpf "${strict[@]}" -x c "$header"
done
echo "1..$n"
exit $failed
