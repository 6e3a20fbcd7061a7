#!/usr/bin/env bash
# Puts Rollcall on a Linux box, and builds, tests and packs it. `./install.sh --help` lists the ways.
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
settings_file=/etc/rollcall.conf
unit_file=/etc/systemd/system/rollcall.service
avahi_file=/etc/avahi/services/rollcall.service
user=rollcall

usage() {
    cat <<'HELP'
Usage: ./install.sh [options]        install Rollcall on this box; run again to upgrade (needs root)
       ./install.sh --run [--port N] build and serve the demo office on this machine only
       ./install.sh --test [--quick] get what is needed to build and test, then run every test
       ./install.sh --package        make dist/rollcall-<version>-linux-<arch>.tar.gz
       ./install.sh --uninstall      remove the program; the data folder stays

Options of install (kept in /etc/rollcall.conf for the next time):
  --port N          port to serve on (8443)
  --host ADDRESS    IP address to serve on (0.0.0.0: every network of this box)
  --data DIR        data folder (/var/lib/rollcall)
  --prefix DIR      the program goes to DIR/bin (/usr/local)
  --tls WHAT        auto (own local CA), off, or CERT:KEY (two PEM files) (auto)

--test --quick leaves out the release package and the install tests that need it.
HELP
}

say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }

# die CODE WHAT NEXT: says what is wrong and what to do next. Codes are those of sysexits.h.
die() {
    warn "$2"
    [[ -z ${3:-} ]] || printf '  %s\n' "$3" >&2
    exit "$1"
}

have() { command -v "$1" >/dev/null 2>&1; }
has_systemd() { [[ -d /run/systemd/system ]] && have systemctl; }

# ---------------------------------------------------------------- settings

# Each is read by its name in load_settings.
# shellcheck disable=SC2034
forget_given() { given_port='' given_host='' given_data='' given_prefix='' given_tls=''; }
forget_given
port='' host='' data='' prefix='' tls=''

saved() { [[ ! -r $settings_file ]] || sed -n "s/^ROLLCALL_$1=//p" "$settings_file" | tail -n 1; }

# What was asked for now, else what the last install used, else the defaults.
load_settings() {
    local name value
    for name in port host data prefix tls; do
        value=given_$name
        value=${!value}
        [[ -n $value ]] || value=$(saved "${name^^}")
        printf -v "$name" '%s' "$value"
    done
    port=${port:-8443} host=${host:-0.0.0.0} data=${data:-/var/lib/rollcall}
    prefix=${prefix:-/usr/local} tls=${tls:-auto}
    binary=$prefix/bin/rollcall
}

check_settings() {
    [[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65535 ]] ||
        die 64 "--port $port is not a port." "Give a number from 1 to 65535."
    [[ $host =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}$ || $host == *:* && $host =~ ^[0-9A-Fa-f:.]+$ ]] ||
        die 64 "--host $host is not an IP address." "Give one of this box, or 0.0.0.0 for all."
    local dir
    for dir in "$data" "$prefix"; do
        [[ $dir =~ ^/[A-Za-z0-9._/-]+$ && $dir != *..* ]] ||
            die 64 "Folder $dir cannot be used." "Give a full path of letters, digits, . _ and - only."
    done
    case $data/ in
        /home/* | /root/* | /tmp/* | /var/tmp/*)
            die 64 "The service cannot see folders under /home, /root and /tmp: $data" \
                "Choose another data folder, such as /var/lib/rollcall or /srv/rollcall." ;;
    esac
    [[ $tls =~ ^(auto|off|/[A-Za-z0-9._/-]+:/[A-Za-z0-9._/-]+)$ ]] ||
        die 64 "--tls $tls is not understood." "Give auto, off, or CERT:KEY with full paths."
    [[ $tls != /* ]] || [[ -r ${tls%%:*} && -r ${tls#*:} ]] ||
        die 66 "Cannot read the TLS files $tls." "Check both paths."
}

need_root() {
    [[ $EUID -eq 0 ]] || die 77 "This needs root." \
        "Run: sudo ./install.sh${*:+ $*}    Only a look, no root needed: ./install.sh --run"
}

# need_space DIR MEGABYTES FOR: stops when the disk that will hold DIR has less than that free.
need_space() {
    local dir=$1 free
    while [[ ! -d $dir ]]; do dir=$(dirname "$dir"); done
    free=$(($(df --output=avail -k "$dir" | tail -n 1) / 1024))
    [[ $free -ge $2 ]] || die 74 "Not enough disk space in $dir for $3: $2 MB needed, $free MB free." \
        "Free some space and run this again. Nothing was changed."
}

# listener PORT: prints "name (process N)" of the program that listens there; fails when none does.
listener() {
    local inode pid
    inode=$(awk -v want=":$(printf '%04X' "$1")" \
        '$4 == "0A" && substr($2, length($2) - 4) == want { print $10; exit }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null) || true
    [[ -n $inode ]] || return 1
    pid=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null | cut -d / -f 3) || true
    [[ -n $pid ]] || { say "another program"; return 0; }
    say "$(cat "/proc/$pid/comm" 2>/dev/null || true) (process $pid)"
}

# Process numbers of the installed program, one a line.
running() {
    local exe link
    for exe in /proc/[0-9]*/exe; do
        link=$(readlink "$exe" 2>/dev/null) || continue
        [[ ${link% (deleted)} != "$binary" ]] || cut -d / -f 3 <<<"$exe"
    done
}

