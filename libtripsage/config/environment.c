/* config/environment.c: variables of the process, and below them those of a file: what a setting's name is looked up in.
 *
 * A file is read as python-dotenv and Docker Compose read theirs, but that nothing in a value is replaced: a password may have a $ in it.
 * What "docker run --env-file" makes of the same file is mended: it takes the quotes around a value, and the CR at the end of a line, for
 * parts of the value. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "config_internal.h"

/* 1 MiB: a hundred settings with a certificate each. */
#define FILE_MAX ((size_t)1024 * 1024)

#define BLANKS          " \t"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_" /* POSIX.1-2017, 8.1 */

typedef struct variable {
    char *name, *value; /* one block, the value behind the name */
    int of_file;        /* else: of the process, mended */
} variable;

struct tripsage_environment {
    char *path; /* of the file; NULL without one */
    variable *variables;
    size_t count, capacity;
};

/* ---- what is kept ---- */

static tripsage_status add(tripsage_environment *environment, const char *name, size_t name_size, const char *value,
                           size_t size, int of_file)
{
    variable *grown = environment->variables, *added;

    if (environment->count == environment->capacity) {
        environment->capacity = environment->capacity ? environment->capacity * 2 : 32;
        grown = tripsage__realloc(grown, environment->capacity * sizeof *grown);
        if (!grown)
            return TRIPSAGE_NOMEM();
        environment->variables = grown;
    }
    added = &environment->variables[environment->count];
    added->name = tripsage__malloc(name_size + size + 2);
    if (!added->name)
        return TRIPSAGE_NOMEM();
    added->value = added->name + name_size + 1;
    memcpy(added->name, name, name_size);
    added->name[name_size] = '\0';
    memcpy(added->value, value, size);
    added->value[size] = '\0';
    added->of_file = of_file;
    environment->count++;
    return TRIPSAGE_OK;
}

/* The last one of a name, as a shell that reads the file would have it. */
static const variable *find(const tripsage_environment *environment, const char *name, int of_file)
{
    for (size_t i = environment->count; i-- > 0;)
        if (environment->variables[i].of_file == of_file && strcmp(environment->variables[i].name, name) == 0)
            return &environment->variables[i];
    return NULL;
}

/* ---- a line of the file ---- */

typedef struct line {
    const char *path;
    int number;
    char *name, *value;
    size_t name_size, size;
} line;

static tripsage_status wrong(const line *l, const char *expected)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%.200s, line %d: expected %s", l->path, l->number, expected);
}

