#!/usr/bin/env bash
# Makes stand-ins for the base images that the Dockerfile names, under their names, where buildah finds them without
# asking a registry: Debian by debootstrap, Node 26 and npm out of npm's packages. Once for each version of this script,
# of the names and of Node; kept beside the binaries of test/e2e/cluster/build.sh. Prints the folder of buildah's storage.
set -euo pipefail

here=$(dirname "$0")
. "$here/../../e2e/cluster/binaries/building.sh"

node=$(bash "$here/../fetch-node.sh")
names=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$here/../../../Dockerfile")
key=$({ cat "$0"; printf '%s\n' "$names"; "$node" --version; npm --version; } | sha256sum | cut -c 1-12)
storage=$cache/image-bases-$key

stand_in() { buildah --root "$storage/root" --runroot "$storage/run" "$@"; }
keep() { # CONTAINER NAME
  stand_in commit --quiet "$1" "$2" >/dev/null
  stand_in rm "$1" >/dev/null
}

make_debian() { # SUITE NAME
  local container
  debootstrap --variant=minbase "$1" "$work/debian" >"$work/log" 2>&1 || fail "debootstrap: $(tail -n 5 "$work/log")"
  container=$(stand_in from scratch)
  stand_in add --quiet "$container" "$work/debian" / >/dev/null
  keep "$container" "$2"
}

make_node() { # DEBIAN NAME
  local container root modules=usr/local/lib/node_modules authorities=etc/ssl/certs/ca-certificates.crt
  (cd "$work" && npm pack --silent "npm@$(npm --version)" >/dev/null && tar -xzf npm-*.tgz)
  container=$(stand_in from --pull-never "$1")
  root=$(stand_in mount "$container")
  install -D -t "$root/usr/local/bin" "$node"
  install -D -t "$root/usr/local/lib" $(libraries | grep -E '/lib(atomic|stdc\+\+|gcc_s)\.so')
  mkdir -p "$root/$modules"
  mv "$work/package" "$root/$modules/npm"
  chmod +x "$root/$modules/npm/bin/npm-cli.js"
  ln -s "/$modules/npm/bin/npm-cli.js" "$root/usr/local/bin/npm"
  chroot "$root" ldconfig
  # A machine behind a gateway of its own has an authority of its own.
  if [ -f "/$authorities" ]; then
    install -D -m 0644 "/$authorities" "$root/$authorities"
    stand_in config --env "npm_config_cafile=/$authorities" "$container"
  fi
  stand_in umount "$container" >/dev/null
  keep "$container" "$2"
}

make_distroless() { # NAME
  local container root library
  container=$(stand_in from scratch)
  root=$(stand_in mount "$container")
  install -D -t "$root/nodejs/bin" "$node"
  for library in $(libraries); do
    install -D "$library" "$root$library"
  done
  install -d -m 1777 "$root/tmp"
  install -d "$root/etc"
  printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' \
    >"$root/etc/passwd"
  install -d -o 65532 -g 65532 "$root/home/nonroot"
  stand_in umount "$container" >/dev/null
  stand_in config --user 65532 --workingdir /home/nonroot "$container"
  keep "$container" "$1"
}

# Node's libraries and loader, at the paths where it looks for them on this machine.
libraries() { ldd "$node" | sed -n 's#.*[[:space:]]\(/[^ ]*\) (0x.*#\1#p'; }

make_stand_ins() {
  local name tag debian= debian_tag=
  for name in $names; do
    tag=${name##*:}
    say "image set-up: making a stand-in for $name"
    case $name in
      */library/debian:*-slim)
        debian=$name
        debian_tag=$tag
        make_debian "${tag%-slim}" "$name"
        ;;
      */library/node:*-slim)
        [ "${tag#*-}" = "$debian_tag" ] || fail "$name is not of the Debian of ${debian:-no stage before it}"
        make_node "$debian" "$name"
        ;;
      */distroless/nodejs*) make_distroless "$name" ;;
      *) fail "the Dockerfile names $name, for which there is no stand-in" ;;
    esac
  done
}

if [ ! -f "$storage/done" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/.image-lock"
  flock 9
fi
if [ ! -f "$storage/done" ]; then
  work=$(mktemp -d)
  trap cleanup EXIT
  rm -rf "$cache"/image-bases-*
  mkdir -p "$storage"
  make_stand_ins
  touch "$storage/done"
fi
printf '%s\n' "$storage"
