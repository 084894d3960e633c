#!/usr/bin/env bash
# `tripsage vector`: files of each format into collections, queries, measurements, and what it says of damaged files.
source "$(dirname "$0")/lib.sh"
tripsage=$2
export TRIPSAGE_DATABASE=$work/trips.db TRIPSAGE_USER=me@localhost
cd "$work"

# ---- writing files: little-endian numbers, as bytes ----

u32() {
    local n
    for n in "$@"; do
        printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((n & 255)) $((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24 & 255)))"
    done
}

f32() { # of 0, 1, -1, 2, 3
    local n
    for n in "$@"; do
        case $n in
        0) u32 0 ;;
        1) u32 0x3f800000 ;;
        -1) u32 0xbf800000 ;;
        2) u32 0x40000000 ;;
        3) u32 0x40400000 ;;
        nan) u32 0x7fc00000 ;;
        *) fail "f32 $n" ;;
        esac
    done
}

npy() { # VERSION HEAD: the beginning of a .npy file, the head filled up with spaces to 64 bytes as NumPy does
    local head
    printf -v head '%-117s' "$2"
    printf '\x93NUMPY'
    if (($1 == 1)); then
        printf '\x01\x00\x76\x00%s\n' "$head"
    else
        printf '%b\x00\x76\x00\x00\x00%s\n' "\\x0$1" "$head"
    fi
}

# Four records of three dimensions, in every format.
{ u32 4 3 && f32 1 0 0 0 1 0 0 0 1 1 1 0; } >four.fbin
{ u32 4 3 && printf '\x01\x00\x00\x00\x01\x00\x00\x00\x01\x01\x01\x00'; } >four.u8bin
{ u32 4 3 && printf '\x01\x00\x00\x00\x01\x00\x00\x00\x01\x01\x01\x00'; } >four.i8bin
for i in "1 0 0" "0 1 0" "0 0 1" "1 1 0"; do
    # shellcheck disable=SC2086 # words
    u32 3 && f32 $i
done >four.fvecs
for i in '\x01\x00\x00' '\x00\x01\x00' '\x00\x00\x01' '\x01\x01\x00'; do
    u32 3 && printf '%b' "$i"
done >four.bvecs
shape="'fortran_order': False, 'shape': (4, 3), }"
{ npy 1 "{'descr': '<f4', $shape" && f32 1 0 0 0 1 0 0 0 1 1 1 0; } >four.npy
{ npy 2 "{'descr': '<f4', $shape" && f32 1 0 0 0 1 0 0 0 1 1 1 0; } >second.npy
{ npy 1 "{'descr': '|u1', $shape" && printf '\x01\x00\x00\x00\x01\x00\x00\x00\x01\x01\x01\x00'; } >bytes.npy
printf '%s\n' '{"id":"0","values":[1,0,0]}' '{"id":"1","values":[0,1e0,0]}' '{"id":"2","values":[0,0,1.0]}' '{"id":"3","values":[1,1,0]}' >four.jsonl
{ u32 2 3 && printf '\x80\x00\x00\x7f\x00\x00'; } >signed.i8bin
{ u32 1 3 && f32 0 2 0; } >query.fbin

# ---- import and query ----

nearest="SCORE    ID  METADATA
1.00000  1   {}
0.70711  3   {}
0.00000  0   {}
0.00000  2   {}"
for file in four.fbin four.u8bin four.i8bin four.fvecs four.bvecs four.npy second.npy bytes.npy four.jsonl; do
    expect "4 items in ${file//./_}" "$tripsage" vector import "${file//./_}" "$file"
    expect "$nearest" "$tripsage" vector query "${file//./_}" --file query.fbin
done
cp four.fvecs unnamed
expect "4 items in unnamed" "$tripsage" vector import unnamed unnamed --format fvecs
expect "2 items in signed" "$tripsage" vector import signed signed.i8bin --metric l2
expect "SCORE       ID  METADATA
-127.01575  1   {}
-128.01562  0   {}" "$tripsage" vector query signed --file query.fbin --format fbin --row 0 --filter '{}' --k 2

