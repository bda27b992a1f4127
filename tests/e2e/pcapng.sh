#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What pcapng files hold beside frames stays: tests/e2e/pcapng.py and Wireshark say so.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

pcapng() {
	python3 "$e2e_root/tests/e2e/pcapng.py" "$@"
}

edit() { # FILE ARGUMENTS...: into edited
	run "$weir" edit -i "$netns_dir/$1" -o "$netns_dir/edited" "${@:2}"
	is "exit status" "$rc" 0
}

# FILE: what it tells but for what must not be copied: its interfaces, then all else in order.
told() {
	pcapng show "$netns_dir/$1" | sed "s/ | (19372, [^)]*)//" | awk '
		/^interface/ { print; next }
		!/^custom that stays/ { rest[n++] = $0 }
		END { for (i = 0; i < n; i++) print rest[i] }'
}

beside_frames() { # FILE
	told "$1" | grep -v ^frame
}

# FILE: of each frame with options the number (the last of its bytes), and the options.
options() {
	told "$1" | awk -F ' [|] *' '$1 == "frame" && NF > 7 {
		printf "%s", substr($7, length($7) - 1)
		for (i = 8; i <= NF; i++)
			printf " %s", $i
		print ""
	}'
}

same() { # WHAT COMMAND FILE FILE
	diff <("$2" "$3") <("$2" "$4") >"$netns_dir/diff" && return
	echo "$1 differ:"
	head -n 6 "$netns_dir/diff" | cut -c 1-200
	exit 1
}

test_a_file_that_nothing_is_changed_in_stays_byte_for_byte() {
	cp "$data/dns.pcapng" "$netns_dir/dns"
	edit dns
	cmp "$netns_dir/dns" "$netns_dir/edited"
}

test_everything_is_kept_in_either_byte_order() {
	local order many args
	for order in little big; do
		for many in "" many; do
			# shellcheck disable=SC2086 # a word or none
			pcapng make "$netns_dir/made" $order $many
			for args in --workers=1 --workers=2 --compress=zstd; do
				edit made "$args"
				if [ "$args" = --compress=zstd ]; then
					mv "$netns_dir/edited" "$netns_dir/packed"
					"$weir" edit -i - -o - --compress=none <"$netns_dir/packed" >"$netns_dir/edited"
				fi
				same "files" told made edited
				is "options that stay" "$(pcapng show "$netns_dir/edited" | grep -c '(19372,' || true)" 0
			done
		done
	done
}

test_wireshark_reads_what_is_kept() {
	command -v tshark >/dev/null || skip "tshark is not installed"
	command -v editcap >/dev/null || skip "editcap is not installed"
	local what=(frame.time_epoch frame.comment frame.packet_flags frame.interface_name
		frame.interface_description)
	pcapng make "$netns_dir/made" big
	edit made --ttl=9
	is "frames" "$(tshark -r "$netns_dir/edited" -Y ip -T fields "${what[@]/#/-e}" 2>/dev/null)" \
		"$(tshark -r "$netns_dir/made" -Y ip -T fields "${what[@]/#/-e}" 2>/dev/null)"
	is "TTL" "$(tshark -r "$netns_dir/edited" -Y ip -T fields -e ip.ttl 2>/dev/null | sort -u)" 9
	is "times" "$(tshark -r "$netns_dir/edited" -Y ip -c 3 -T fields -e frame.time_epoch 2>/dev/null |
		tail -n 1)" 1600000000.123456789
	capinfos "$netns_dir/edited" >"$netns_dir/capinfos" 2>/dev/null
	says "$netns_dir/capinfos" "Capture comment: +two places at once"
	says "$netns_dir/capinfos" "Capture hardware: +an odd machine"
	says "$netns_dir/capinfos" "Capture application: +a program"
	says "$netns_dir/capinfos" "Number of interfaces in file: 4"
	editcap -F pcapng "$netns_dir/edited" "$netns_dir/again"
	is "comments" "$(tshark -r "$netns_dir/again" -T fields -e frame.comment 2>/dev/null | grep -c 0)" 1
}

test_the_first_of_several_frames_gets_the_options() {
	local first
	first="(1, '$(printf 'comment 0' | od -An -tx1 | tr -d ' \n')')"
	pcapng make "$netns_dir/made" little
	edit made --fragment=100
	is "frames" "$(frames_of "$netns_dir/edited")" 12
	same "options" options made edited
	options edited | head -n 1 | grep -qF "$first"
	same "what stands beside frames" beside_frames made edited
}

sorted_options() { # FILE
	options "$1" | sort
}

test_frames_that_are_held_back_keep_theirs() {
	printf '%s\n' 'ip_frag 64' 'delay last 3000' >"$netns_dir/rules"
	pcapng make "$netns_dir/made" little many
	edit made --fragroute="$netns_dir/rules"
	is "frames" "$(frames_of "$netns_dir/edited")" 9600
	same "options" sorted_options made edited
	same "what stands beside frames" beside_frames made edited
}

test_frames_that_are_left_out_take_theirs_along() {
	pcapng make "$netns_dir/made" big
	run "$weir" split -i "$netns_dir/made" -c 10.0.0.0/8 --exclude=P:1-4 -o "$netns_dir/cache" \
		--out-client "$netns_dir/client" --out-server "$netns_dir/server"
	is "exit status" "$rc" 0
	is "options" "$(cat <(options client) <(options server))" "$(options made | tail -n 1)"
	same "what stands beside frames" beside_frames made client
	same "what stands beside frames" beside_frames made server
}

test_what_could_give_away_addresses_goes_with_them() {
	pcapng make "$netns_dir/made" little
	edit made --pnat=10.0.0.0/8:11.0.0.0/8
	same "options" options made edited
	is "beside frames" "$(beside_frames edited)" "$(beside_frames made | grep -v ^names)"
	for args in --no-notes --seed=3 "--anonymize=prefix --anonymize-key=$(printf '%064d' 7)"; do
		# shellcheck disable=SC2086 # words
		edit made $args
		is "comments" "$(grep -ac comment "$netns_dir/edited" || true)" 0
		is "kinds" "$(pcapng show "$netns_dir/edited" | cut -d ' ' -f 1 | sort -u | paste -s)" \
			"$(printf 'frame\tinterface\tsection')"
		is "names" "$(grep -ac client.example "$netns_dir/edited" || true)" 0
	done
}

run_tests
