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
committed_version=$(sed -n 's#^\tk8s\.io/kubernetes \(v[^ ]*\).*#\1#p' "$here/binaries/kubernetes/go.mod" | head -n 1)
etcd_version=$(sed -n 's#^\tgo\.etcd\.io/etcd/server/v3 \(v[^ ]*\).*#\1#p' "$here/binaries/etcd/go.mod" | head -n 1)
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

say() { printf '%s\n' "$*" >&2; }
fail() { say "build.sh: $*"; exit 1; }

missing_in() {
  local folder=$1 binary missing=()
  shift
  for binary in "$@"; do
    [ -x "$folder/$binary" ] || missing+=("$binary")
  done
  printf '%s' "${missing[*]-}"
}

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
case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64 | arm64) architecture=arm64 ;;
  *) architecture=$(uname -m) ;;
esac
cache=${OUTRIDER_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outrider-e2e}
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

mkdir -p "$folder" "$etcd_folder"
# Each binary comes into its place whole, by a rename: without flock, two builds only do the work twice.
leftovers=(-maxdepth 1 -name '.building-*')
if command -v flock >/dev/null; then
  exec 9>"$cache/.lock"
  if ! flock --nonblock 9; then
    say "another build is under way; waiting for it"
    flock 9
  fi
else
  leftovers+=(-mmin +240)
fi
find "$cache" "${leftovers[@]}" -exec rm -rf {} +
work=$(mktemp -d "$cache/.building-XXXXXX")
building=
cleanup() {
  [ -z "$building" ] || kill "$building" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# A machine's settings for its own projects don't hold for these.
export GOFLAGS= GOWORK=off CGO_ENABLED=0

# go_is_new_enough MODULE: with GOTOOLCHAIN=auto, Go's own default, an older Go fetches the one it needs here.
go_is_new_enough() {
  local needed found
  needed=$(sed -n 's/^go //p' "$1/go.mod")
  found=$(cd "$1" && go env GOVERSION 2>/dev/null | sed -n 's/.*\(go[0-9][0-9.]*\).*/\1/p') || true
  [ "$(printf '%s\n' "go$needed" "$found" | sort -V | tail -n 1)" = "$found" ] ||
    fail "Go $needed or newer is needed, this is $(cd / && go version 2>&1): https://go.dev/dl, or GOTOOLCHAIN=auto"
}

# build MODULE PACKAGE TARGET [FLAG…]
build() {
  local module=$1 package=$2 target=$3 name log started=$SECONDS
  shift 3
  name=$(basename "$target")
  if [ -x "$target" ]; then
    return
  fi
  log=$work/$name.log
  printf '  %-24s ' "$name" >&2
  (cd "$module" && exec nice -n 19 go build -mod=readonly -buildvcs=false -trimpath "$@" -o "$work/$name" "$package") >"$log" 2>&1 9>&- &
  building=$!
  while kill -0 "$building" 2>/dev/null; do
    sleep 1
    if (((SECONDS - started) % 15 == 14)); then printf '.' >&2; fi
  done
  if ! wait "$building"; then
    building=
    say "failed after $((SECONDS - started)) s"
    cat "$log" >&2
    exit 1
  fi
  building=
  mv "$work/$name" "$target"
  say "built in $((SECONDS - started)) s"
}

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
