#!/usr/bin/env bash
# Installs what the end-to-end tests need, on Debian and its kin: a real registry, and the tools that make and push images.
# It changes the machine only by `apt-get install` of the packages named below, and only when one is missing.
set -euo pipefail

packages=(docker-registry skopeo umoci buildah busybox-static apache2-utils openssl libfaketime)

missing=()
for package in "${packages[@]}"; do
  if [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
    missing+=("$package")
  fi
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "e2e set-up: all packages are there: ${packages[*]}"
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "e2e set-up: this machine has no apt-get; install these yourself: ${missing[*]}" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "e2e set-up: run as root to install: ${missing[*]}" >&2
  exit 1
fi
echo "e2e set-up: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
echo "e2e set-up: done"