# ---------------------------------------------------------------- building

# What Swift itself needs on Debian, then the libraries that Rollcall links.
build_packages=(binutils ca-certificates gcc git libc6-dev libcurl4 libedit2 libncurses6 libpython3.11
    libsqlite3-0 libstdc++-12-dev libxml2 pkg-config tzdata
    libarchive-dev libbz2-dev liblz4-dev liblzma-dev libsqlite3-dev libzstd-dev
    nettle-dev zlib1g-dev)

# as_owner COMMAND...: under sudo, builds as the person who called, so that the checkout stays his.
as_owner() {
    if [[ $EUID -eq 0 && -n ${SUDO_USER:-} && ${SUDO_USER:-} != root ]]; then
        sudo -u "$SUDO_USER" -H env PATH="$PATH" "$@"
    else
        "$@"
    fi
}

missing_packages() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || say "$package"
    done
}

# get_packages NAME...: installs those that are missing.
get_packages() {
    have dpkg-query || { warn "Not a Debian system: make sure of the like of: $*"; return 0; }
    local missing root=()
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $EUID -ne 0 ]]; then
        have sudo || die 77 "Packages are missing and only root can install them." \
            "As root: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${root[@]}" apt-get -q -o Acquire::Retries=3 update || warn "apt-get update had errors; going on."
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 \
        install --no-install-recommends "${missing[@]}" </dev/null ||
        die 69 "apt-get could not install what is missing." "Read its message above, then run this again."
}

find_swift() {
    have swift || [[ ! -x /opt/swift/usr/bin/swift ]] || PATH=/opt/swift/usr/bin:$PATH
    hint="Install Swift 6.3 from https://www.swift.org/install/linux/ and put it on PATH (under sudo:
  sudo env PATH=\"\$PATH\" ./install.sh), or use the packaged tarball, which needs no Swift."
    have swift || die 69 "Swift is not on this machine and no rollcall binary is beside install.sh." "$hint"
}

