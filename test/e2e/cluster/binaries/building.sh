# Sourced by the scripts that build binaries from Go modules into a cache outside the work tree.
#
#   OUTRIDER_TEST_CACHE   ${XDG_CACHE_HOME:-$HOME/.cache}/outrider-e2e unless set

cache=${OUTRIDER_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outrider-e2e}
case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64 | arm64) architecture=arm64 ;;
  *) architecture=$(uname -m) ;;
esac

say() { printf '%s\n' "$*" >&2; }
fail() { say "$(basename "$0"): $*"; exit 1; }

# module_version GO_MOD MODULE: the version that a go.mod requires.
module_version() {
  sed -n "s#^[[:space:]]*$2 \(v[^ ]*\).*#\1#p" "$1" | head -n 1
}

missing_in() {
  local folder=$1 binary missing=()
  shift
  for binary in "$@"; do
    [ -x "$folder/$binary" ] || missing+=("$binary")
  done
  printf '%s' "${missing[*]-}"
}

building=
work=
cleanup() {
  [ -z "$building" ] || kill "$building" 2>/dev/null || true
  [ -z "$work" ] || rm -rf "$work"
}

# start_building FOLDER…: makes the folders, waits for another build to end, and sets $work, which goes with the script.
start_building() {
  command -v go >/dev/null || fail "Go is needed (https://go.dev/dl)"
  mkdir -p "$@"
  # Each binary comes into its place whole, by a rename: without flock, two builds only do the work twice.
  local leftovers=(-maxdepth 1 -name '.building-*')
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
  trap cleanup EXIT
  trap 'exit 130' INT TERM HUP
  # A machine's settings for its own projects don't hold for these.
  export GOFLAGS= GOWORK=off CGO_ENABLED=0
}

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
