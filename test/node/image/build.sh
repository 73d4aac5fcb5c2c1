#!/usr/bin/env bash
# Builds Outrider's image by the Dockerfile of a folder, on stand-ins for its base images (bases.sh), and writes it into an
# OCI archive.
#
#   build.sh FOLDER ARCHIVE
#
#   SOURCE_DATE_EPOCH   the time that the image and its files get, in seconds; that of the folder's last commit unless set
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)
archive=$2
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$folder" log -1 --format=%ct)}

bases=$(bash "$here/bases.sh")
log=$(mktemp)
storage=$(mktemp -d)
trap 'rm -rf "$log" "$storage"' EXIT

# Images of its own, so that two builds don't meet; the stand-ins are read out of theirs.
buildah_here() { buildah --root "$storage/root" --runroot "$storage/run" --storage-opt "overlay.imagestore=$bases/root" "$@"; }

# The user's registry and authorities for npm hold in the build, too.
mounts=()
settings=$(npm config get userconfig 2>/dev/null)
[ ! -f "$settings" ] || mounts+=(--volume "$settings:/root/.npmrc:ro")

if ! buildah_here build --quiet --pull-never --no-cache --network host --timestamp "$epoch" "${mounts[@]}" \
  --file "$folder/Dockerfile" --tag outrider "$folder" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
rm -f "$archive"
buildah_here push --quiet outrider "oci-archive:$archive:outrider" >&2
