#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir info tells what is in trace files, and tcpcapinfo what it always did.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

info() { # ARGUMENTS...: output in $out, messages in $err, exit status in $rc
	out=$netns_dir/out
	err=$netns_dir/err
	rc=0
	"$weir" info "$@" >"$out" 2>"$err" || rc=$?
}

json() { # JQ-FILTER
	jq -c "$1" "$out"
}

test_text_tells_the_main_figures() {
	info "$data/web.pcap"
	is "exit status" "$rc" 0
	says "$out" "web\.pcap$"
	says "$out" "^  format        pcap 2\.4, little-endian$"
	says "$out" "^  frames        $(frames_of "$data/web.pcap")$"
	says "$out" "^  on the wire   17161 bytes"
	says "$out" "^  duration      0\.[0-9]{9} s$"
	says "$out" "^  flows         6 one-way"
}

test_json_is_one_object_for_all_files() {
	info --json "$data/web.pcap" "$data/web6-be.pcapng"
	is "exit status" "$rc" 0
	is "files" "$(json '.files | length')" 2
	is "formats" "$(json '[.files[] | .format, .byte_order]')" '["pcap","little","pcapng","big"]'
	is "errors" "$(json '[.files[].error]')" '[null,null]'
	is "sizes add up" "$(json '[.files[] | ([.sizes[].frames] | add) == .frames]')" '[true,true]'
	is "interfaces add up" \
		"$(json '[.files[] | ([.interfaces[].bytes] | add) == .bytes]')" '[true,true]'
	is "resolution" "$(json '.files[1].interfaces[0].resolution')" '"10^-9"'
}

test_every_figure_is_that_of_capinfos() {
	command -v capinfos >/dev/null || skip "capinfos is not installed"
	for file in "$data"/*.pcap "$data"/*.pcapng; do
		info --json "$file"
		got=$(jq -r '.files[0] | [.frames, .file_size, .wire_bytes,
			(.duration_ns / 1e9 * 1e6 | round), (.backwards == 0)] | @tsv' "$out")
		want=$(capinfos -TmN -rMcsduo "$file" | tr , '\t' |
			awk -F'\t' '{ printf "%s\t%s\t%s\t%.0f\t%s\n", $2, $3, $4, $5 * 1e6, tolower($6) }')
		is "${file##*/}" "$got" "$want"
	done
}

test_compressed_files_and_stdin_are_read() {
	gzip -c "$data/dns.pcapng" >"$netns_dir/dns.gz"
	info --json "$netns_dir/dns.gz" - <"$data/dns.pcapng"
	is "exit status" "$rc" 0
	is "compression" "$(json '[.files[].compression]')" '["gzip","none"]'
	is "frames are the same" "$(json '.files[0].frames == .files[1].frames')" true
}

test_what_stands_before_damage_is_told() {
	head -c 5000 "$data/web.pcap" >"$netns_dir/cut.pcap"
	info --json "$netns_dir/cut.pcap" "$data/dns.pcap"
	is "exit status" "$rc" 1
	is "frames" "$(json '[.files[] | .frames > 0]')" '[true,true]'
	is "error" "$(json '[.files[] | .error != null]')" '[true,false]'
	says "$err" "^weir info: .*cut\.pcap: record [0-9]+ at byte [0-9]+: cut off"
}

test_files_that_cannot_be_read_are_named() {
	info --json "$netns_dir/nowhere" "$netns_dir" "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "nowhere: No such file or directory"
	says "$err" "$netns_dir: Is a directory"
	is "the others are told" "$(json '[.files[].frames]')" "[null,null,37]"
}

test_wrong_usage_is_said() {
	info
	is "exit status without a file" "$rc" 2
	info --jsn "$data/web.pcap"
	is "exit status of an unknown option" "$rc" 2
	says "$err" "jsn"
}

test_output_that_does_not_arrive_is_a_failure() {
	rc=0
	"$weir" info "$data/web.pcap" >/dev/full 2>"$netns_dir/err" || rc=$?
	is "exit status" "$rc" 1
	says "$netns_dir/err" "standard output"
}

# Where the two mean to differ is told in weir-info(1).
test_tcpcapinfo_prints_what_it_always_did() {
	command -v tcpcapinfo >/dev/null || skip "tcpcapinfo is not installed"
	old=$(command -v tcpcapinfo)
	ln -s "$(realpath "$weir")" "$netns_dir/tcpcapinfo"
	for file in "$data"/*.pcap; do
		"$old" "$file" >"$netns_dir/want"
		"$netns_dir/tcpcapinfo" "$file" >"$netns_dir/got"
		cmp "$netns_dir/want" "$netns_dir/got"
	done
	rc=0
	"$netns_dir/tcpcapinfo" "$netns_dir/nowhere" 2>"$netns_dir/err" || rc=$?
	is "exit status" "$rc" 255
	says "$netns_dir/err" "^Fatal Error: .*nowhere"
}

run_tests
