# The stages of `./install.sh --test`, which reads this file and has its functions. No use alone.
# shellcheck shell=bash disable=SC2154

test_packages=(chromium chromium-driver curl debootstrap iproute2 jq libarchive-tools openssl
    python3 python3-pytest python3-selenium sqlite3 systemd zstd)

passed=0 failed=0 deadline=0

stage() { printf '\n== %s (%d min so far)\n' "$1" $((SECONDS / 60)); }

# left MINUTES: that many in seconds, or what is left of the hour. A stage that hangs must not cost the
# report of the others.
left() {
    local seconds=$((deadline - SECONDS)) most=$(($1 * 60))
    [[ $seconds -lt $most ]] || seconds=$most
    [[ $seconds -gt 10 ]] || seconds=10
    say "$seconds"
}

good() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    say "FAILED: $*"
}

# add_counts PASSED FAILED CODE WHAT: a command that failed without naming a test counts as one failure.
add_counts() {
    passed=$((passed + $1)) failed=$((failed + $2))
    if [[ $2 -gt 0 ]]; then say "FAILED: $2 of $4"; fi
    if [[ $3 -ne 0 && $2 -eq 0 ]]; then bad "$4 ended with code $3"; fi
    if [[ $3 -eq 0 && $1 -eq 0 && $2 -eq 0 ]]; then say "skipped: $4 has no tests that can run here"; fi
}

lines() { grep -cE "$1" "$2" || true; }

# The word before a count in pytest's last line: "3 failed, 12 passed, 1 error in 4.2s".
pytest_count() { { tail -n 5 "$2" | grep -oE "[0-9]+ $1" | tail -n 1 | cut -d ' ' -f 1; } || true; }

# test_swift NAME MINUTES OPTION…: a run of the Swift tests, with options of `swift test` that choose them.
test_swift() {
    local log=$logs/$1.txt code=0 all wrong left_out
    # Eight at a time: all at once they starve each other, and hold so many files open that starting a program with
    # Foundation reads past the list of them.
    as_owner timeout -k 20 "$(left "$2")" env ROLLCALL_SIMULATIONS=1000 \
        SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 \
        swift test --skip-build --disable-xctest "${@:3}" >"$log" 2>&1 || code=$?
    grep -vE ' (started|passed after .*)\.$' "$log" || true
    all=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -n 1)
    wrong=$(lines '^[^ ]+ +Test .* failed after ' "$log")
    wrong=$((wrong - $(lines '^[^ ]+ +Test run .* failed after ' "$log")))
    left_out=$(lines '^[^ ]+ +Test .* skipped' "$log")
    if [[ -n $all ]]; then add_counts $((all - wrong - left_out)) "$wrong" "$code" "the $1 tests"
    else bad "the run of the $1 tests did not reach its end (code $code)"; fi
}

test_browser() {
    compgen -G "$here/Tests/Browser/test_*.py" >/dev/null || { say "skipped: no browser tests yet"; return 0; }
    local log=$logs/browser.txt code=0 wrong broken
    as_owner timeout -k 20 "$(left 20)" env PYTHONDONTWRITEBYTECODE=1 \
        ROLLCALL_BINARY="$here/.build/debug/rollcall" /usr/bin/python3 -m pytest -q -rfEs -p no:cacheprovider Tests/Browser 2>&1 | tee "$log" || code=$?
    wrong=$(pytest_count failed "$log") broken=$(pytest_count 'errors?' "$log")
    local right
    right=$(pytest_count passed "$log")
    add_counts "${right:-0}" $((${wrong:-0} + ${broken:-0})) "$code" "browser tests"
}

test_install() {
    local script log code
    for script in "$here"/Tests/Install/*.sh; do
        log=$logs/$(basename "$script").txt code=0
        timeout -k 20 "$(left 15)" bash "$script" 2>&1 | tee "$log" || code=$?
        add_counts "$(lines '^ok: ' "$log")" "$(lines '^not ok: ' "$log")" "$code" "${script#"$here"/}"
    done
}

total() {
    local code=$?
    trap - EXIT
    [[ $code -eq 0 || $failed -gt 0 ]] || failed=1
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    [[ $failed -eq 0 ]] || exit 1
    exit 0
}

do_test() {
    trap total EXIT
    deadline=$((57 * 60))
    cd "$here" || exit
    stage "What is needed"
    get_packages "${build_packages[@]}" "${test_packages[@]}"
    need_swift
    need_space "$here" 8000 "the builds"
    logs=$here/.build/test-logs
    as_owner mkdir -p "$logs"

    stage "Format"
    if as_owner timeout -k 20 "$(left 5)" swift format lint --strict --parallel -r Sources Tests Package.swift; then good
    else bad "swift format lint: run swift format -i on the files above"; fi

    stage "Build"
    if as_owner timeout -k 20 "$(left 30)" swift build --build-tests -Xswiftc -warnings-as-errors; then
        good
        stage "Swift tests"
        test_swift swift 25 --skip SimulationTests
        stage "A thousand histories of offices"
        test_swift simulation 25 --filter SimulationTests
        stage "Browser tests"
        test_browser
    else
        bad "the debug build"
    fi
    if [[ $quick == no && $failed -eq 0 ]]; then
        stage "Release package"
        if timeout -k 20 "$(left 30)" "$here/install.sh" --package; then good; else bad "the release package"; fi
    elif [[ $quick == yes ]]; then say "skipped: the release package (--quick)"
    else say "skipped: the release package (something failed before)"; fi
    stage "Install tests"
    ROLLCALL_QUICK=$quick test_install
}