# Parts, prefixes, and again: an id that is there is replaced.
expect "2 items in part" "$tripsage" vector import part four.fbin --from 1 --count 2 --prefix r
expect "SCORE    ID  METADATA
1.00000  r1  {}
0.00000  r2  {}" "$tripsage" vector query part --file query.fbin
expect "2 items in part" "$tripsage" vector import part four.fbin --from 1 --count 2 --prefix r
expect_code 0 "$tripsage" vector query part --json --file four.fvecs --row 2 --k 1
jq -e '.items == [{"id":"r2","score":1,"metadata":{}}]' "$work/out" >/dev/null || fail "$(cat "$work/out")"

# Many records: more than one batch, of both kinds.
{
    u32 2500 2
    for ((i = 0; i < 1250; i++)); do f32 1 2 2 1; done
} >many.fbin
expect '{"collection":"many","items":2500}' "$tripsage" --json vector import many many.fbin
for ((i = 0; i < 1001; i++)); do printf '{"id":"t%d","text":"beach %d"}\n' "$i" "$i"; done >many.jsonl
expect "1001 items in texts" "$tripsage" vector import texts many.jsonl
expect "texts: 1001 items, index none" "$tripsage" vector build texts

# Texts, metadata, owners: what is somebody's is found by nobody else.
expect_code 0 "$tripsage" --user friend@localhost list
cat >places.jsonl <<'END'
{"id":"gion","text":"old tea houses and quiet gardens","metadata":{"city":"Kyoto"}}
{"id":"ski","text":"snow and ski slopes","metadata":{"city":"Sapporo","best":"winter"},"owner_id":null}
{"id":"mine","text":"a quiet garden of my own","owner_id":"01900000-0000-7000-8000-000000000001"}
END
expect "3 items in places" "$tripsage" vector import places places.jsonl
expect_code 0 "$tripsage" vector query places --json quiet gardens
jq -e '[.items[].id] == ["gion", "ski"] and .items[0].metadata.city == "Kyoto"' "$work/out" >/dev/null || fail "$(cat "$work/out")"
expect_code 0 "$tripsage" vector query places --json garden --filter '{"city":"Sapporo"}'
jq -e '[.items[].id] == ["ski"]' "$work/out" >/dev/null || fail "$(cat "$work/out")"

expect_code 0 "$tripsage" vector query places --json --like ski --k 5
jq -e '[.items[].id] == ["gion"]' "$work/out" >/dev/null || fail "$(cat "$work/out")"
expect_code 0 "$tripsage" vector query places --json --hybrid tea --k 1
jq -e '.items[0].id == "gion" and .method == "hybrid"' "$work/out" >/dev/null || fail "$(cat "$work/out")"

# ---- what is wrong is said, with file and record ----

refuses() { # MESSAGE COMMAND...: of exactly one line
    local wanted=$1
    shift
    expect_code 1 "$@"
    printf 'tripsage: %s\n' "$wanted" | diff -u --label wanted --label found - "$work/out" >&2 || fail "unexpected words from: $*"
}
import() {
    "$tripsage" vector import new "$@"
}

refuses "nowhere.fbin: No such file or directory" import nowhere.fbin
refuses ".: is no regular file" import . --format fbin
head -c 7 four.fbin >short.fbin
refuses "short.fbin: the file ends within its head" import short.fbin
head -c 55 four.fbin >cut.fbin
refuses "cut.fbin: the head says 4 records of 3 numbers, which are 48 bytes; the file has 47 behind the head" import cut.fbin
{ cat four.fbin && printf x; } >long.fbin
refuses "long.fbin: the head says 4 records of 3 numbers, which are 48 bytes; the file has 49 behind the head" import long.fbin
u32 0 3 >none.fbin
refuses "none.fbin: the head says 0 records; expected 1 to 4294967295" import none.fbin
{ u32 4294967295 4096 && f32 1; } >huge.fbin
refuses "huge.fbin: the head says 4294967295 records of 4096 numbers, which are 70368744161280 bytes; the file has 4 behind the head" import huge.fbin
{ u32 1 5000 && f32 1; } >wide.fbin
refuses "wide.fbin: the head says 5000 numbers a record; expected 1 to 4096" import wide.fbin
{ u32 1 0; } >flat.fbin
refuses "flat.fbin: the head says 0 numbers a record; expected 1 to 4096" import flat.fbin

