/* Variables of the process over those of a file, and what is no line of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/config.h>
#include <tripsage/security.h>

#include "support/failing.h"
#include "support/temp.h"
#include "unit/suite.h"

static char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];

static const char *put(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void begin(void)
{
    test_heap_install();
    test_temp_make(folder);
    test_path_join(path, folder, ".env");
}

static void end(void)
{
    test_temp_remove(folder);
}

/* What a variable of the file comes to. */
START_TEST(a_line_has_a_name_and_a_value)
{
    static const struct {
        const char *line, *value;
    } lines[] = {
        {"TS_X=1", "1"},
        {"TS_X=1\n", "1"},
        {"TS_X=1\r\n", "1"},
        {"\xef\xbb\xbfTS_X=1", "1"},
        {"  TS_X = 1 \t\r\n", "1"},
        {"export TS_X=1", "1"},
        {"# TS_X=0\n\n   \nTS_X=1", "1"},
        {"TS_X=1 # one", "1"},
        {"TS_X=1#one", "1#one"},
        {"TS_X=# none", NULL},
        {"TS_X=", NULL},
        {"TS_X=\"\"", NULL},
        {"TS_X=a b  c ", "a b  c"},
        {"TS_X='a b ' # c", "a b "},
        {"TS_X='a\\n$HOME'", "a\\n$HOME"},
        {"TS_X=\"a # b\"", "a # b"},
        {"TS_X=\"a\\\"b\\\\c\\n\\t\\r\\$d\"", "a\"b\\c\n\t\r$d"},
        {"TS_X=$HOME/${A}", "$HOME/${A}"},
        {"TS_X=a=b=c", "a=b=c"},
        {"TS_X=p@ss\"word'", "p@ss\"word'"},
        {"TS_X=1\nTS_X=2", "2"},
        {"TS_X=1\nTS_Y=2\nTS_X=", NULL},
        {"TS_X=\xc3\xa9", "\xc3\xa9"},
        {"", NULL},
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        tripsage_environment *environment;

        ck_assert_ok(tripsage_environment_open(&environment, put(lines[i].line), 1));
        ck_assert_pstr_eq(tripsage_environment_get("TS_X", environment), lines[i].value);
        ck_assert_pstr_eq(tripsage_environment_of_file(environment, 0), lines[i].value                  ? "TS_X"
                                                                        : strstr(lines[i].line, "TS_Y") ? "TS_Y"
                                                                                                        : NULL);
        tripsage_environment_free(environment);
    }
}
END_TEST

START_TEST(what_is_no_line_is_told_by_its_number)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"A=1\nhunter2\n", "line 2: expected NAME=value, or # and a comment"},
        {"=hunter2", "line 1: expected NAME=value"},
        {"A-B=hunter2", "line 1: expected NAME=value"},
        {"\nA='hunter2", "line 2: expected a quote at the end of the value, on the same line"},
        {"A=\"hunter2\\\"", "line 1: expected a quote at the end"},
        {"A='hunter' two", "line 1: expected nothing behind the closing quote but a comment"},
        {"A=hunter2\xff", "expected text in UTF-8"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tripsage_environment *environment = (tripsage_environment *)&environment;
        const char *message;

        ck_assert_fails(tripsage_environment_open(&environment, put(wrong[i].text), 0), TRIPSAGE_EINVALID);
        ck_assert_ptr_null(environment);
        message = tripsage_last_error()->message;
        ck_assert_msg(strstr(message, wrong[i].says) && strstr(message, path), "\"%s\" instead of \"%s\"", message,
                      wrong[i].says);
        ck_assert_ptr_null(strstr(message, "hunter"));
    }
    ck_assert_fails(tripsage_environment_open(NULL, NULL, 0), TRIPSAGE_EMISUSE);
}
END_TEST

