#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Gets what run.sh boots: one of Debian's kernels, its headers and busybox, unpacked and not
# installed, into ~/.cache/weir/guest or $WEIR_GUEST.
#
#	tests/guest/fetch.sh [SUITE]	the kernel of bookworm-backports, or of that suite
#	tests/guest/fetch.sh --where	only says where they are, or would be
set -euo pipefail
where=${WEIR_GUEST:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/guest}
[ "${1-}" != --where ] || { echo "$where"; exit 0; }
suite=${1:-bookworm-backports}

new=$where.new
rm -rf "$new"
mkdir -p "$new/lists/partial"
trap 'rm -rf "$new"' EXIT
# Lists of our own, from where the machine has its packages: its lists stay as they are.
# shellcheck disable=SC2016 # apt-get's variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Release: bookworm' |
	head -n 1)
for name in bookworm "$suite"; do
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $name main"
done | sort -u >"$new/sources.list"
options=(-q -o Dir::Etc::sourcelist="$new/sources.list" -o Dir::Etc::sourceparts=-
	-o Dir::State::lists="$new/lists" -o APT::Default-Release="$suite" -o APT::Sandbox::User=root)

# PACKAGE REGEX: what of that name it depends on.
depends() {
	apt-cache "${options[@]}" depends "$1" | sed -nE "s/^ *Depends: ($2)\$/\1/p"
}

apt-get "${options[@]}" update >&2
image=$(depends linux-image-amd64 'linux-image-[^ ]*-amd64')
headers=$(depends linux-headers-amd64 'linux-headers-[^ ]*-amd64')
mapfile -t packages < <(depends "$headers" 'linux-headers-[^ ]*-common|linux-kbuild-[^ ]*')
packages+=("$image" "$headers" busybox-static)
cd "$new"
apt-get "${options[@]}" download "${packages[@]}" >&2
for package in *.deb; do
	dpkg -x "$package" tree
done
# The modules are not needed, and are most of it.
rm -rf tree/lib/modules tree/usr/lib/modules tree/usr/share/doc
sed -i "s|include /usr/src|include $where/usr/src|" tree/usr/src/linux-headers-*-amd64/Makefile
rm -rf "$where"
mv tree "$where"
echo "fetch: $image is in $where" >&2
