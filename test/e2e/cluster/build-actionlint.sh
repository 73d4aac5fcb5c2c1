#!/usr/bin/env bash
# Builds actionlint from its Go module into the cache of build.sh, once for each version.
#
#   build-actionlint.sh           builds it if it is missing and prints the program
#   build-actionlint.sh --where   prints it, and fails when it is missing
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/binaries/building.sh"

module=$here/binaries/actionlint
folder=$cache/actionlint-$(module_version "$module/go.mod" github.com/rhysd/actionlint)-$architecture
if [ ! -x "$folder/actionlint" ]; then
  [ "${1:-}" != --where ] || fail "$folder/actionlint is not there; run: bash test/e2e/setup.sh"
  start_building "$folder"
  say "building actionlint into $cache (once)"
  go_is_new_enough "$module"
  build "$module" github.com/rhysd/actionlint/cmd/actionlint "$folder/actionlint" -ldflags '-s -w'
fi
printf '%s\n' "$folder/actionlint"