START_TEST(the_process_goes_before_the_file)
{
    tripsage_environment *environment;

    put("TS_A=file\nTS_B=file\nTS_C_FILE=/file\nTS_D=file\nTS_E=file\n");
    setenv("TS_A", "process", 1);
    setenv("TS_B", "", 1);
    setenv("TS_C", "process", 1);
    setenv("TS_D_FILE", "/process", 1);
    ck_assert_ok(tripsage_environment_open(&environment, path, 1));
    ck_assert_str_eq(tripsage_environment_get("TS_A", environment), "process");
    ck_assert_str_eq(tripsage_environment_get("TS_B", environment), "file"); /* an empty one is not set */
    ck_assert_str_eq(tripsage_environment_get("TS_C", environment), "process");
    ck_assert_pstr_eq(tripsage_environment_get("TS_C_FILE", environment), NULL); /* a secret has one place */
    ck_assert_pstr_eq(tripsage_environment_get("TS_D", environment), NULL);
    ck_assert_str_eq(tripsage_environment_get("TS_D_FILE", environment), "/process");
    ck_assert_str_eq(tripsage_environment_file(environment), path);
    ck_assert_str_eq(tripsage_environment_of_file(environment, 0), "TS_B");
    ck_assert_str_eq(tripsage_environment_of_file(environment, 1), "TS_E");
    ck_assert_pstr_eq(tripsage_environment_of_file(environment, 2), NULL);
    tripsage_environment_free(environment);
    for (const char *name = "ABCD"; *name; name++) {
        char variable[] = "TS_?", file[] = "TS_?_FILE";

        variable[3] = file[3] = *name;
        unsetenv(variable);
        unsetenv(file);
    }
    tripsage_environment_free(NULL);
}
END_TEST

/* "docker run --env-file" passes on what a shell would have taken off. */
START_TEST(what_docker_leaves_on_is_taken_off)
{
    static const struct {
        const char *value, *mended;
    } values[] = {{"\"a b\"", "a b"},   {"'a b'", "a b"},   {"a\r", "a"},     {"\"a\"\r", "a"},
                  {"\"\"", NULL},       {"\r", NULL},       {"\"a'", "\"a'"}, {"\"", "\""},
                  {"a\"b\"", "a\"b\""}, {"a # b", "a # b"}, {" a ", " a "},   {"\"query: \"", "query: "}};
    tripsage_config *config;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        tripsage_environment *environment;

        setenv("TS_X", values[i].value, 1);
        ck_assert_ok(tripsage_environment_open(&environment, NULL, 0));
        ck_assert_pstr_eq(tripsage_environment_get("TS_X", environment), values[i].mended);
        ck_assert_pstr_eq(tripsage_environment_file(environment), NULL);
        tripsage_environment_free(environment);
    }
    unsetenv("TS_X");
    setenv("DATABASE_URL", "\"sqlite:of-the-environment.db\"\r", 1);
    ck_assert_ok(tripsage_config_read(&config, NULL, NULL));
    ck_assert_str_eq(tripsage_config_url(config), "sqlite:of-the-environment.db");
    tripsage_config_free(config);
    unsetenv("DATABASE_URL");
}
END_TEST

START_TEST(a_file_that_is_named_has_to_be_there)
{
    tripsage_environment *environment;

    ck_assert_ok(tripsage_environment_open(&environment, "/nowhere/.env", 0));
    ck_assert_pstr_eq(tripsage_environment_file(environment), NULL);
    tripsage_environment_free(environment);
    ck_assert_fails(tripsage_environment_open(&environment, "/nowhere/.env", 1), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->message, "/nowhere/.env: cannot be read: No such file or directory");
}
END_TEST

START_TEST(the_environment_has_five_names)
{
    static const struct {
        const char *line, *name;
    } names[] = {{"ENVIRONMENT=production", "production"},
                 {"ENVIRONMENT=Staging", "staging"},
                 {"ENVIRONMENT=test", "test"},
                 {"ENVIRONMENT=testing", "test"},
                 {"ENVIRONMENT=development", "development"},
                 {"", "development"}};
    tripsage_environment *environment;
    tripsage_config *config;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_ok(tripsage_environment_open(&environment, put(names[i].line), 1));
        ck_assert_ok(tripsage_config_read(&config, tripsage_environment_get, environment));
        ck_assert_str_eq(tripsage_config_environment(config), names[i].name);
        tripsage_config_free(config);
        tripsage_environment_free(environment);
    }
    ck_assert_ok(tripsage_environment_open(&environment, put("ENVIRONMENT=prod"), 1));
    ck_assert_fails(tripsage_config_read(&config, tripsage_environment_get, environment), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->message,
                     "ENVIRONMENT: expected development, test, staging or production, got \"prod\"");
    tripsage_environment_free(environment);
}
END_TEST

