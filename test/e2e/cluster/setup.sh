#!/usr/bin/env bash
# Makes ready what the tests on a real API server need. Quick when it was done before; see build.sh for its settings.
set -euo pipefail
folder=$(bash "$(dirname "$0")/build.sh")
echo "cluster set-up: Kubernetes and etcd are in $folder"
bash "$(dirname "$0")/build-helm.sh" >/dev/null
bash "$(dirname "$0")/build-kustomize.sh" >/dev/null
echo "cluster set-up: helm and kustomize are there"
bash "$(dirname "$0")/build-promtool.sh" >/dev/null
echo "cluster set-up: promtool is there"
