#!/bin/sh
# Process 1 of a test cluster's PID namespace, started by `unshare --net --mount --pid --fork --kill-child`: makes the
# network and the mounts, says its process id outside in $D/pid, and then only reaps. All of it goes when it is killed.
#   namespaces.sh STATE_FOLDER NODE_ADDRESS NODE_NAME REGISTRY_NAME
set -eu
D=$1 address=$2 node=$3 registry=$4

# /proc still is that of the PID namespace outside.
read -r pid _ </proc/self/stat
mount -t proc proc /proc

# Links of our own. The kubelet and the API server look for a default route; a bridge takes the place of a network card.
ip link set lo up
ip link add ext0 type bridge
ip address add "$address/24" dev ext0
ip link set ext0 up
ip route add default via "${address%.*}.254" dev ext0
# Where pods find kubernetes.default, with no kube-proxy.
ip address add 10.96.0.1/32 dev ext0

# What is written outside the state folder stays in this mount namespace.
for folder in etc opt var usr/libexec; do
  mkdir -p "/$folder" "$D/over/$folder/upper" "$D/over/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$D/over/$folder/upper,workdir=$D/over/$folder/work" "/$folder"
done
mount -t tmpfs -o mode=0755 tmpfs /run
# Its own sysctls, for those of the kernel that the kubelet sets: nothing of the machine is changed.
mkdir "$D/sysctl"
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  [ -e "/proc/sys/$name" ] || continue
  copy=$D/sysctl/$(echo "$name" | tr / .)
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done
echo "$address $node $registry" >>/etc/hosts

echo "$pid" >"$D/pid.new"
mv "$D/pid.new" "$D/pid"
exec catatonit -P
