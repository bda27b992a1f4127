#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# PROGRAM...: runs it with switches of its own, which are gone in the end.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export WEIR_RUNTIME_DIR=$dir WEIR_PROGRAM=$WEIR
bash "${BASH_SOURCE%/*}/../support/cmocka-tap.sh" "$@"
