#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir run: a program gets weir's libraries and is otherwise as it was.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# Any library will do where nothing is asked of it.
some_library=$(realpath "${weir%/*}/libweir.so")

test_the_program_is_as_it_was() {
	run "$weir" run --lib="$some_library" -- sh -c 'exit 7'
	is "exit status" "$rc" 7
	run "$weir" run --lib="$some_library" printf '%s\n' --lib=x
	is "arguments" "$(cat "$out")" --lib=x
	run env LD_PRELOAD=libm.so.6 "$weir" run -l "$some_library" printenv LD_PRELOAD
	is "libraries" "$(cat "$out")" "libm.so.6:$some_library"
	run "$weir" run -l "$some_library" printenv LD_PRELOAD WEIR_PROGRAM
	is "libraries" "$(cat "$out")" "$some_library
$(realpath "$weir")"
	run env WEIR_NETMAP_LIB="$some_library" "$weir" run printenv LD_PRELOAD
	is "libraries" "$(cat "$out")" "$some_library"
}

test_a_library_that_is_not_there_is_told() {
	run "$weir" run --lib="$netns_dir/none.so" true
	is "exit status" "$rc" 1
	says "$err" 'none.so: No such file'
	run "$weir" run --lib="$0" true
	is "exit status" "$rc" 1
	says "$err" 'is no shared library'
	cp "$some_library" "$netns_dir/a:b.so"
	run "$weir" run --lib="$netns_dir/a:b.so" true
	is "exit status" "$rc" 1
	says "$err" 'a blank or a colon'
}

test_a_program_that_no_library_gets_into_is_refused() {
	local alone=$WEIR_E2E_PROGRAMS/alone

	run "$weir" run --lib="$some_library" no-such-program
	is "exit status" "$rc" 127
	says "$err" "there is no program 'no-such-program'"
	run "$weir" run --lib="$some_library" "$netns_dir"
	is "exit status" "$rc" 126
	run "$weir" run --lib="$some_library" "$alone"
	is "exit status" "$rc" 126
	says "$err" 'statically linked'
	printf '#!%s\n' "$alone" >"$netns_dir/script"
	chmod 755 "$netns_dir/script"
	run "$weir" run --lib="$some_library" "$netns_dir/script"
	is "exit status" "$rc" 126
	says "$err" 'statically linked'
}

test_a_program_with_other_rights_is_refused() {
	local who=(setpriv --reuid=65534 --regid=65534 --clear-groups)

	nobody_places
	cp "$some_library" "$netns_dir/some.so"
	cp "$(type -P true)" "$netns_dir/other"
	chmod 4755 "$netns_dir/other"
	run "${who[@]}" "$netns_dir/weir" run --lib="$netns_dir/some.so" "$netns_dir/other"
	is "exit status" "$rc" 126
	says "$err" 'other is set-user-ID'
	run "$weir" run --lib="$some_library" "$netns_dir/other"
	is "exit status of root" "$rc" 0
	# To whom new rights are refused anyway, the loader gives what they want.
	run "${nobody[@]}" "$netns_dir/weir" run --lib="$netns_dir/some.so" "$netns_dir/other"
	is "exit status without new rights" "$rc" 0
	chmod 755 "$netns_dir/other"
	run "${who[@]}" "$netns_dir/weir" run --lib="$netns_dir/some.so" "$netns_dir/other"
	is "exit status" "$rc" 0
}

run_tests