head -c 63 four.fvecs >cut.fvecs
refuses "cut.fvecs: record 0 says 3 numbers, which are 16 bytes a record; the file's 63 bytes are no multiple of that" import cut.fvecs
: >empty.fvecs
refuses "empty.fvecs: the file ends within its head" import empty.fvecs
{ head -c 32 four.fvecs && u32 4 && f32 0 0 1; } >other.fvecs
refuses "other.fvecs: record 2: says 4 numbers; expected 3 as in record 0" import other.fvecs
{ u32 4294967295 && f32 1; } >minus.fvecs
refuses "minus.fvecs: record 0 says 4294967295 numbers, which are 17179869184 bytes a record; the file's 8 bytes are no multiple of that" import minus.fvecs

printf 'PK\x03\x04 no numpy file' >zip.npy
refuses "zip.npy: is no .npy file: it does not begin with \\x93NUMPY" import zip.npy
{ npy 9 "{}" && f32 1; } >version.npy
refuses "version.npy: the version of .npy is none of 1, 2 and 3" import version.npy
{ npy 1 "{'descr': '<f8', $shape" && f32 1; } >double.npy
refuses "double.npy: numbers are <f8; expected <f4, |u1, |i1, <i4 or <i8" import double.npy
{ npy 1 "{'descr': [('x', '<f4')], $shape" && f32 1; } >record.npy
refuses "record.npy: the head's descr is no text; expected <f4, |u1, |i1, <i4 or <i8" import record.npy
{ npy 1 "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 3), }" && f32 1; } >fortran.npy
refuses "fortran.npy: the order is Fortran's; expected C order (numpy.ascontiguousarray)" import fortran.npy
{ npy 1 "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }" && f32 1; } >minus.npy
refuses "minus.npy: the shape has not two dimensions; expected (records, numbers of each)" import minus.npy
{ npy 1 "{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }" && f32 1; } >line.npy
refuses "line.npy: the shape has not two dimensions; expected (records, numbers of each)" import line.npy
{ npy 1 "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3, 1), }" && f32 1; } >cube.npy
refuses "cube.npy: the shape has not two dimensions; expected (records, numbers of each)" import cube.npy
{ npy 1 "{'descr': '<f4', 'shape': (4, 3), }" && f32 1; } >order.npy
refuses "order.npy: the head lacks one of descr, fortran_order and shape" import order.npy
head -c 60 four.npy >head.npy
refuses "head.npy: the file ends within its head" import head.npy
head -c 170 four.npy >cut.npy
refuses "cut.npy: the head says 4 records of 3 numbers, which are 48 bytes; the file has 42 behind the head" import cut.npy
{ u32 1 3 && u32 0 1 2; } >truth.ibin
refuses "truth.ibin: holds integers of 32 or 64 bits; expected vectors" import truth.ibin

{ u32 3 2 && f32 1 0 nan 1 0 1; } >nan.fbin
expect_code 1 import nan.fbin
grep -q '^tripsage: nan.fbin: record 1: /values' "$work/out" || fail "$(cat "$work/out")"
{
    u32 1502 2
    for ((i = 0; i < 1500; i++)); do f32 1 2; done
    f32 0 0 1 1
} >zero.fbin
expect_code 1 "$tripsage" vector import zeros zero.fbin
grep -q '^tripsage: zero.fbin: record 1500: /values' "$work/out" || fail "$(cat "$work/out")"
grep -qx 'tripsage: the 1000 records before are in zeros' "$work/out" || fail "$(cat "$work/out")"
refuses "many.fbin: record 0: has 2 dimensions; expected 3 as the collection four_fbin has" "$tripsage" vector import four_fbin many.fbin
refuses "the collection four_fbin has the metric cosine already" "$tripsage" vector import four_fbin four.npy --metric l2
refuses "four.npy: record 9: there are only 4 records" import four.npy --from 9
expect_code 1 "$tripsage" vector query four_npy --like 9
refuses "query.fbin: record 1: the file has no such record" "$tripsage" vector query four_npy --file query.fbin --row 1

