#!/usr/bin/env bash
# Checks of install.sh that need no root: it parses, and it refuses in plain words.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/support.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work
chmod 0755 "$work"
cp "$checkout/install.sh" "$work/"

# as_nobody ARGUMENTS...: install.sh as somebody who is not root.
as_nobody() {
    local nobody=()
    [[ $EUID -ne 0 ]] || nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${nobody[@]}" "$work/install.sh" "$@" </dev/null >"$work/out" 2>&1
}
every_script_parses() {
    local file
    for file in "$checkout"/{install.sh,.ci/run,.ci/tests.sh,Tests/Install/*.sh,Tests/Install/support/*.sh}; do
        bash -n "$file" || return 1
    done
}
help_names_every_option() {
    local option
    as_nobody --help
    while read -r option; do
        said "$option" || { echo "$option is not in --help"; return 1; }
    done < <(grep -oE '^ +(--[a-z| -]+)\)|^ +-h \| --help' "$checkout/install.sh" | grep -oE -- '--[a-z]+' |
        grep -v -- --help)
}
without_root() { ends 77 as_nobody && said "This needs root" && said "sudo ./install.sh" && said "--run"; }
unknown_option() { ends 64 as_nobody --colour && said "--colour" && said "--help"; }
two_actions() { ends 64 as_nobody --run --uninstall; }
no_value() { ends 64 as_nobody --port && said "--port needs a value"; }
no_source() { ends 66 as_nobody --test && said "source is not here"; }
no_swift() {
    touch "$work/Package.swift"
    sed 's#/opt/swift/#/nowhere/#' "$checkout/install.sh" >"$work/swiftless.sh"
    ends 69 env -i PATH=/usr/bin:/bin bash "$work/swiftless.sh" --run --port 18099 >"$work/out" 2>&1 &&
        said "https://www.swift.org/install" && said "tarball"
}

check "every script parses" every_script_parses
if command -v shellcheck >/dev/null; then
    check "shellcheck has nothing to say" shellcheck -x -P "$checkout" -P SCRIPTDIR "$checkout/install.sh" \
        "$checkout/.ci/run" "$checkout/.ci/tests.sh" "$checkout"/Tests/Install/*.sh "$checkout"/Tests/Install/support/*.sh
else
    skip "shellcheck is not installed"
fi
check "--help names every option" help_names_every_option
check "without root it points to sudo and to --run" without_root
check "an unknown option is named" unknown_option
check "two ways at once are refused" two_actions
check "an option without its value is refused" no_value
check "--test outside a checkout says that the source is missing" no_source
check "without Swift it says where to get it" no_swift
