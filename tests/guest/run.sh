#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Tests that need a device which no machine has: boots one of Debian's kernels in an emulated
# machine, with weir, hwtsim.ko and hwtime.sh in its memory, and prints the TAP that comes out.
# Needs what fetch.sh gets; says so otherwise.
set -euo pipefail
here=$(realpath "${BASH_SOURCE%/*}")
weir=${WEIR:-$here/../../build/weir}
build=${WEIR_BUILD:-$here/../../build}/tests/guest
kernels=$("$here/fetch.sh" --where)
patience=280 # seconds that the whole may take on a busy machine

skip() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}

for tool in qemu-system-x86_64 gcc-12 make; do
	command -v "$tool" >/dev/null || skip "there is no $tool (tests/guest/fetch.sh)"
done
headers=$(echo "$kernels"/usr/src/linux-headers-*-amd64)
kernel=$(echo "$kernels"/boot/vmlinuz-*)
busybox=$kernels/bin/busybox
for file in "$kernel" "$headers" "$busybox"; do
	[ -e "$file" ] || skip "there is no kernel to boot (tests/guest/fetch.sh)"
done

make_module() {
	local made=$build/module/hwtsim.ko
	[ "$made" -nt "$here/hwtsim.c" ] && [ "$made" -nt "$headers" ] && return
	rm -rf "$build/module"
	mkdir -p "$build/module"
	cp "$here/hwtsim.c" "$here/Kbuild" "$build/module"
	# Debian's vmlinux is not there to be asked for types.
	make -s -C "$headers" M="$build/module" CONFIG_DEBUG_INFO_BTF_MODULES= modules
	strip -g "$made"
}

# FILE...: the libraries that programs or libraries load.
libraries_of() {
	ldd "$@" | sed -nE 's,^[^/]*(/[^ ]+) \(.*,\1,p' | sort -u
}

# What weir loads when it has a filter.
libpcap() {
	/sbin/ldconfig -p | sed -nE 's,.*libpcap\.so\.0\.8 .*x86-64.*=> ,,p' | head -n 1
}

copy_programs() { # PROGRAM...
	local library pcap
	pcap=$(libpcap)
	cp -L "$@" "$root/bin"
	for library in "$pcap" $(libraries_of "$pcap" "$@"); do
		mkdir -p "$root${library%/*}"
		cp -L "$library" "$root$library"
	done
}

make_memory() {
	local root=$build/root
	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,proc,sys,tmp}
	cp "$busybox" "$build/module/hwtsim.ko" "$here/hwtime.sh" "$root"
	mv "$root/busybox" "$root/bin"
	install -m 755 "$here/init" "$root/init"
	copy_programs "$weir" /bin/bash
	"$weir" gen 'Ether(dst="02:00:00:00:00:01")/IP()/UDP(dport=(1,200))' -w "$root/frames.pcap" >/dev/null
	(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$build/memory"
}

mkdir -p "$build"
make_module >"$build/module.log" 2>&1 || { cat "$build/module.log" >&2; exit 1; }
make_memory
timeout "$patience" qemu-system-x86_64 -M pc -accel tcg -cpu Nehalem -smp 2 -m 512 -nographic -nic none \
	-no-reboot -kernel "$kernel" -initrd "$build/memory" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr cryptomgr.notests ipv6.disable=1" \
	</dev/null 2>&1 | tr -d '\r' >"$build/console" || echo "# the machine did not end by itself"
grep -E '^(ok|not ok|#|1\.\.)' "$build/console" || { cat "$build/console" >&2; exit 1; }
