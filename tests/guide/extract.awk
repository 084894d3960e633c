# extract.awk: every fenced block and every code span of the guide as lines "LINE<tab>KIND<tab>TEXT". KIND is
#     variable   NAME=VALUE of a block that has nothing else
#     command    one command of a block, its lines joined: a backslash and what is quoted go on in the next line, which shows as \n in TEXT
#     yaml       one line of a block of YAML that says something
#     span       what stands between backticks in the text
function flush() {
    if (pending != "")
        printf "%d\t%s\t%s\n", began, pending ~ /^[A-Z_]+=[^ ]*$/ ? "variable" : "command", pending
    pending = ""
}
/^```/ {
    flush()
    language = language == "" ? substr($0, 4) : ""
    next
}
language == "bash" {
    if (pending == "" && (/^#/ || /^ *$/))
        next
    if (pending == "")
        began = NR
    line = $0
    continues = sub(/ *\\$/, "", line)
    if (joined)
        sub(/^ +/, " ", line)
    pending = pending (pending == "" || joined ? "" : "\\n") line
    joined = continues
    quotes = gsub(/"/, "\"", pending)
    if (!continues && quotes % 2 == 0)
        flush()
    next
}
language != "" {
    if (language != "yaml") {
        printf "%d\tunknown\t%s\n", NR, $0
    } else if ($0 !~ /^ *$/)
        printf "%d\tyaml\t%s\n", NR, $0
    next
}
{
    rest = $0
    while (match(rest, /`[^`]+`/)) {
        printf "%d\tspan\t%s\n", NR, substr(rest, RSTART + 1, RLENGTH - 2)
        rest = substr(rest, RSTART + RLENGTH)
    }
}
