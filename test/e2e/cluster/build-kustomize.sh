#!/usr/bin/env bash
# Builds kustomize from its Go module into the cache of build.sh, once for each version.
#
#   build-kustomize.sh           builds it when it is missing and prints the program
#   build-kustomize.sh --where   prints it, and fails when it is missing
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/binaries/building.sh"

module=$here/binaries/kustomize
version=$(module_version "$module/go.mod" sigs.k8s.io/kustomize/kustomize/v5)
folder=$cache/kustomize-$version-$architecture
if [ ! -x "$folder/kustomize" ]; then
  [ "${1:-}" != --where ] || fail "$folder/kustomize is not there; run: bash test/e2e/cluster/setup.sh"
  start_building "$folder"
  say "building kustomize into $cache (once; a minute of CPU time from nothing)"
  go_is_new_enough "$module"
  build "$module" sigs.k8s.io/kustomize/kustomize/v5 "$folder/kustomize" -ldflags '-s -w'
fi
printf '%s\n' "$folder/kustomize"
