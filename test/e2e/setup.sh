#!/usr/bin/env bash
# Installs what the end-to-end tests need, on Debian and its kin: a real registry, the tools that make and push images, the
# shells that are completed in, the Node.js that the single executable is made of, actionlint, and pre-commit from PyPI. It changes the
# machine only by `apt-get install` of the packages named below, and only when one is missing.
set -euo pipefail

bash "$(dirname "$0")/../node/fetch-node.sh" >/dev/null
bash "$(dirname "$0")/cluster/build-actionlint.sh" >/dev/null

packages=(docker-registry git jq python3-venv skopeo umoci buildah busybox-static apache2-utils openssl libfaketime zsh fish bsdutils)

missing=()
for package in "${packages[@]}"; do
  if [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
    missing+=("$package")
  fi
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "e2e set-up: all packages are there: ${packages[*]}"
  bash "$(dirname "$0")/pipelines/pre-commit.sh" >/dev/null
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
bash "$(dirname "$0")/pipelines/pre-commit.sh" >/dev/null
echo "e2e set-up: done"
