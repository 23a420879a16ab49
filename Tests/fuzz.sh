#!/bin/sh
# Runs libFuzzer with the address sanitizer on one of the targets in Tests/Fuzz:
#
#     sh Tests/fuzz.sh TARGET SECONDS [option of libFuzzer ...]
#
# A new target is one file Tests/Fuzz/TARGET.swift with LLVMFuzzerTestOneInput, whose first line names its seeds below Tests/Fixtures:
# `// seeds: PATTERN ...`, and whose second may name modules that it sees the inside of: `// also: MODULE ...`, and
# whose third may name further sources below Tests: `// with: FILE ...`. What is found lies in
# $FUZZ_FOLDER (by default skiff-fuzz in the temporary folder), as crash-*, timeout-* and oom-*; the corpus that grew stays in
# corpus-TARGET there.
set -eu

[ $# -ge 2 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 64; }
target=$1 seconds=$2
shift 2
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
[ -f "$root/Tests/Fuzz/$target.swift" ] || { echo "there is no target Tests/Fuzz/$target.swift" >&2; exit 64; }
folder=${FUZZ_FOLDER:-${TMPDIR:-/tmp}/skiff-fuzz}
mkdir -p "$folder/modules" "$folder/corpus-$target"

flags="-swift-version 6 -package-name skiff -parse-as-library -sanitize=fuzzer,address -O -assert-config Debug -g
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature NonisolatedNonsendingByDefault -I $folder/modules"
for library in CArchive CCrypto CEvent CLinux CYAML; do flags="$flags -I $root/Sources/$library"; done

also=$(sed -n '2s|^// also: ||p' "$root/Tests/Fuzz/$target.swift")

# In the order of the floors. A module is compiled again when one of its sources, or a module before it, has changed.
changed=
objects=
for module in Diagnostics Bytes JSONText Platform Hashing YAMLText Pickle FileTrees MLmodelFormat Scoring Boosters Converters $also; do
    testing=
    case " $also " in *" $module "*) testing=-enable-testing ;; esac
    object=$folder/modules/$module.o
    if [ -n "$changed" ] || [ ! -f "$object" ] || [ -n "$(find "$root/Sources/$module" -newer "$object" -print -quit)" ]; then
        echo "compiling $module"
        # shellcheck disable=SC2046,SC2086 # Names of sources have no spaces.
        swiftc $flags $testing -wmo -module-name "$module" -emit-module -emit-module-path "$folder/modules/$module.swiftmodule" \
            -emit-object -o "$object" $(find "$root/Sources/$module" -name '*.swift')
        changed=yes
    fi
    objects="$objects $object"
done
further=
for file in $(sed -n '3s|^// with: ||p' "$root/Tests/Fuzz/$target.swift"); do further="$further $root/Tests/$file"; done
# shellcheck disable=SC2086
swiftc $flags -module-name Fuzzing "$root/Tests/Fuzz/$target.swift" $further "$root/Tests/Fuzz/Harness.swift" \
    "$root/Tests/TestKit/StoredZip.swift" $objects -lcrypto -larchive -lyaml -levent -o "$folder/$target" 2>"$folder/link.log" ||
    { cat "$folder/link.log" >&2; exit 1; }

mkdir -p "$folder/seeds-$target"
number=0
for pattern in $(sed -n '1s|^// seeds: ||p' "$root/Tests/Fuzz/$target.swift"); do
    for file in "$root/Tests/Fixtures/"$pattern; do
        number=$((number + 1))
        cp "$file" "$folder/seeds-$target/$number"
    done
done
cd "$folder"
exec "./$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=262144 -print_final_stats=1 "$@" \
    "corpus-$target" "seeds-$target"
