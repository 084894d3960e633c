#!/usr/bin/env bash
# supabase-migrations.sh [FOLDER]: copies migrations/postgres/ to FOLDER (supabase/migrations), named as "supabase db push" wants them:
# NNNN_name.sql becomes 20260101NNNNNN_tripsage_name.sql, where NNNNNN is the number again. The name is always the same, so what was pushed
# once is known again, and the order is that of the numbers. Files of other names in the folder are left alone.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-supabase/migrations}

mkdir -p "$folder"
for file in "$source_dir"/migrations/postgres/[0-9][0-9][0-9][0-9]_*.sql; do
    name=$(basename "$file")
    copy=$folder/2026010100${name%%_*}_tripsage_${name#*_}
    # One that was pushed has to stay what it was.
    if [[ -e $copy ]] && ! cmp -s "$file" "$copy"; then
        echo "$copy is not what $file is: it was changed here, or comes from another version" >&2
        exit 1
    fi
    cp "$file" "$copy"
    echo "$copy"
done