refuses_line() { # MESSAGE LINE: as the second of a file
    printf '{"id":"a","values":[1,2]}\n%s\n' "$2" >bad.jsonl
    expect_code 1 import bad.jsonl
    grep -q "^tripsage: bad.jsonl: line 2: $1" "$work/out" || fail "$(cat "$work/out")"
}
refuses_line 'not JSON: ' '{"id":"b","values":[1,2}'
refuses_line 'is no JSON object' '[1,2]'
refuses_line '"id" is no text' '{"id":7,"values":[1,2]}'
refuses_line '"id" is missing' '{"values":[1,2]}'
refuses_line '"values" is no array' '{"id":"b","values":"1,2"}'
refuses_line '"values" has something that is no number' '{"id":"b","values":[1,"2"]}'
refuses_line '"values" has something that is no number' '{"id":"b","values":[1,[2]]}'
refuses_line '"text" is no text' '{"id":"b","text":["beach"]}'
refuses_line '"metadata" is no object' '{"id":"b","text":"beach","metadata":"x"}'
refuses_line 'has neither or both of "values" and "text"; expected one' '{"id":"b","text":"beach","values":[1,2]}'
refuses_line 'has neither or both of "values" and "text"; expected one' '{"id":"b"}'
refuses_line 'has a member besides "id", "values", "text", "metadata" and "owner_id"' '{"id":"b","text":"beach","owner":"x"}'
refuses_line '/values' '{"id":"b","values":[1,2,3]}'
refuses_line '/owner_id' '{"id":"b","values":[1,2],"owner_id":"me"}'
{ printf '{"id":"a","text":"' && head -c 1100000 /dev/zero | tr '\0' a && printf '"}\n'; } >long.jsonl
refuses "long.jsonl: line 1: is longer than 1 MiB" import long.jsonl

# Nothing of a file that was refused is there.
refuses "there is no such collection" "$tripsage" vector build new

# ---- bench: an index by itself ----

# Bytes by chance, the same in every run (the generator of POSIX's rand()).
chance() { # COUNT
    local i
    for ((i = 0; i < $1; i++)); do
        seed=$(((seed * 1103515245 + 12345) & 2147483647))
        printf '%b' "$(printf '\\x%02x' $((seed >> 16 & 255)))"
    done
}
seed=1
chance 3200 >numbers
{ u32 400 8 && cat numbers; } >base.u8bin
{ u32 2 8 && tail -c +41 numbers | head -c 8 && tail -c +617 numbers | head -c 8; } >asked.u8bin # items 5 and 77
{ u32 2 1 5 77; } >truth.ibin
{ u32 2 1 5 77 && f32 0 0; } >distances.ibin
{ u32 2 1 6 77; } >wrong.ibin
{ u32 2 5 6 && u32 2 77 78; } >truth.ivecs
{ npy 1 "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 1), }" && u32 5 77; } >truth.npy
{ npy 2 "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 1), }" && u32 5 0 77 0; } >long.npy
bench() {
    TRIPSAGE_DATABASE=$work/none.db "$tripsage" vector bench base.u8bin --queries asked.u8bin "$@"
}
for truth in truth.ibin distances.ibin truth.ivecs truth.npy long.npy; do
    expect_code 0 bench --json --k 1 --metric l2 --width 0,64 --truth "$truth"
    jq -e '.vectors == 400 and .dimensions == 8 and .metric == "l2" and .queries == 2 and .k == 1 and .build_seconds > 0 and
        .bytes_per_vector > 8 and (.widths | length == 2 and .[0].width == 0 and .[1].width == 64) and
        all(.widths[]; .recall == 1 and .queries_per_second > 0 and .mean_us > 0 and .p50_us <= .p95_us and .p95_us <= .p99_us)' \
        "$work/out" >/dev/null || fail "$(cat "$work/out")"
done
expect_code 0 bench --json --k 1 --metric l2 --width 64 --truth wrong.ibin
jq -e '.widths[0].recall == 0.5' "$work/out" >/dev/null || fail "$(cat "$work/out")"
for metric in cosine l2 inner_product; do # what is found one by one is found by the index
    expect_code 0 bench --json --metric "$metric" --bits 8 --degree 16 --build-width 100 --threads 1 --seed 7 --width 200
    jq -e '.widths[0].recall > 0.9 and .k == 10 and .bits == 8 and .degree == 16' "$work/out" >/dev/null || fail "$metric: $(cat "$work/out")"
done
expect_code 0 bench --count 1 --width 32
grep -Eq '^400 vectors of 8 dimensions, cosine, degree [0-9]+, [48] bits$' "$work/out" || fail "$(cat "$work/out")"
grep -Eq '^Built in [0-9.]+ s, [0-9]+ a second, [0-9]+ bytes a vector$' "$work/out" || fail "$(cat "$work/out")"
grep -qx '1 queries for the nearest 10, one thread' "$work/out" || fail "$(cat "$work/out")"
[[ $(tail -1 "$work/out") =~ ^32\ +[01]\.[0-9]{4}\ +[0-9]+\ +[0-9.]+\ us ]] || fail "$(cat "$work/out")"
[[ ! -e $work/none.db ]] || fail "a measurement opened a database"

