#!/usr/bin/env bash
# Builds what a Kubernetes API server needs, from Go modules, into a cache outside the work tree, once for each version.
#
#   build.sh           builds what is missing and prints the folder with the binaries on standard output
#   build.sh --where   prints the folder, and fails when a binary is missing
#
#   KUBEBUILDER_ASSETS            a folder with kube-apiserver, etcd and kubectl: taken as it is, nothing is built
#   OUTRIDER_KUBERNETES_VERSION   v1.36.3 unless set
#   OUTRIDER_TEST_CACHE           ${XDG_CACHE_HOME:-$HOME/.cache}/outrider-e2e unless set
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/binaries/building.sh"
committed_version=$(module_version "$here/binaries/kubernetes/go.mod" k8s.io/kubernetes)
etcd_version=$(module_version "$here/binaries/etcd/go.mod" go.etcd.io/etcd/server/v3)
version=${OUTRIDER_KUBERNETES_VERSION:-$committed_version}
kubernetes_binaries=(kube-apiserver kube-controller-manager kubectl)

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  missing=$(missing_in "$KUBEBUILDER_ASSETS" kube-apiserver etcd kubectl)
  [ -z "$missing" ] || fail "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which lacks $missing"
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit 0
fi

[[ $version =~ ^v1\.[0-9]+\.[0-9]+$ ]] || fail "OUTRIDER_KUBERNETES_VERSION is '$version'; it looks like v1.36.3"
folder=$cache/kubernetes-$version-$architecture
etcd_folder=$cache/etcd-$etcd_version-$architecture

missing=$(missing_in "$folder" "${kubernetes_binaries[@]}" etcd)
if [ -z "$missing" ]; then
  printf '%s\n' "$folder"
  exit 0
fi
[ "${1:-}" != --where ] || fail "$folder lacks $missing; run: bash test/e2e/cluster/setup.sh"

command -v go >/dev/null ||
  fail "Go is needed to build $missing (https://go.dev/dl); or set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl"
start_building "$folder" "$etcd_folder"

say "building Kubernetes $version and etcd $etcd_version into $cache (once; about 15 minutes of CPU time from nothing)"
module=$here/binaries/kubernetes
if [ "$version" != "$committed_version" ]; then
  module=$work/module
  say "  making a Go module for $version"
  bash "$here/binaries/module.sh" "$version" "$module" >"$work/module.log" 2>&1 || {
    cat "$work/module.log" >&2
    fail "there is no Go module for Kubernetes $version"
  }
fi
go_is_new_enough "$module"
go_is_new_enough "$here/binaries/etcd"

build "$here/binaries/etcd" go.etcd.io/etcd/server/v3 "$etcd_folder/etcd" -ldflags '-s -w'
ln -sfn "../$(basename "$etcd_folder")/etcd" "$folder/etcd"

# Without its version in it a server calls itself v0.0.0, and clients complain about the skew.
[[ $version =~ ^v1\.([0-9]+)\. ]]
stamp=k8s.io/component-base/version
ldflags="-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=${BASH_REMATCH[1]} -X $stamp.gitTreeState=clean"
for binary in "${kubernetes_binaries[@]}"; do
  build "$module" "k8s.io/kubernetes/cmd/$binary" "$folder/$binary" -ldflags "$ldflags"
done
printf '%s\n' "$folder"
