#!/usr/bin/env bash
# rig.sh start|stop FOLDER: the servers that the tests of the PostgreSQL engine talk to, private to one build directory.
# rig.sh run FOLDER COMMAND...: starts them, runs a command of the folder where it was called, stops them.
#
#     FOLDER/direct     the socket of a PostgreSQL with pgvector; superuser postgres, everybody but tripsage_locked is trusted
#     FOLDER/standby    the socket of a standby of it, after `standby`; every commit waits for it. Nobody else's after `promote`
#     FOLDER/pooled     the socket of a PgBouncer in transaction mode before it; any database, users postgres, tripsage_owner, tripsage_app
#     FOLDER/*.log      what they say
#
# They listen on these sockets only. FOLDER is a short absolute path (a socket's has 107 bytes at most), with a name that is nobody else's.
# `start` takes away what a killed run has left, and ends the servers when the process that called it ends, should nobody call `stop`.
set -Eeuo pipefail
verb=$1 rig=$2
name=$(basename "$rig")
self=$(realpath "$0")
here=$PWD
cd / # where the servers' user may be as well
unset "${!PG@}" # the developer's own PGHOST and the like

as_server=()
if ((EUID == 0)); then
    as_server=(runuser -u postgres --) # neither server runs as root
fi

# The newest PostgreSQL that has pgvector.
find_postgresql() {
    local control
    control=$(printf '%s\n' /usr/share/postgresql/*/extension/vector.control | sort -V | tail -n 1)
    [[ -f $control ]] || {
        echo "There is no PostgreSQL with pgvector here; scripts/install-deps.sh test installs them." >&2
        exit 1
    }
    control=${control#/usr/share/postgresql/}
    bin=/usr/lib/postgresql/${control%%/*}/bin
}

# A few hundred databases are made and dropped: in memory, where there is enough of it.
choose_data() {
    local in_memory=/dev/shm/$name least_kib=$((1 << 20))
    data=$rig/data
    if [[ -n ${TRIPSAGE_RIG_DATA-} ]]; then # a disk of the caller's
        ln -s "$TRIPSAGE_RIG_DATA" "$rig/data"
        data=$TRIPSAGE_RIG_DATA
    elif [[ $(stat -f -c %T /dev/shm 2>/dev/null) == tmpfs ]] && "${as_server[@]}" test -w /dev/shm &&
        (($(df --output=avail -k /dev/shm | tail -n 1) >= least_kib)); then
        data=$in_memory
        ln -s "$data" "$rig/data"
    fi
}

# synchronous_commit stays on: a server that is killed loses nothing it has confirmed, only a machine that dies does.
# There is no autovacuum, which would hold databases that are to be copied or dropped, and change plans from run to run.
start_postgresql() {
    "${as_server[@]}" "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --wal-segsize=4 >"$rig/initdb.log"
    sed -i '1i local all tripsage_locked scram-sha-256' "$data/pg_hba.conf"
    cat >>"$data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$rig/direct'
max_connections = 300
shared_buffers = ${TRIPSAGE_RIG_SHARED_BUFFERS:-64MB}
dynamic_shared_memory_type = mmap
fsync = off
full_page_writes = off
wal_level = replica
max_wal_senders = 4
max_wal_size = 256MB
autovacuum = off
END
    "${as_server[@]}" "$bin/pg_ctl" -D "$data" -l "$rig/postgresql.log" -w -t 60 start >"$rig/pg_ctl.log"
}

# The roles of a Supabase project, the library's own login, and the one that owns databases and migrates them, which may not make itself a
# member of roles it finds there.
fill_postgresql() {
    psql -X -q -v ON_ERROR_STOP=1 -h "$rig/direct" -U postgres postgres <<'END'
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT;
CREATE ROLE tripsage_owner LOGIN CREATEROLE IN ROLE anon, authenticated, service_role;
CREATE ROLE tripsage_app LOGIN NOINHERIT IN ROLE anon, authenticated, service_role;
CREATE ROLE tripsage_locked LOGIN NOINHERIT IN ROLE anon, authenticated, service_role PASSWORD 'p@ss/w:o#r?d 100%&=+';
CREATE DATABASE tripsage_template OWNER tripsage_owner;
\connect tripsage_template
CREATE EXTENSION vector;
\connect postgres
ALTER DATABASE tripsage_template ALLOW_CONNECTIONS false; -- a database that somebody is in cannot be copied
END
}

# Every test has a database of its own, so a pool per database: it is small, and forgotten soon after its database.
start_pgbouncer() {
    printf '"%s" ""\n' postgres tripsage_owner tripsage_app >"$rig/users.txt"
    cat >"$rig/pgbouncer.ini" <<END
[databases]
* = host=$rig/direct
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = $rig/pooled
auth_type = trust
auth_file = $rig/users.txt
admin_users = postgres
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_idle_timeout = 10
autodb_idle_timeout = 10
ignore_startup_parameters = extra_float_digits
logfile = $rig/pgbouncer.log
pidfile = $rig/pgbouncer.pid
END
    local tries
    "${as_server[@]}" pgbouncer -q -d "$rig/pgbouncer.ini" >"$rig/pgbouncer.out" 2>&1
    for ((tries = 0; tries < 100; tries++)); do # it answers soon after it went to the background
        psql -X -q -h "$rig/pooled" -U postgres -c "" postgres 2>>"$rig/pgbouncer.out" && return
        sleep 0.1
    done
    return 1
}

start() {
    stop
    find_postgresql
    umask 022
    mkdir -m 700 "$rig" # fails where it is somebody else's
    trap 'tail -n 20 "$rig"/*.log "$rig"/*.out >&2 || true; stop; exit 1' ERR
    choose_data
    mkdir "$rig/direct" "$rig/pooled"
    ((EUID != 0)) || chown -R postgres: "$rig"
    start_postgresql
    fill_postgresql
    start_pgbouncer
    # A session of its own, so that what ends the tests does not end it.
    setsid bash "$self" watch "$rig" "$PPID" </dev/null >/dev/null 2>&1 &
    echo $! >"$rig/watch.pid"
    disown # nobody wants to read that it was killed
}

# Also starts one that has given up by itself.
restart() { # fast|immediate
    find_postgresql
    "${as_server[@]}" "$bin/pg_ctl" -D "$rig/data" -l "$rig/postgresql.log" -m "$1" -w -t 60 restart >>"$rig/pg_ctl.log" 2>&1
}

# Listens at a port of the loopback address as well, and offers TLS there.
tls() { # PORT
    find_postgresql
    "${as_server[@]}" openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -keyout "$rig/data/server.key" -out "$rig/data/server.crt" >>"$rig/openssl.log" 2>&1
    "${as_server[@]}" chmod 600 "$rig/data/server.key"
    "${as_server[@]}" "$bin/pg_ctl" -D "$rig/data" -l "$rig/postgresql.log" -m fast -w -t 60 \
        -o "-c listen_addresses=127.0.0.1 -c port=$1 -c ssl=on" restart >>"$rig/pg_ctl.log" 2>&1
}

# Like a crash, and it stays away.
halt() {
    find_postgresql
    "${as_server[@]}" "$bin/pg_ctl" -D "$rig/data" -m immediate -w stop >>"$rig/pg_ctl.log"
}

# From now on a commit waits until the standby has it.
standby() {
    local data=$rig/data.standby
    find_postgresql
    mkdir "$rig/standby"
    ((EUID != 0)) || chown postgres: "$rig/standby"
    [[ ! -d /dev/shm/$name ]] || {
        data=/dev/shm/$name.standby
        ln -s "$data" "$rig/data.standby"
    }
    "${as_server[@]}" "$bin/pg_basebackup" -h "$rig/direct" -U postgres -D "$data" -R -X stream -c fast --no-sync
    "${as_server[@]}" "$bin/pg_ctl" -D "$data" -l "$rig/standby.log" -w -t 60 \
        -o "-c unix_socket_directories=$rig/standby" start >>"$rig/pg_ctl.log"
    psql -X -q -h "$rig/direct" -U postgres -c "ALTER SYSTEM SET synchronous_standby_names = '*'" \
        -c "SELECT pg_reload_conf()" postgres >>"$rig/pg_ctl.log"
}

promote() {
    find_postgresql
    "${as_server[@]}" "$bin/pg_ctl" -D "$rig/data.standby" -w -t 60 promote >>"$rig/pg_ctl.log"
}

# The process that a file names, if it is ours: its number may have been given to another one since.
ours() { # PIDFILE
    local pid
    read -r pid 2>/dev/null <"$1" && grep -qsF -- "$name" "/proc/$pid/cmdline" && echo "$pid"
}

end() { # PIDFILE SIGNAL
    local pid tries
    for ((tries = 0; tries < 100; tries++)); do
        pid=$(ours "$1") || return 0
        ((tries > 0)) || kill "-$2" "$pid"
        sleep 0.1
    done
    kill -KILL "$pid"
}

# Tests may hang in the servers, so these are told to drop everything.
stop() {
    [[ $verb == watch ]] || end "$rig/watch.pid" KILL
    end "$rig/pgbouncer.pid" KILL
    end "$rig/data/postmaster.pid" QUIT
    end "$rig/data.standby/postmaster.pid" QUIT
    rm -rf "$rig" "/dev/shm/$name" "/dev/shm/$name.standby"
}

case $verb in
start) start ;;
stop) stop ;;
restart) restart "$3" ;;
tls) tls "$3" ;;
halt) halt ;;
standby) standby ;;
promote) promote ;;
run)
    shift 2
    trap stop EXIT
    start
    trap - ERR
    cd "$here"
    "$@"
    ;;
watch)
    while kill -0 "$3" 2>/dev/null; do
        sleep 1
    done
    stop
    ;;
esac
