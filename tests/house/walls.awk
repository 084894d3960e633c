# walls.awk: reads C files given by their path from the top of the tree, and prints "path:line: what is wrong" for every line
# that breaks a wall between the rooms. The walls are the tables in BEGIN. Comments and the insides of strings do not count.

BEGIN {
    # A foreign header (a pattern for what stands in the include) and its only home (a pattern for paths).
    home["^sqlite3\\.h$"] = "^libtripsage/store/sqlite/"
    home["^libpq-fe\\.h$"] = "^libtripsage/store/postgres/"
    home["^curl/"] = "^libtripsage/http/[a-z0-9_]+\\.c$"
    home["^zlib\\.h$"] = "^libtripsage/telemetry/gzip\\.c$"
    home["^hiredis/"] = "^libtripsage/cache/redis/"
    home["^(lua|lauxlib|lualib)\\.h$"] = "^libtripsage/cache/command/lua/"
    home["^jwt\\.h$"] = "^tests/"
    home["^argon2\\.h$"] = "^libtripsage/auth/[a-z0-9_]+\\.c$"
    home["^crypt\\.h$"] = "^libtripsage/auth/[a-z0-9_]+\\.c$"
    home["^openssl/"] = "^(libtripsage/base/(crypto[a-z0-9_]*|signature|tls)|tripsage-server/tls)\\.c$"
    home["^qrencode\\.h$"] = "^libtripsage/auth/[a-z0-9_]+\\.c$"
    home["^(cjson/)?cJSON\\.h$"] = "^libtripsage/base/json[a-z0-9_]*\\.c$"
    home["^civetweb\\.h$"] = "^tripsage-server/[a-z0-9_]+\\.c$"
    # Of these, a single file may do it.
    single["^curl/"] = single["^argon2\\.h$"] = single["^crypt\\.h$"] = single["^qrencode\\.h$"] = single["^civetweb\\.h$"] = 1

    # A call that the library may not make, the files that may (a pattern for paths), and why not.
    library = "^libtripsage/"
    forbid("(malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|aligned_alloc|posix_memalign)",
           "^libtripsage/base/memory\\.c$", "the heap is entered through base/memory.h")
    forbid("(exit|_exit|_Exit|quick_exit|abort|atexit|system|popen|fork)", "", "a library does not end or start processes")
    forbid("(signal|sigaction|raise)", "", "signals belong to the program")
    forbid("(setlocale|setenv|putenv|unsetenv|tzset|chdir|umask)", "", "the process's state belongs to the program")
    # One thread's locale, while numbers are read and written, and given back.
    forbid("uselocale", "^libtripsage/base/locale\\.c$", "the thread's locale belongs to the program")
    forbid("(printf|vprintf|puts|putchar|fprintf|vfprintf|fputs|perror)", "", "a library does not talk to the terminal")
    forbid("(time|gettimeofday|rand|srand|random|srandom|getrandom)", "^libtripsage/base/", "clock and chance come through base/env.h")
    forbid("(getenv|secure_getenv)", "^libtripsage/config/", "the environment is read in config/")
    forbid("(strtok|gmtime|localtime|asctime|ctime)", "", "not safe between threads")

    # Another room is entered by its door, room/room.h; of base, which is tools, each has its own header.
    room = "^(base|http|telemetry|store|cache|vector|auth|trip|config)$"
    shared = "^base/[a-z0-9]+\\.h$"

    # What the server and the examples may include in angle brackets: this library, C11, POSIX, and glibc's mallopt.
    system_header = "^(assert|ctype|dirent|errno|fcntl|float|getopt|inttypes|limits|locale|malloc|math|poll|pthread|sched|semaphore|" \
                    "signal|spawn|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|" \
                    "termios|time|unistd|arpa/inet|net/if|netdb|netinet/in|netinet/tcp|linux/(inet_diag|netlink|sock_diag|tcp)|sys/[a-z]+)\\.h$"
    # A public header includes these at most: C99, freestanding types.
    public_header = "^(stddef|stdint)\\.h$"
}

