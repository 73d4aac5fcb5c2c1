#!/usr/bin/env bash
# Builds helm 4 and helm 3 from Go modules into the cache of build.sh, once for each version.
#
#   build-helm.sh           builds what is missing and prints the two programs, helm 4 first
#   build-helm.sh --where   prints them, and fails when one is missing
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/binaries/building.sh"

programs=()
folders=()
missing=()
for major in 4 3; do
  version=$(module_version "$here/binaries/helm$major/go.mod" "helm.sh/helm/v$major")
  folders+=("$cache/helm-$version-$architecture")
  programs+=("${folders[-1]}/helm")
  [ -x "${programs[-1]}" ] || missing+=("$major")
done
if [ "${#missing[@]}" != 0 ]; then
  [ "${1:-}" != --where ] || fail "${programs[*]}: not all are there; run: bash test/e2e/cluster/setup.sh"
  start_building "${folders[@]}"
  say "building helm into $cache (once; a few minutes of CPU time from nothing)"
  for index in 0 1; do
    module=$here/binaries/helm$((4 - index))
    go_is_new_enough "$module"
    build "$module" "helm.sh/helm/v$((4 - index))/cmd/helm" "${programs[index]}" -ldflags '-s -w'
  done
fi
printf '%s\n' "${programs[@]}"