refuses "truth.ivecs: record 0: has 2 neighbours of each query; --k wants 3" bench --k 3 --truth truth.ivecs
{ u32 1 1 5; } >short.ibin
refuses "short.ibin: record 1: the file ends before the queries do" bench --k 1 --truth short.ibin
{ u32 2 1 5 400; } >beyond.ibin
refuses "beyond.ibin: record 1: says 400; expected numbers below 400" bench --k 1 --truth beyond.ibin
refuses "base.u8bin: holds vectors; expected numbers of neighbours (ibin, ivecs, npy of integers)" bench --k 1 --truth base.u8bin
refuses "four.jsonl: lines of JSON hold no numbers of neighbours; expected ibin, ivecs or npy" bench --k 1 --truth four.jsonl
refuses "base.u8bin: has 400 vectors; --k wants 401" bench --k 401
refuses "four.u8bin: has 3 dimensions; expected 8 as base.u8bin has" "$tripsage" vector bench base.u8bin --queries four.u8bin --k 1
expect_code 1 bench --degree 7
grep -q '^tripsage: #degree: ' "$work/out" || fail "$(cat "$work/out")"

for wrong in "vector" "vector frobnicate" "vector import" "vector import x" "vector import x four.fbin --metric far" "vector import x four.txt" \
    "vector import x four.fbin --format csv" "vector import x four.fbin --from -1" "vector import x four.fbin --count 0" \
    "vector import x four.jsonl --from 1" "vector build" "vector query four_npy" "vector query four_npy tea --file query.fbin" \
    "vector query places --like gion tea" "vector query places --like gion --hybrid" \
    "vector query four_npy --file query.fbin --row -1" "vector query four_npy --file four.jsonl" "vector bench" "vector bench base.u8bin" \
    "vector bench base.u8bin --queries four.jsonl" "vector bench base.u8bin --queries asked.u8bin --k 0" \
    "vector bench base.u8bin --queries asked.u8bin --k 1001" "vector bench base.u8bin --queries asked.u8bin --width" \
    "vector bench base.u8bin --queries asked.u8bin --width 8," "vector bench base.u8bin --queries asked.u8bin --width 8,x" \
    "vector bench base.u8bin --queries asked.u8bin --width -8" "vector bench base.u8bin --queries asked.u8bin --layout fast" \
    "vector bench base.u8bin --queries asked.u8bin --count 0" "vector bench base.u8bin --queries asked.u8bin --threads -1"; do
    # shellcheck disable=SC2086 # words
    expect_code 2 "$tripsage" $wrong
    [[ -s $work/out ]] || fail "nothing was said about: $wrong"
done

# ---- help, of each, with examples ----
expect_code 0 "$tripsage" vector --help
for command in import build query bench; do
    grep -q "^  vector $command " "$work/out" || fail "no $command in the help"
done
for command in import build query bench; do
    expect_code 0 "$tripsage" vector "$command" --help
    grep -q "^usage: tripsage vector $command" "$work/out" || fail "no usage in the help of $command"
    grep -q "^  tripsage vector $command " "$work/out" || fail "no example in the help of $command"
done

# ---- what the README says, in a folder of its own ----
readme_block "$1/README.md" vectors | sed "s|build/release/bin/tripsage|$tripsage|" >readme.sh
[[ -s readme.sh ]] || fail "the README has no block labelled vectors"
mkdir elsewhere
(cd elsewhere && unset TRIPSAGE_DATABASE TRIPSAGE_USER && expect_code 0 bash -euo pipefail ../readme.sh)
[[ $(sed -n 3p "$work/out") == *" niseko  "* ]] || fail "$(cat "$work/out")"

# ---- on a terminal there is a bar, elsewhere there is none ----
if command -v script >/dev/null; then
    script -qec "'$tripsage' vector import texts many.jsonl" "$work/terminal" >/dev/null
    grep -q "1001 items in texts" "$work/terminal" || fail "$(cat "$work/terminal")"
fi