need_swift() {
    local hint version
    find_swift
    version=$({ swift --version 2>/dev/null || true; } |
        sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    [[ -n $version ]] || die 69 "Swift is here but does not start: $(command -v swift)" \
        "Run 'swift --version' to see why; on Debian: apt-get install ${build_packages[*]}"
    [[ ${version% *} -gt 6 || ${version% *} -eq 6 && ${version#* } -ge 2 ]] ||
        die 69 "Swift ${version/ /.} is too old." "$hint"
}

need_checkout() {
    [[ -f $here/Package.swift ]] || die 66 "The source is not here: $here" \
        "This way of install.sh works in a checkout, not in the packaged tarball."
}

release_binary=$here/.build-release/release/rollcall

# The libraries behind libarchive, which a static link has to name.
static_flags=(--static-swift-stdlib -Xswiftc -static-executable)
for library in nettle lzma zstd lz4 bz2 z; do static_flags+=(-Xlinker "-l$library"); done

# One static ELF with everything in it. It runs on any Linux of this kind of processor.
build_release() {
    need_space "$here" 4000 "the release build"
    say "Building the release binary: about 10 minutes the first time."
    (cd "$here" && as_owner swift build -c release --scratch-path .build-release --product rollcall \
        "${static_flags[@]}") || die 70 "The release build failed." "The first 'error:' above says why."
}

# What a build needs. On a bare box Swift itself does not start before Debian's packages are there.
need_build() {
    local hint
    find_swift
    get_packages "${build_packages[@]}"
    need_swift
}

# ---------------------------------------------------------------- installing

# Sets `new` to the program to install: the one beside this script, else one built from the source here.
find_binary() {
    new=$here/rollcall
    [[ ! -f $new ]] || return 0
    [[ -f $here/Package.swift ]] || die 66 "There is no rollcall binary beside install.sh." \
        "Unpack the whole tarball and run the install.sh in its folder."
    need_build
    build_release
    new=$release_binary
}

make_user_and_folder() {
    if ! getent passwd "$user" >/dev/null; then
        useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin "$user"
    fi
    mkdir -p "$(dirname "$data")"
    [[ -d $data ]] || install -d -m 0700 "$data"
    chmod 0700 "$data"
    # A folder that came from another box may belong to another number.
    [[ $(stat -c %U "$data") == "$user" ]] || chown -R "$user:$user" "$data"
}

unit() {
    local ambient='' own_users=yes
    # A port under 1024 needs this one right, and it does not reach into a user namespace.
    if [[ $port -lt 1024 ]]; then ambient=CAP_NET_BIND_SERVICE own_users=no; fi
    cat <<UNIT
[Unit]
Description=Rollcall, the call-centre office's records
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
EnvironmentFile=$settings_file
ExecStart=$binary serve --data $data --host \${ROLLCALL_HOST} --port \${ROLLCALL_PORT} --tls \${ROLLCALL_TLS}
User=$user
Group=$user
WorkingDirectory=$data
UMask=0077
Restart=on-failure
RestartSec=2
WatchdogSec=60
TimeoutStartSec=15min
TimeoutStopSec=60
LimitNOFILE=65536
LimitCORE=0

# The data folder is the only place it can write. To let it use another one (a shared folder or
# a USB stick): systemctl edit rollcall, [Service], ReadWritePaths=/that/folder
ProtectSystem=strict
ReadWritePaths=$data
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=$own_users
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
CapabilityBoundingSet=$ambient
AmbientCapabilities=$ambient
# AF_NETLINK: the list of this box's own addresses comes that way.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
UNIT
}

avahi_service() {
    local kind=_https._tcp
    [[ $tls != off ]] || kind=_http._tcp
    cat <<AVAHI
<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name replace-wildcards="yes">Rollcall on %h</name>
  <service><type>$kind</type><port>$port</port></service>
</service-group>
AVAHI
}

# put FILE: writes standard input there whole or not at all.
put() {
    cat >"$1.new"
    chmod 0644 "$1.new"
    mv -f "$1.new" "$1"
}

write_files() {
    printf 'ROLLCALL_%s\n' "HOST=$host" "PORT=$port" "DATA=$data" "PREFIX=$prefix" "TLS=$tls" |
        put "$settings_file"
    [[ ! -d /etc/systemd/system ]] || unit | put "$unit_file"
    [[ ! -d $(dirname "$avahi_file") ]] || avahi_service | put "$avahi_file"
    if has_systemd; then systemctl daemon-reload; fi
}

local_host() {
    case $host in 0.0.0.0) say 127.0.0.1 ;; ::) say ::1 ;; *) say "$host" ;; esac
}

# Whether the server answers here. curl is asked not to check the certificate: it is ours, on our own
# address, and minutes old. Without curl an open port has to do when TLS is on.
answers() {
    local at scheme=https reply
    at=$(local_host)
    [[ $tls != off ]] || scheme=http
    if have curl; then
        [[ $at != *:* ]] || at="[$at]"
        curl -fsk -m 5 -o /dev/null "$scheme://$at:$port/healthz"
    elif [[ $tls == off ]]; then
        reply=$(exec 2>/dev/null 3<>"/dev/tcp/$at/$port" && printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3 &&
            timeout 5 head -n 1 <&3) && [[ $reply == *" 200"* ]]
    else
        (exec 3<>"/dev/tcp/$at/$port") 2>/dev/null
    fi
}

# Starts the service and waits until it is well.
start_and_check() {
    systemctl enable --quiet rollcall.service 2>/dev/null || true
    systemctl restart rollcall.service || return 1
    local i
    for ((i = 0; i < 30; i++)); do
        systemctl is-active --quiet rollcall.service || return 1
        ! answers || return 0
        sleep 1
    done
    return 1
}

# What an upgrade changes is kept in `safe` until the new version is well. Read by go_back, at any instant: the database
# has a copy there once the file `whole` is beside it.
safe='' halfway=no swapped=no

keep_old() {
    safe=$data/.before-upgrade
    rm -rf "$safe"
    install -d -m 0700 "$safe"
    halfway=yes
    ! has_systemd || systemctl stop rollcall.service 2>/dev/null || true
    local file
    for file in "$settings_file" "$unit_file" "$avahi_file"; do
        [[ ! -f $file ]] || cp -a "$file" "$safe/${file//\//_}"
    done
    for file in "$data"/rollcall.sqlite*; do
        [[ ! -f $file ]] || cp -a --reflink=auto "$file" "$safe/"
    done
    touch "$safe/whole"
}

# Puts the old program, its settings and its database back, after an upgrade that did not work.
go_back() {
    halfway=no
    if [[ $swapped == yes ]]; then warn "The new version did not come up; going back to the one before."
    else warn "The upgrade was cut off; going back to the version before."; fi
    ! has_systemd || systemctl stop rollcall.service 2>/dev/null || true
    [[ ! -f $binary.previous || $swapped == no ]] || mv -f "$binary.previous" "$binary"
    local file
    for file in "$settings_file" "$unit_file" "$avahi_file"; do
        [[ ! -f $safe/${file//\//_} ]] || cp -a "$safe/${file//\//_}" "$file"
    done
    if [[ -f $safe/whole && -f $safe/rollcall.sqlite ]]; then
        rm -f "$data"/rollcall.sqlite*
        mv "$safe"/rollcall.sqlite* "$data/"
    fi
    rm -rf "$safe"
    has_systemd || return 0
    systemctl daemon-reload
    forget_given
    load_settings
    if start_and_check; then warn "The version before runs again; nothing was lost."
    else warn "The version before does not start either. See: journalctl -u rollcall -n 50"; fi
}

finish() {
    local code=$?
    trap - EXIT
    [[ -z ${prefix:-} ]] || rm -f "$binary.new"
    if [[ $halfway == yes ]]; then
        go_back
        [[ $code -ne 0 ]] || code=70
    fi
    exit "$code"
}

# Replaces the program in one step; the old one stays as rollcall.previous.
swap_binary() {
    mkdir -p "$prefix/bin"
    if [[ -f $binary ]] && cmp -s "$new" "$binary"; then return 0; fi
    cp "$new" "$binary.new" || die 74 "Could not copy the program to $prefix/bin: is the disk full?" \
        "Free some space there and run this again."
    chmod 0755 "$binary.new"
    sync "$binary.new"
    [[ ! -f $binary ]] || ln -f "$binary" "$binary.previous"
    mv -f "$binary.new" "$binary"
    swapped=yes
}

as_service() { setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps=-all "$@"; }

addresses() {
    local name scheme=https
    [[ $tls != off ]] || scheme=http
    if [[ $host == 0.0.0.0 || $host == :: ]]; then
        name=$(hostname)
        say "  $scheme://$name:$port/"
        [[ ! -f $avahi_file ]] || say "  $scheme://$name.local:$port/"
        for name in $(hostname -I 2>/dev/null); do
            [[ $name == *:* ]] || say "  $scheme://$name:$port/"
        done
    elif [[ $host == *:* ]]; then say "  $scheme://[$host]:$port/"
    else say "  $scheme://$host:$port/"; fi
}

do_install() {
    need_root "$@"
    load_settings
    check_settings
    find_binary
    local version old='' fresh=no who pids size
    version=$("$new" --version 2>&1) || die 70 "The program does not start on this machine: $new" \
        "It says: $version. It is made for one kind of processor; this one is $(uname -m)."
    size=$(($(stat -c %s "$new") / 1048576))
    need_space "$prefix" $((size + 50)) "the program"
    need_space "$data" 300 "the data"
    [[ ! -x $binary ]] || old=$("$binary" --version 2>/dev/null) || old="a broken version"
    [[ -e $data/rollcall.sqlite ]] || fresh=yes
    [[ $fresh == yes ]] ||
        need_space "$data" $(($(stat -c %s "$data/rollcall.sqlite") / 1048576 + 300)) "a safe copy of the data"

    if [[ -d $data && -n $(ls -A "$data") && ! -e $data/rollcall.sqlite && ! -d $data/keys ]]; then
        die 73 "The folder $data holds other things." "Choose an empty or a new one with --data DIR."
    fi
    mapfile -t pids < <(running)
    if [[ ${#pids[@]} -gt 0 ]] && ! has_systemd; then
        die 75 "Rollcall is running (process ${pids[*]}) and there is no systemd to restart it." \
            "Stop it with: kill ${pids[*]}    then run this again."
    fi
    # Our own old server may hold it: it stops before the new one starts.
    if who=$(listener "$port") && [[ " ${pids[*]} " != *" $(tr -d '()' <<<"${who##* }") "* ]]; then
        die 75 "Port $port is taken by $who." "Stop that program, or choose another port with --port N."
    fi

    trap finish EXIT
    trap 'exit 130' INT TERM HUP
    make_user_and_folder
    [[ -z $old ]] || keep_old
    swap_binary
    write_files
    local code=''
    if [[ $fresh == yes ]]; then
        code=$(as_service "$binary" setup-code --data "$data") ||
            die 70 "Could not make the data in $data." "The message above says why; then run this again."
    fi
    if has_systemd; then
        if ! start_and_check; then
            journalctl -u rollcall -n 20 --no-pager -o cat >&2 2>/dev/null || true
            die 70 "Rollcall $version did not come up on port $port." "See: journalctl -u rollcall -n 100"
        fi
    fi
    halfway=no
    [[ -z $safe ]] || rm -rf "$safe"
    report "$version" "$old" "$code"
}

# report VERSION OLD CODE: says what is there now and what to do next.
report() {
    if [[ -z $2 ]]; then say "Rollcall $1 is installed."
    elif [[ $2 == "$1" ]]; then say "Rollcall $1 is up to date."
    else say "Rollcall is upgraded from $2 to $1. The old program is $binary.previous."; fi
    say "Data: $data    Settings: $settings_file"
    if ! has_systemd; then
        say "There is no systemd here, so it does not start by itself. To start it:"
        say "  setpriv --reuid $user --regid $user --clear-groups $binary serve --data $data" \
            "--host $host --port $port --tls $tls"
    fi
    say "Open in a browser:"
    addresses
    [[ $tls != auto ]] || say "The browser warns until the machine trusts this office's own CA: see /trust there."
    [[ -z $3 ]] || say "The setup code, which the first page asks for: $3"
    if have ufw && ufw status 2>/dev/null | grep -q '^Status: active'; then
        say "The firewall is on. To let the office in: ufw allow $port/tcp"
    fi
}

do_uninstall() {
    need_root --uninstall
    load_settings
    if has_systemd; then systemctl disable --quiet --now rollcall.service 2>/dev/null || true; fi
    local pids found=no file
    mapfile -t pids < <(running)
    [[ ${#pids[@]} -eq 0 ]] || kill "${pids[@]}" || true
    for file in "$binary" "$binary.previous" "$unit_file" "$avahi_file"; do
        [[ ! -e $file ]] || found=yes
        rm -f "$file"
    done
    if has_systemd; then systemctl daemon-reload; fi
    if [[ $found == no ]]; then say "Rollcall is not installed here."; else say "Rollcall is removed."; fi
    [[ -d $data ]] || return 0
    say "The data is still in $data, owned by user $user. ./install.sh takes it up again."
    say "To remove it for good: rm -r $data $settings_file; userdel $user"
}

# ---------------------------------------------------------------- a look, a package

do_run() {
    local at=${given_port:-8080} who program=$here/rollcall
    given_port=$at
    load_settings
    host=127.0.0.1 data=/var/lib/rollcall prefix=/usr/local tls=off
    check_settings
    if who=$(listener "$at"); then
        die 75 "Port $at is taken by $who." "Choose another one: ./install.sh --run --port N"
    fi
    if [[ ! -f $program ]]; then
        need_checkout
        need_swift
        local missing
        mapfile -t missing < <(have dpkg-query && missing_packages "${build_packages[@]}")
        [[ ${#missing[@]} -eq 0 ]] || die 69 "Packages are missing to build Rollcall." \
            "As root: apt-get install ${missing[*]}"
        need_space "$here" 3000 "the build"
        # The debug build takes half the time of the release build, and is quick enough for a look.
        say "Building: about 6 minutes the first time, seconds later."
        (cd "$here" && swift build --product rollcall) || die 70 "The build failed." "See 'error:' above."
        program=$here/.build/debug/rollcall
    fi
    say "The demo office: http://127.0.0.1:$at/    Stop it with Ctrl-C."
    exec "$program" demo --host 127.0.0.1 --port "$at"
}

do_package() {
    need_checkout
    need_build
    build_release
    local stage version name
    version=$("$release_binary" --version)
    [[ $version =~ ^[0-9A-Za-z.+-]+$ ]] || die 70 "The program's version is odd: $version"
    name=rollcall-$version-linux-$(uname -m)
    stage=$here/.build-release/stage
    rm -rf "$stage"
    mkdir -p "$stage/$name" "$here/dist"
    strip -o "$stage/$name/rollcall" "$release_binary"
    if readelf -d "$stage/$name/rollcall" | grep -q NEEDED; then
        die 70 "The release binary needs libraries, so it would not run elsewhere." "Check static_flags here."
    fi
    cp "$here/install.sh" "$here/README.md" "$stage/$name/"
    chmod 0755 "$stage/$name/rollcall" "$stage/$name/install.sh"
    chmod 0644 "$stage/$name/README.md"
    # Same files, same bytes: names in order, one time, no owner.
    local epoch
    epoch=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || say 0)}
    tar -C "$stage" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=ustar \
        -cf - "$name" | gzip -n -9 >"$here/dist/$name.tar.gz.part"
    mv -f "$here/dist/$name.tar.gz.part" "$here/dist/$name.tar.gz"
    (cd "$here/dist" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
    rm -rf "$stage"
    say "Made dist/$name.tar.gz ($(du -h "$here/dist/$name.tar.gz" | cut -f 1)). On the other machine:"
    say "  tar xf $name.tar.gz && sudo $name/install.sh"
}

# ---------------------------------------------------------------- what was asked

action=install quick=no arguments=("$@")
while [[ $# -gt 0 ]]; do
    case $1 in
        --port | --host | --data | --prefix | --tls)
            [[ $# -ge 2 && -n $2 ]] || die 64 "$1 needs a value." "See ./install.sh --help"
            printf -v "given_${1#--}" '%s' "$2"
            shift
            ;;
        --port=* | --host=* | --data=* | --prefix=* | --tls=*)
            name=${1%%=*}
            printf -v "given_${name#--}" '%s' "${1#*=}"
            ;;
        --test | --run | --package | --uninstall)
            [[ $action == install ]] || die 64 "--$action and $1 cannot go together." "See ./install.sh --help"
            action=${1#--}
            ;;
        --quick) quick=yes ;;
        -h | --help) usage; exit 0 ;;
        *) die 64 "Unknown option: $1" "See ./install.sh --help" ;;
    esac
    shift
done

case $action in
    install) do_install "${arguments[@]}" ;;
    uninstall) do_uninstall ;;
    run) do_run ;;
    package) do_package ;;
    test)
        need_checkout
        # shellcheck source=.ci/tests.sh
        source "$here/.ci/tests.sh"
        do_test
        ;;
esac
