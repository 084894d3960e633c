#!/usr/bin/env bash
# The library asks memory for what it reads soon (libtripsage/base/prefetch.h): a compiler may leave such requests out without a word, and all
# that shows is that searches are slower. Counted are those of the functions that live by them.
source "$(dirname "$0")/lib.sh"
library=$2

case $(uname -m) in
x86_64) instruction='prefetch[a-z0-9]+' ;;
aarch64) instruction='prfm' ;;
*)
    echo "nobody has said what a prefetch is called on $(uname -m)"
    exit 77
    ;;
esac

prefetches_of() { # FUNCTION
    objdump --no-show-raw-insn --disassemble="$1" "$library" | awk -v what="^$instruction\$" '$2 ~ what { n++ } END { print n + 0 }'
}

# The heads, the edges and the codes; a rest and its key, twice; the heads; the query.
for wanted in tripsage__graph_walk=3 tripsage__ranking_add_nearest=2 tripsage__graph_descend=1 tripsage_index_search=1; do
    found=$(prefetches_of "${wanted%=*}")
    ((found >= ${wanted#*=})) || fail "${wanted%=*} has $found prefetches, and not ${wanted#*=}: did the compiler leave them out?"
done
