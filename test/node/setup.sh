#!/usr/bin/env bash
# Makes ready what the tests on a real node need, on Debian and its kin: packages by `apt-get install`, only when one is
# missing, the Kubernetes and containerd binaries (see test/e2e/cluster/build.sh), helm, and what Outrider's image is built on.
# Quick when it was done before.
set -euo pipefail

packages=(runc containernetworking-plugins iptables catatonit iproute2 util-linux openssl
  docker-registry apache2-utils skopeo buildah debootstrap busybox-static gcc libc6-dev libcap2-bin libatomic1 libstdc++6)

missing=()
for package in "${packages[@]}"; do
  if [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
    missing+=("$package")
  fi
done
if [ "${#missing[@]}" -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "node set-up: this machine has no apt-get; install these yourself: ${missing[*]}" >&2
    exit 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    echo "node set-up: run as root to install: ${missing[*]}" >&2
    exit 1
  fi
  echo "node set-up: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
folder=$(bash "$(dirname "$0")/../e2e/cluster/build.sh" --node)
bash "$(dirname "$0")/../e2e/cluster/build-helm.sh" >/dev/null
node=$(bash "$(dirname "$0")/fetch-node.sh")
bash "$(dirname "$0")/image/bases.sh" >/dev/null
echo "node set-up: packages and helm are there; Kubernetes, etcd and containerd are in $folder; the image's node is $node"