function forbid(names, except, why) {
    forbid_count++
    forbid_call[forbid_count] = "(^|[^A-Za-z0-9_.>])" names "[ \t]*\\("
    forbid_except[forbid_count] = except
    forbid_why[forbid_count] = why
}

function complain(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what
}

# The line without comments and without what stands in quotes; `in_comment` carries over to the next line.
function code_of(line,    out, at, close_at) {
    out = ""
    while (line != "") {
        if (in_comment) {
            close_at = index(line, "*/")
            if (!close_at)
                return out
            line = substr(line, close_at + 2)
            in_comment = 0
        }
        at = match(line, /"|'|\/\*|\/\//)
        if (!at)
            return out line
        out = out substr(line, 1, at - 1)
        if (substr(line, at, 2) == "//")
            return out
        if (substr(line, at, 2) == "/*") {
            in_comment = 1
            line = substr(line, at + 2)
        } else if (match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/)) {
            out = out "\"\""
            line = substr(line, RSTART + RLENGTH)
        } else {
            line = substr(line, at + 1)
        }
    }
    return out
}

# Whether the header is a foreign one, and a word if this is not its home. In quotes the compiler finds it, too.
function check_foreign(header,    pattern) {
    for (pattern in home)
        if (header ~ pattern) {
            if (FILENAME !~ home[pattern])
                complain("<" header "> has its home in " home[pattern])
            else if ((pattern in single) && (pattern in first_user) && first_user[pattern] != FILENAME)
                complain("<" header "> has one file, and that is " first_user[pattern])
            first_user[pattern] = FILENAME
            return 1
        }
    return 0
}

function check_angle(header) {
    if (check_foreign(header))
        return
    if (FILENAME ~ /^(tripsage-server|examples)\// && header !~ /^tripsage\/[a-z_]+\.h$/ && header !~ system_header)
        complain("server and examples include <tripsage/...> and system headers only, not <" header ">")
    if (FILENAME ~ /^include\// && header !~ public_header)
        complain("a public header needs <stddef.h> and <stdint.h> at most, not <" header ">")
}

function check_quoted(header,    top, path, part) {
    if (check_foreign(header))
        return
    if (header ~ /\.\.\//)
        complain("no ../ in an include: \"" header "\"")
    if (FILENAME ~ /^(tripsage-server|examples)\//) {
        top = FILENAME
        sub(/\/.*/, "", top)
        if (header ~ /^(libtripsage|tripsage|base|http|telemetry|store|cache|vector|auth|trip|config)\//)
            complain(top " sees the library through <tripsage/...>, not \"" header "\"")
    }
    split(FILENAME, path, "/")
    split(header, part, "/")
    if (FILENAME ~ library && part[1] ~ room && part[1] != path[2] && header != part[1] "/" part[1] ".h" && header !~ shared)
        complain("a room is seen through its door, \"" part[1] "/" part[1] ".h\", not \"" header "\"")
}

FNR == 1 {
    in_comment = 0
}

{
    if (!in_comment && $0 ~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) {
        header = $0
        sub(/^[^<"]*[<"]/, "", header)
        sub(/[>"].*$/, "", header)
        if ($0 ~ /include[ \t]*</)
            check_angle(header)
        else
            check_quoted(header)
    } else if (!in_comment && $0 ~ /^[ \t]*#[ \t]*include[ \t]+[A-Za-z_]/) {
        complain("an include names its header, not a macro")
    }
    code = code_of($0)
    if (FILENAME ~ library && code !~ /^[ \t]*#[ \t]*include/)
        for (i = 1; i <= forbid_count; i++)
            if (code ~ forbid_call[i] && (forbid_except[i] == "" || FILENAME !~ forbid_except[i])) {
                match(code, forbid_call[i])
                complain(substr(code, RSTART, RLENGTH) ") - " forbid_why[i])
            }
}
