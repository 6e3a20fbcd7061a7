#!/bin/sh
# Fuzzes a parser for some seconds: fuzz.sh [csv|multipart] [seconds]. Findings are left in the build folder and named.
set -eu
name=${1:-csv}
seconds=${2:-60}
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../../Sources
build=${FUZZ_BUILD:-${TMPDIR:-/tmp}/rollcall-fuzz-$(id -u)}
mkdir -p "$build/$name-found"

case $name in
csv)
    set -- "$sources"/Formats/CSV*.swift "$sources/Formats/TextDecoding.swift" \
        "$sources/Formats/FieldParsing.swift" "$sources"/Formats/Date*.swift \
        "$sources/Formats/NameFolding.swift"
    ;;
multipart) set -- "$sources"/Formats/Multipart*.swift ;;
*)
    echo "no fuzz target is called $name" >&2
    exit 64
    ;;
esac

swiftc -O -parse-as-library -swift-version 6 -module-name Domain -emit-module -emit-module-path \
    "$build/Domain.swiftmodule" -emit-library -static -o "$build/libDomain.a" "$sources/Domain/Time.swift"
swiftc -O -parse-as-library -swift-version 6 -module-name Fuzz -sanitize=fuzzer,address \
    -I "$build" -L "$build" -lDomain -o "$build/$name" "$here/$name.fuzz.swift" "$@"

# A crash must end the process at once instead of waiting for a backtrace.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=32
exec "$build/$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$build/$name-found/" "$build/$name-found" "$here/$name-corpus"
