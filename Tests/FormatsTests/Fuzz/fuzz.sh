#!/bin/sh
# Fuzzes a parser for some seconds: fuzz.sh [csv|multipart|snapshot] [seconds]. Findings are left in the build folder and named.
set -eu
name=${1:-csv}
seconds=${2:-60}
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../../Sources
build=${FUZZ_BUILD:-${TMPDIR:-/tmp}/rollcall-fuzz-$(id -u)}
mkdir -p "$build/$name-found"

domain=$sources/Domain/Time.swift
case $name in
csv)
    set -- "$sources"/Formats/CSV*.swift "$sources/Formats/TextDecoding.swift" \
        "$sources/Formats/FieldParsing.swift" "$sources"/Formats/Date*.swift \
        "$sources/Formats/NameFolding.swift"
    ;;
multipart) set -- "$sources"/Formats/Multipart*.swift ;;
snapshot)
    # The cryptography is taken from the debug build, which must be there.
    products=$here/../../../.build/debug
    set -- "$sources"/Formats/*.swift -I "$products/Modules" -I "$sources/CArchive" -larchive
    # A name in there has a blank.
    lines=$(printf '\nx')
    IFS=${lines%x}
    for target in Crypto CryptoExtras CryptoBoringWrapper CCryptoBoringSSL CCryptoBoringSSLShims CXKCP \
        CXKCPShims SwiftASN1; do
        for object in $(find "$products/$target.build" -name '*.o'); do set -- "$@" "$object"; done
    done
    unset IFS
    domain=$sources/Domain/*.swift
    ;;
*)
    echo "no fuzz target is called $name" >&2
    exit 64
    ;;
esac

swiftc -O -parse-as-library -swift-version 6 -module-name Domain -emit-module -emit-module-path \
    "$build/Domain.swiftmodule" -emit-library -static -o "$build/libDomain.a" $domain
swiftc -O -parse-as-library -swift-version 6 -module-name Fuzz -sanitize=fuzzer,address \
    -I "$build" -L "$build" -lDomain -o "$build/$name" "$here/$name.fuzz.swift" "$@"

# A crash must end the process at once instead of waiting for a backtrace.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=32
exec "$build/$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$build/$name-found/" "$build/$name-found" "$here/$name-corpus"