static char unescaped(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* A value in quotes, in its place. Between double ones a backslash says how the next character is meant. */
static tripsage_status take_quoted(line *l, char *at)
{
    char quote = *at++, *out = at;

    l->value = at;
    while (*at && *at != quote) {
        if (quote == '"' && *at == '\\' && at[1]) {
            *out++ = unescaped(at[1]);
            at += 2;
        } else {
            *out++ = *at++;
        }
    }
    if (*at != quote)
        return wrong(l, "a quote at the end of the value, on the same line");
    l->size = (size_t)(out - l->value);
    at++;
    at += strspn(at, BLANKS);
    return *at == '\0' || *at == '#' ? TRIPSAGE_OK : wrong(l, "nothing behind the closing quote but a comment");
}

/* One without quotes ends where a comment begins, which is a # behind a blank. */
static void take_plain(line *l, char *at)
{
    size_t size = 0;

    for (l->value = at; at[size]; size++)
        if (at[size] == '#' && (size == 0 || strchr(BLANKS, at[size - 1])))
            break;
    while (size && strchr(BLANKS, at[size - 1]))
        size--;
    l->size = size;
}

/* NAME=value, "export NAME=value", or nothing: then the name is NULL. */
static tripsage_status take_line(line *l, char *at)
{
    l->name = NULL;
    at += strspn(at, BLANKS);
    if (*at == '\0' || *at == '#')
        return TRIPSAGE_OK;
    if (strncmp(at, "export", 6) == 0 && at[6] && strchr(BLANKS, at[6]))
        at += 6 + strspn(at + 6, BLANKS);
    l->name = at;
    l->name_size = strspn(at, NAME_CHARACTERS);
    at += l->name_size;
    at += strspn(at, BLANKS);
    if (l->name_size == 0 || *at != '=')
        return wrong(l, "NAME=value, or # and a comment");
    at += 1 + strspn(at + 1, BLANKS);
    if (*at == '"' || *at == '\'')
        return take_quoted(l, at);
    take_plain(l, at);
    return TRIPSAGE_OK;
}

static tripsage_status take_lines(tripsage_environment *environment, char *text)
{
    line l = {.path = environment->path, .number = 0};
    size_t size;
    tripsage_status status = TRIPSAGE_OK;

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* Windows' editors mark UTF-8 so */
        text += 3;
    for (char *next; text; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        size = strlen(text);
        if (size && text[size - 1] == '\r')
            text[size - 1] = '\0';
        l.number++;
        TRIPSAGE_TRY(take_line(&l, text));
        if (l.name)
            TRIPSAGE_TRY(add(environment, l.name, l.name_size, l.value, l.size, 1));
    }
out:
    return status;
}

/* ---- the file and the process ---- */

static tripsage_status read_all(char *text, size_t *size, const char *path, int required)
{
    FILE *file = fopen(path, "re");
    int error = file ? 0 : errno;

    *size = 0;
    if (error == ENOENT && !required)
        return TRIPSAGE_OK;
    if (file) {
        *size = fread(text, 1, FILE_MAX + 1, file);
        error = ferror(file) ? errno : 0; /* as for a folder, which can be opened */
        fclose(file);
    }
    if (error)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINVALID, error, "%.200s: cannot be read: %s", path, strerror(error));
    if (*size > FILE_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%.200s: expected a file of at most %zu bytes", path, FILE_MAX);
    text[*size] = '\0';
    if (strlen(text) != *size || !tripsage__utf8_valid(text, *size))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%.200s: expected text in UTF-8", path);
    return TRIPSAGE_OK;
}

static tripsage_status take_file(tripsage_environment *environment, const char *path, int required)
{
    char *text = tripsage__malloc(FILE_MAX + 2);
    size_t size = 0;
    tripsage_status status;

    if (!text)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(read_all(text, &size, path, required));
    if (size == 0)
        goto out;
    environment->path = tripsage__strdup(path);
    if (!environment->path)
        status = TRIPSAGE_NOMEM();
    else
        status = take_lines(environment, text);
out:
    tripsage__wipe(text, size);
    tripsage__free(text);
    return status;
}

/* What Docker's --env-file leaves on: a CR, then quotes. */
static tripsage_status mend(tripsage_environment *environment, const char *entry)
{
    size_t name_size = strcspn(entry, "="), size;
    const char *value = entry + name_size + (entry[name_size] == '=');
    int quoted;

    size = strlen(value);
    if (size && value[size - 1] == '\r')
        size--;
    quoted = size >= 2 && (value[0] == '"' || value[0] == '\'') && value[size - 1] == value[0];
    if (!quoted && value[size] == '\0')
        return TRIPSAGE_OK;
    return add(environment, entry, name_size, value + quoted, size - 2 * (size_t)quoted, 0);
}

tripsage_status tripsage_environment_open(tripsage_environment **out, const char *path, int required)
{
    tripsage_environment *environment;
    tripsage_status status = TRIPSAGE_OK;

    if (!out)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_environment_open needs a place for the environment");
    *out = NULL;
    environment = tripsage__calloc(1, sizeof *environment);
    if (!environment)
        return TRIPSAGE_NOMEM();
    for (char **entry = environ; entry && *entry; entry++)
        TRIPSAGE_TRY(mend(environment, *entry));
    if (path)
        TRIPSAGE_TRY(take_file(environment, path, required));
    *out = environment;
    return TRIPSAGE_OK;
out:
    tripsage_environment_free(environment);
    return status;
}

void tripsage_environment_free(tripsage_environment *environment)
{
    if (!environment)
        return;
    for (size_t i = 0; i < environment->count; i++) {
        variable *v = &environment->variables[i];

        tripsage__wipe(v->value, strlen(v->value));
        tripsage__free(v->name);
    }
    tripsage__free(environment->variables);
    tripsage__free(environment->path);
    tripsage__free(environment);
}

/* ---- asking ---- */

/* Its value in the process; NULL where that is not set or empty. */
static const char *of_process(const tripsage_environment *environment, const char *name)
{
    const variable *mended = find(environment, name, 0);
    const char *value = mended ? mended->value : getenv(name);

    return value && value[0] ? value : NULL;
}

/* A secret and the file it is in are two names of one thing, so the process's NAME goes before the file's NAME_FILE as well, and the
 * other way round. */
static int is_overridden(const tripsage_environment *environment, const char *name)
{
    size_t size = strlen(name);
    char other[128];

    if (size > 5 && strcmp(name + size - 5, "_FILE") == 0)
        snprintf(other, sizeof other, "%.*s", (int)(size - 5), name);
    else
        snprintf(other, sizeof other, "%s_FILE", name);
    return of_process(environment, name) || of_process(environment, other);
}

const char *tripsage_environment_get(const char *name, void *environment)
{
    const tripsage_environment *from = environment;
    const char *value = of_process(from, name);
    const variable *in_file = find(from, name, 1);

    return value || !in_file || !in_file->value[0] || is_overridden(from, name) ? value : in_file->value;
}

const char *tripsage_environment_file(const tripsage_environment *environment)
{
    return environment->path;
}

const char *tripsage_environment_of_file(const tripsage_environment *environment, size_t index)
{
    for (size_t i = 0; i < environment->count; i++) {
        const variable *v = &environment->variables[i];

        if (!v->of_file || v != find(environment, v->name, 1) || !v->value[0] || is_overridden(environment, v->name))
            continue;
        if (index-- == 0)
            return v->name;
    }
    return NULL;
}
