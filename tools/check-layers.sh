#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A folder includes only what its row allows, besides itself, <weir/...> and the system.
# Packet logic never touches sockets, so it can be tested and fuzzed as pure code; what
# uses only <weir/...> proves the public interface every day.
set -euo pipefail
cd "$(dirname "$0")/.."

layers="
lib/base
lib/pkt			base
lib/trace		base pkt
lib/diff		base pkt
lib/pace		base
lib/edit		base pkt
lib/split		base pkt
lib/gen			base pkt
lib/vale		base
lib/port		base trace vale bpf
lib/capture		base trace port bpf
lib/engine		base pkt trace pace split edit port
lib/netmap		base port trace vale
lib/pcapshim		base trace
cli
examples
tests/conformance	support
tests/support
bpf
"

bad=0
while read -r folder allowed; do
	[ -d "$folder" ] || continue
	own=${folder##*/}
	while IFS=: read -r file line include; do
		from=$(sed -E 's/.*"(.*)".*/\1/; s,/[^/]*$,,' <<<"$include")
		# No folder in the name: the folder's own file, or a BPF skeleton.
		[[ $include != */* || " $own $allowed " == *" $from "* ]] && continue
		[[ $file == */test-*.[ch] && $from == support ]] && continue
		echo "$file:$line: $folder must not include from $from/"
		bad=1
	done < <(grep -rnE --include='*.[ch]' '^#[[:space:]]*include[[:space:]]*"' "$folder")
done < <(grep . <<<"$layers")
exit $bad
