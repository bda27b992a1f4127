# SPDX-License-Identifier: BSD-2-Clause
# Short names for what meson and the scripts in tools/ do. See HACKING.md.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
MESON_FLAGS ?=

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo "meson is missing: try 'make setup'"; exit 1; }
	meson setup $(MESON_FLAGS) $(BUILD)

setup:
	tools/setup build

demo:
	tools/setup build demo
	$(MAKE) all
	tools/demo.sh $(BUILD)/weir

test:
	tools/test.sh

bench:
	tools/setup build bench
	$(MAKE) all
	tests/bench/run.sh $(BUILD)
	tests/bench/run-vale.sh $(BUILD)

# Tests in an emulated machine, with one of Debian's kernels and a module of our own.
guest:
	tools/setup build test guest
	tests/guest/fetch.sh
	$(MAKE) all
	meson test -C $(BUILD) --suite guest --verbose

fuzz:
	tools/setup build test
	tools/fuzz.sh

install: all
	meson configure -Dprefix=$(abspath $(PREFIX)) $(BUILD)
	$(if $(DESTDIR),DESTDIR=$(abspath $(DESTDIR))) meson install -C $(BUILD)

format:
	clang-format -i $$(tools/sources.sh c)

clean:
	rm -rf $(BUILD) build-asan build-tsan build-fuzz

.PHONY: all setup demo test bench guest fuzz install format clean
