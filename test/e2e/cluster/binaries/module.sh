#!/usr/bin/env bash
# Writes the Go module that builds a version of Kubernetes: module.sh VERSION FOLDER, say `module.sh v1.36.3 kubernetes`.
#
# `go install k8s.io/kubernetes/cmd/kube-apiserver@VERSION` refuses to, since its go.mod has replacements: the staging
# modules (k8s.io/api and so on) are folders of its repository there. Published they are v0.MINOR.PATCH of the same minor
# and patch, so that is what each of them is replaced by here.
set -euo pipefail

version=$1
folder=$2
tools=(kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet)
oldest_go_with_tool_lines=1.24.0

mkdir -p "$folder"
cd "$folder"
printf 'module outrider.test/kubernetes\n' >go.mod
rm -f go.sum
# -mod=mod, because a machine may set -mod=readonly for all of its Go projects.
export GOFLAGS=-mod=mod GOWORK=off
downloaded=$(go mod download -json "k8s.io/kubernetes@$version") || {
  printf '%s\n' "$downloaded" >&2
  exit 1
}
upstream=$(sed -n 's/^[[:space:]]*"GoMod": "\(.*\)",*$/\1/p' <<<"$downloaded")

go_version=$(sed -n 's/^go //p' "$upstream")
if [ "$(printf '%s\n' "$oldest_go_with_tool_lines" "$go_version" | sort -V | head -n 1)" != "$oldest_go_with_tool_lines" ]; then
  go_version=$oldest_go_with_tool_lines
fi
{
  printf 'module outrider.test/kubernetes\n\ngo %s\n' "$go_version"
  sed -n 's/^godebug \(default=.*\)$/\ngodebug \1/p' "$upstream"
  printf '\ntool (\n'
  printf '\tk8s.io/kubernetes/cmd/%s\n' "${tools[@]}"
  printf ')\n\nrequire k8s.io/kubernetes %s\n\nreplace (\n' "$version"
  sed -n "s#^\t\(k8s\.io/[^ ]*\) v0\.0\.0\( // indirect\)*\$#\t\1 => \1 v0${version#v1}#p" "$upstream"
  printf ')\n'
} >go.mod
go mod tidy
