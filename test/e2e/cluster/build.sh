#!/usr/bin/env bash
# Builds what a Kubernetes API server needs, from Go modules, into a cache outside the work tree, once for each version.
#
#   build.sh           builds what is missing and prints the folder with the binaries on standard output
#   build.sh --where   prints the folder, and fails when a binary is missing
#   --node             (with either) also what a node needs: kube-scheduler, kubelet, containerd and its shim, ctr
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
containerd_version=$(sed -n 's#^\tgithub\.com/containerd/containerd/v2 \(v[^ ]*\).*#\1#p' "$here/binaries/containerd/go.mod" | head -n 1)
kubernetes_binaries=(kube-apiserver kube-controller-manager kubectl)
containerd_binaries=()

only_where=false
for option in "$@"; do
  case $option in
    --where) only_where=true ;;
    --node)
      kubernetes_binaries+=(kube-scheduler kubelet)
      containerd_binaries=(containerd containerd-shim-runc-v2 ctr)
      ;;
    *) printf 'build.sh: unknown option %s\n' "$option" >&2; exit 2 ;;
  esac
done

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  needed=(kube-apiserver etcd kubectl)
  # A node needs all of its parts; the API server alone does without kube-controller-manager.
  [ "${#containerd_binaries[@]}" -eq 0 ] || needed=("${kubernetes_binaries[@]}" "${containerd_binaries[@]}" etcd)
  missing=$(missing_in "$KUBEBUILDER_ASSETS" "${needed[@]}")
  [ -z "$missing" ] || fail "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which lacks $missing"
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit 0
fi

[[ $version =~ ^v1\.[0-9]+\.[0-9]+$ ]] || fail "OUTRIDER_KUBERNETES_VERSION is '$version'; it looks like v1.36.3"
folder=$cache/kubernetes-$version-$architecture
etcd_folder=$cache/etcd-$etcd_version-$architecture
containerd_folder=$cache/containerd-$containerd_version-$architecture

missing=$(missing_in "$folder" "${kubernetes_binaries[@]}" ${containerd_binaries[@]+"${containerd_binaries[@]}"} etcd)
if [ -z "$missing" ]; then
  printf '%s\n' "$folder"
  exit 0
fi
if $only_where; then
  set_up=test/e2e/cluster/setup.sh
  [ "${#containerd_binaries[@]}" -eq 0 ] || set_up=test/node/setup.sh
  fail "$folder lacks $missing; run: bash $set_up"
fi

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

if [ "${#containerd_binaries[@]}" -gt 0 ]; then
  go_is_new_enough "$here/binaries/containerd"
  mkdir -p "$containerd_folder"
  for binary in "${containerd_binaries[@]}"; do
    build "$here/binaries/containerd" "github.com/containerd/containerd/v2/cmd/$binary" "$containerd_folder/$binary" \
      -tags 'no_btrfs no_devmapper no_zfs no_aufs' \
      -ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=$containerd_version"
    ln -sfn "../$(basename "$containerd_folder")/$binary" "$folder/$binary"
  done
fi
printf '%s\n' "$folder"
