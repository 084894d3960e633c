/* The commands that look after a database, as an operator types them, beside a server that goes on. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static const char *const quiet[] = {"LOG_LEVEL=ERROR", NULL};

/* Runs a command in the server's folder, where its database is. */
#define RUN(output, ...)                                                                                               \
    http_program(TRIPSAGE_SERVER, server.folder, (const char *const[]){__VA_ARGS__, NULL}, quiet, output)

static void check_run(int want, const char *says, int got, const char *output)
{
    ck_assert_msg(got == want, "exit status %d instead of %d: %s", got, want, output);
    ck_assert_msg(strstr(output, says) != NULL, "\"%s\" is not in: %s", says, output);
}

#define SAYS(want, words, ...)                                                                                         \
    do {                                                                                                               \
        const char *said_;                                                                                             \
        int status_ = RUN(&said_, __VA_ARGS__);                                                                        \
        check_run(want, words, status_, said_);                                                                        \
    } while (0)

/* Gives the answer alone: of what takes long its progress is told before. */
static const char *answers(const char *output)
{
    const char *json = strchr(output, '{');

    ck_assert_msg(json != NULL, "%s", output);
    return json;
}

START_TEST(each_command_says_what_it_does)
{
    static const char *const names[] = {"doctor", "backup", "restore",        "maintain",        "migrate", "check",
                                        "cache",  "keys",   "explain-config", "security-report", "version"};
    const char *output;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_int_eq(RUN(&output, names[i], "--help"), 0);
        ck_assert_msg(strncmp(output, "Usage: tripsage-server ", 23) == 0, "%s", output);
        ck_assert_msg(strstr(output, "--json") != NULL, "%s", output);
        ck_assert_int_eq(RUN(&output, names[i], "--nonsense"), 64);
        ck_assert_msg(strstr(output, "--nonsense") != NULL, "%s", output);
    }
    SAYS(64, "--keep: expected a number", "backup", "--keep", "many");
    SAYS(64, "--keep: expected a number from 1", "backup", "--keep=0");
    SAYS(64, "--keep needs a value", "backup", "--keep");
    SAYS(64, "verify needs the file", "backup", "verify");
    SAYS(64, "takes one folder", "backup", "one", "two");
    SAYS(64, "needs the file of a backup", "restore");
    SAYS(64, "goes with neither", "maintain", "--check", "--vacuum");
    SAYS(64, "no subcommand \"sideways\"", "migrate", "sideways");
    SAYS(64, "takes one folder", "backup", "");
    SAYS(64, "verify needs the file", "backup", "verify", "");
    SAYS(64, "needs the file of a backup", "restore", "");
    SAYS(78, "tripsage-server: --database: expected sqlite:", "check", "--database", "mysql://db");
    SAYS(78, "tripsage-server: --data-dir: cannot make \"none/deep\"", "migrate", "--data-dir", "none/deep");
    SAYS(1, "data: unable to open database file: Is a directory", "check", "--database", "sqlite:data");
}
END_TEST

START_TEST(a_backup_beside_the_server)
{
    const char *token = http_register(&server, "ada@example.org", NULL), *output, *file;
    http_answer *trip = ANSWERS(201, http_call(&server, token, "POST", "/api/trips", NULL, A_TRIP("before")));
    struct stat found;

    SAYS(0, "verified by a restore", "backup", "vault");
    ck_assert_int_eq(stat(test_format("%s/vault", server.folder), &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0700);
    SAYS(1, "cannot find the folder none/vault", "backup", "none/vault"); /* perhaps a disk that is not mounted */
    SAYS(1, "tripsage-server: cannot put backups into data/tripsage.db: Not a directory", "backup", "data/tripsage.db");
    SAYS(1, "cannot make the folder data/tripsage.db/vault: Not a directory", "backup", "data/tripsage.db/vault");
    SAYS(1, "nothing was restored: there is no file none.db", "restore", "none.db", "--data-dir", "fresh");
    ck_assert_int_ne(access(test_format("%s/fresh", server.folder), F_OK), 0);
    SAYS(1, "there is no file none.db", "backup", "verify", "none.db");
    SAYS(1, "no database", "backup", "empty", "--database", "sqlite:none.db");
    ck_assert_int_ne(access(test_format("%s/empty", server.folder), F_OK), 0);
    ck_assert_int_eq(RUN(&output, "backup", "--keep", "2", "--json"), 0);
    output = answers(output);
    ck_assert_str_eq(test_json_at(output, "/verified"), "true");
    file = test_replaced(test_json_at(output, "/file"), "\"", "");
    ck_assert_int_eq(stat(test_format("%s/backups", server.folder), &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0700);
    ANSWERS(201, http_call(&server, token, "POST", "/api/trips", NULL, A_TRIP("after")));
    SAYS(0, "verified by a restore", "backup", "verify", file);
    /* The server has it open. */
    SAYS(1, "there is a database", "restore", file);
    SAYS(1, "stop the server", "restore", file, "--force");
    ANSWERS(200, http_call(&server, token, "GET", test_format("/api/trips/%s", http_text(trip, "/id")), NULL, NULL));
    SAYS(0, "restored", "restore", file, "--database", "sqlite:other.db");
    SAYS(0, "\"ok\":true", "check", "--json", "--database", "sqlite:other.db");
    SAYS(0, "\"replaced\":true", "restore", "--json", file, "--force", "--database=sqlite:other.db");
    ck_assert_int_eq(truncate(test_format("%s/%s", server.folder, file), 100), 0);
    SAYS(1, "cut off", "restore", file, "--force", "--database", "sqlite:other.db");
    SAYS(1, "cut off", "backup", "verify", file);
    SAYS(1, "no manifest", "restore", "other.db", "--database", "sqlite:third.db");
}
END_TEST

START_TEST(upkeep_beside_the_server)
{
    const char *token = http_register(&server, "eve@example.org", NULL), *output;

    ANSWERS(201, http_call(&server, token, "POST", "/api/trips", NULL, A_TRIP("upkeep")));
    SAYS(0, "bytes, of which", "maintain");
    ck_assert_int_eq(RUN(&output, "maintain", "--check", "--json"), 0);
    ck_assert_str_eq(test_json_at(answers(output), "/done"), "[]");
    SAYS(0, "vacuumed", "maintain", "--vacuum");
    ANSWERS(200, http_call(&server, token, "GET", "/api/trips/search?q=upkeep", NULL, NULL));
    SAYS(0, "\"ok\":true", "doctor", "--json");
    SAYS(0, "0 pending", "migrate", "dry-run");
    SAYS(0, "\"pending\":[]", "migrate", "dry-run", "--json");
    SAYS(1, "no database at sqlite:none.db", "check", "--database", "sqlite:none.db");
    SAYS(1, "no database at sqlite:none.db", "maintain", "--database", "sqlite:none.db");
    SAYS(1, "no database at sqlite:none.db", "maintain", "--check", "--database", "sqlite:none.db");
    SAYS(1, "pending", "migrate", "status", "--database", "sqlite:none.db");
    ck_assert_int_ne(access(test_format("%s/none.db", server.folder), F_OK), 0);
    SAYS(0, "applied and taken back", "migrate", "dry-run", "--database", "sqlite:none.db");
    ck_assert_int_ne(access(test_format("%s/none.db", server.folder), F_OK), 0);
}
END_TEST

SERVER_SUITE("server/maintenance", NULL, each_command_says_what_it_does, a_backup_beside_the_server,
             upkeep_beside_the_server)
