#!/usr/bin/env bash
# Builds promtool, which tests alerting rules, from its Go module into the cache of build.sh, once for each version.
#
#   build-promtool.sh           builds it where it is missing and prints the program
#   build-promtool.sh --where   prints it, and fails when it is missing
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/binaries/building.sh"

module=$here/binaries/promtool
folder=$cache/promtool-$(module_version "$module/go.mod" github.com/prometheus/prometheus)-$architecture
program=$folder/promtool
if [ ! -x "$program" ]; then
  [ "${1:-}" != --where ] || fail "$program is not there; run: bash test/e2e/cluster/setup.sh"
  start_building "$folder"
  say "building promtool into $cache (once; a few minutes of CPU time from nothing)"
  go_is_new_enough "$module"
  # Without the clients of all the clouds that Prometheus finds targets in: rules are tested without any.
  build "$module" github.com/prometheus/prometheus/cmd/promtool "$program" -tags remove_all_sd -ldflags '-s -w'
fi
printf '%s\n' "$program"
