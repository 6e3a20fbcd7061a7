# What the install tests share: results, and a bare Debian 12 root to install into.
# shellcheck shell=bash disable=SC2154

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
support=$checkout/Tests/Install/support
bare=$checkout/.build/debian-root

skip() { printf 'skipped: %s\n' "$*"; }

# check "sentence" COMMAND...: one test; on failure shows what the command and the last install said.
check() {
    local sentence=$1 said
    shift
    if said=$("$@" 2>&1); then
        printf 'ok: %s\n' "$sentence"
    else
        printf 'not ok: %s\n' "$sentence"
        { [[ -z $said ]] || printf '%s\n' "$said"; [[ ! -s $root/out ]] || cat "$root/out"; } | sed 's/^/    | /'
    fi
}

# Makes the bare root once; fails with a word when this machine cannot.
make_bare() {
    [[ $EUID -eq 0 ]] || { skip "a bare Debian root needs root"; return 1; }
    unshare --mount --pid --net --fork true 2>/dev/null || { skip "namespaces are not allowed here"; return 1; }
    [[ ! -d $bare ]] || return 0
    command -v debootstrap >/dev/null || { skip "debootstrap is not installed"; return 1; }
    rm -rf "$bare.part"
    mkdir -p "$bare.part"
    if ! debootstrap --variant=minbase bookworm "$bare.part" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$bare.log" 2>&1; then
        skip "debootstrap did not work: $(tail -n 1 "$bare.log")"
        return 1
    fi
    mv "$bare.part" "$bare"
}

# fresh_root NAME: sets `root` to a new copy of the bare root with install.sh in /dist, and no binary.
fresh_root() {
    root=$work/$1
    cp -a --reflink=auto "$bare" "$root"
    mkdir -p "$root/dist"
    cp "$checkout/install.sh" "$root/dist/"
}

# fake VERSION: puts a stand-in for the binary beside install.sh.
fake() {
    cc -static -O1 -o "$root/dist/rollcall" -DVERSION="\"$1\"" "$support/fake-rollcall.c"
}

fake_systemd() {
    mkdir -p "$root/run/systemd/system" "$root/etc/systemd/system"
    install -m 0755 "$support/fake-systemctl" "$root/usr/bin/systemctl"
}

# inside SCRIPT: runs it in the root, with its own processes and loopback; both end with it.
# What it prints is kept in $root/out.
inside() {
    # The inner shell expands these.
    # shellcheck disable=SC2016
    unshare --mount --pid --net --fork --kill-child bash -c '
        mount -t proc proc "$1/proc" && ip link set lo up
        exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$2"
    ' inside "$root" "$1" </dev/null >"$root/out" 2>&1
}

# fetch URL SCRIPT: runs SCRIPT in the root, as inside does, and prints what the URL answers within 60 s.
# The URL is fetched with this machine's curl, as the bare root has none.
fetch() {
    # shellcheck disable=SC2016
    unshare --mount --pid --net --fork --kill-child bash -c '
        mount -t proc proc "$1/proc" && ip link set lo up
        chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$3" \
            </dev/null >"$1/out" 2>&1 &
        for ((i = 0; i < 120; i++)); do
            if curl -fsk -m 5 "$2"; then exit 0; fi
            sleep 0.5
        done
        echo "no answer from $2"
        exit 1
    ' fetch "$root" "$1" "$2"
}

said() { grep -qF -- "$1" "$root/out"; }
# ends CODE COMMAND...: whether the command ends with exactly this code.
ends() {
    local want=$1 code=0
    shift
    "$@" || code=$?
    [[ $code -eq $want ]] || { printf 'code %s, not %s\n' "$code" "$want"; return 1; }
}
