#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What "make install" installs can be used: the program runs, and the examples compile with
# nothing but pkg-config and run with the shared library.
set -euo pipefail

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
meson install -C "$WEIR_BUILD" --no-rebuild --quiet --destdir "$root"
prefix=$root$(meson introspect --buildoptions "$WEIR_BUILD" |
	python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
pc=$(find "$root" -name weir.pc)
export LD_LIBRARY_PATH=${pc%/pkgconfig/weir.pc}

n=0
failed=0
check() { # NAME COMMAND...
	n=$((n + 1))
	if "${@:2}" >"$root/log" 2>&1; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$root/log"
		failed=1
	fi
}

check "program runs" "$prefix/bin/weir" --version
check "manual is there" test -s "$prefix/share/man/man1/weir.1"
check "libraries for other programs are found" sh -c "env -u WEIR_PCAP_LIB '$prefix/bin/weir' run \
	printenv LD_PRELOAD | grep -q '$prefix/.*/libweir-netmap.*:$prefix/.*/libweir-pcap'"
check "old name is a link" test -L "$prefix/libexec/weir/tcpreplay"

export PKG_CONFIG_PATH=${pc%/weir.pc}
package() { # ARGUMENTS-OF-PKG-CONFIG
	PKG_CONFIG_SYSROOT_DIR=$root pkg-config "$@"
}
read -ra flags < <(package --cflags --libs weir)
for name in list send; do
	check "$name.c compiles" gcc -o "$root/$name" "$WEIR_SOURCE/examples/$name.c" "${flags[@]}"
done
# With weir's own name for the netmap API, and with the one that programs for it know.
read -ra flags < <(package --cflags --libs weir-netmap)
check "netmap.c compiles" gcc -o "$root/netmap" "$WEIR_SOURCE/examples/netmap.c" "${flags[@]}"
read -ra flags < <(package --cflags weir-netmap)
check "netmap.c compiles with -lnetmap" gcc -o "$root/netmap" "$WEIR_SOURCE/examples/netmap.c" \
	"${flags[@]}" -L"$root$(pkg-config --variable=netmaplibdir weir-netmap)" -lnetmap
check "list runs" "$root/list" "$WEIR_SOURCE/tests/data/web.pcap"
check "send runs" "$root/send" "$WEIR_SOURCE/tests/data/web.pcap" null: 100
echo "1..$n"
exit $failed