START_TEST(nothing_foreign_is_a_setting)
{
    const tripsage_foreign_setting *foreign;
    const tripsage_setting *setting;
    size_t count = 0;

    for (; (foreign = tripsage_config_foreign(count)) != NULL; count++) {
        ck_assert(foreign->name[0] && foreign->why[0]);
        for (size_t i = 0; (setting = tripsage_config_setting(i)) != NULL; i++)
            ck_assert_str_ne(setting->name, foreign->name);
    }
    ck_assert_uint_gt(count, 30);
}
END_TEST

/* Each allocation fails in turn, of the file, the settings and the report. */
START_TEST(without_memory)
{
    tripsage_security_facts facts = TRIPSAGE_SECURITY_FACTS_INIT;
    tripsage_status status = TRIPSAGE_ENOMEM;

    facts.host = "0.0.0.0";
    facts.database_trouble = "it is away";
    put("ENVIRONMENT=production\nSECRET_KEY=\"your-application-secret-key-of-some-length\"\n"
        "POSTGRES_URL=postgresql://me:pa%73s@db.trips.org/trips\nREDIS_URL=redis://:p@cache.trips.org\n"
        "TRIPSAGE_SECURITY_CONTACT=mailto:security@trips.org\n");
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_environment *environment = NULL;
        tripsage_config *config = NULL;
        tripsage_doc *report = NULL;
        char *contacts = NULL;
        long alive = test_heap_alive(TEST_HEAP_LIBRARY);

        test_heap_arm(n, TEST_FAIL_ONCE);
        status = tripsage_environment_open(&environment, path, 1);
        if (status == TRIPSAGE_OK)
            status = tripsage_config_read(&config, tripsage_environment_get, environment);
        if (status == TRIPSAGE_OK)
            status = tripsage_security_report(&report, config, &facts, NULL);
        if (status == TRIPSAGE_OK)
            status = tripsage_security_txt(&contacts, config, 0);
        test_heap_disarm();
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%ld: %s", n, tripsage_last_error()->message);
        ck_assert_msg(status == TRIPSAGE_OK || n < 2000, "it does not end");
        if (status == TRIPSAGE_OK)
            ck_assert_uint_eq(tripsage_doc_count(report, "/refusals"), 3);
        tripsage_free(contacts);
        tripsage_doc_free(report);
        tripsage_config_free(config);
        tripsage_environment_free(environment);
        ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), alive);
    }
}
END_TEST

START_TEST(a_report_wants_facts_of_its_version)
{
    tripsage_security_facts facts = TRIPSAGE_SECURITY_FACTS_INIT;
    tripsage_config *config;
    tripsage_doc *report;

    ck_assert_ok(tripsage_config_read(&config, NULL, NULL));
    ck_assert_ok(tripsage_security_report(&report, config, NULL, NULL)); /* of a program without a server */
    ck_assert_int_eq(tripsage_doc_bool(report, "/production_ready", 1), 0);
    tripsage_doc_free(report);
    facts.version = 2;
    ck_assert_fails(tripsage_security_report(&report, config, &facts, NULL), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(report);
    tripsage_config_free(config);
}
END_TEST

SUITE_MAIN_WITH("config/environment", begin, end, a_line_has_a_name_and_a_value, what_is_no_line_is_told_by_its_number,
                the_process_goes_before_the_file, what_docker_leaves_on_is_taken_off,
                a_file_that_is_named_has_to_be_there, the_environment_has_five_names, nothing_foreign_is_a_setting,
                without_memory, a_report_wants_facts_of_its_version)
