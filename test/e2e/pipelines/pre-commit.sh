#!/usr/bin/env bash
# Installs pre-commit from PyPI into a virtual environment in the cache of test/e2e/cluster/build.sh, once for each version.
#
#   pre-commit.sh           installs it when it is missing and prints the program
#   pre-commit.sh --where   prints it, and fails when it is missing
set -euo pipefail

version=4.7.0
. "$(dirname "$0")/../cluster/binaries/building.sh"

folder=$cache/pre-commit-$version
if [ ! -e "$folder/done" ]; then
  [ "${1:-}" != --where ] || fail "$folder is not there; run: bash test/e2e/setup.sh"
  say "installing pre-commit $version into $cache (once)"
  python3 -m venv --clear "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "pre-commit==$version"
  touch "$folder/done"
fi
printf '%s\n' "$folder/bin/pre-commit"
