/* support/json.c: see json.h. */
#include "json.h"

#include <cJSON.h>
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void **kept;
static size_t kept_count, kept_room;

static void *must(void *block)
{
    if (!block) {
        fprintf(stderr, "the test itself is out of memory\n");
        abort();
    }
    return block;
}

void *test_keep(void *block)
{
    must(block);
    if (kept_count == kept_room) {
        kept_room = kept_room ? 2 * kept_room : 256;
        kept = must(realloc(kept, kept_room * sizeof *kept));
    }
    kept[kept_count++] = block;
    return block;
}

void test_keep_free(void)
{
    for (size_t i = 0; i < kept_count; i++)
        free(kept[i]);
    free(kept);
    kept = NULL;
    kept_count = kept_room = 0;
}

const char *test_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return test_keep(text);
}

const char *test_repeat(const char *piece, size_t count)
{
    size_t size = strlen(piece);
    char *text = must(malloc(count * size + 1));

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, piece, size);
    text[count * size] = '\0';
    return test_keep(text);
}

/* Hands a printed value over from cJSON's allocator to ours. */
static const char *keep_printed(cJSON *value)
{
    char *printed = value ? cJSON_PrintUnformatted(value) : NULL;
    char *copy = printed ? strdup(printed) : NULL;

    cJSON_free(printed);
    return printed ? test_keep(copy) : NULL;
}

const char *test_quoted(const char *text)
{
    cJSON *string = must(cJSON_CreateString(text));
    const char *quoted = keep_printed(string);

    cJSON_Delete(string);
    return quoted;
}

static cJSON *parsed(const char *json)
{
    cJSON *root = json ? cJSON_ParseWithOpts(json, NULL, 1) : NULL;

    if (!root)
        ck_abort_msg("not JSON: %s", json ? json : "(null)");
    return root;
}

/* One step of a pointer: unescapes the token into `token` and gives what follows it. */
static const char *next_token(const char *pointer, char *token, size_t room)
{
    size_t used = 0;

    for (pointer++; *pointer && *pointer != '/'; pointer++) {
        char c = *pointer;
        if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
            c = *++pointer == '0' ? '~' : '/';
        if (used + 1 < room)
            token[used++] = c;
    }
    token[used] = '\0';
    return pointer;
}

static cJSON *walk(cJSON *node, const char *pointer)
{
    char token[256];

    while (node && *pointer == '/') {
        pointer = next_token(pointer, token, sizeof token);
        node =
            cJSON_IsArray(node) ? cJSON_GetArrayItem(node, atoi(token)) : cJSON_GetObjectItemCaseSensitive(node, token);
    }
    return node;
}

const char *test_json_at(const char *json, const char *pointer)
{
    cJSON *root = parsed(json);
    const char *text = keep_printed(walk(root, pointer));

    cJSON_Delete(root);
    return text;
}

const char *test_with(const char *base, const char *changes)
{
    cJSON *root = parsed(base);
    cJSON *patch = parsed(changes);
    const char *text;

    while (patch->child) {
        cJSON *member = cJSON_DetachItemViaPointer(patch, patch->child);
        cJSON_DeleteItemFromObjectCaseSensitive(root, member->string);
        char *name = must(strdup(member->string));
        cJSON_AddItemToObject(root, name, member);
        free(name);
    }
    text = keep_printed(root);
    cJSON_Delete(patch);
    cJSON_Delete(root);
    return text;
}

const char *test_without(const char *base, const char *name)
{
    cJSON *root = parsed(base);
    const char *text;

    cJSON_DeleteItemFromObjectCaseSensitive(root, name);
    text = keep_printed(root);
    cJSON_Delete(root);
    return text;
}

const char *test_members(const char *json, const char *pointer)
{
    cJSON *root = parsed(json);
    const cJSON *object = walk(root, pointer);
    const char *names = "";

    for (const cJSON *member = object ? object->child : NULL; member; member = member->next)
        names = test_format("%s%s%s", names, *names ? "," : "", member->string ? member->string : "?");
    cJSON_Delete(root);
    return names;
}

const char *test_replaced(const char *text, const char *old, const char *with)
{
    size_t old_size = strlen(old), with_size = strlen(with);
    char *out = must(malloc(strlen(text) * (with_size + 1) + 1));
    char *at = out;

    while (*text) {
        if (strncmp(text, old, old_size) == 0) {
            memcpy(at, with, with_size);
            at += with_size;
            text += old_size;
        } else {
            *at++ = *text++;
        }
    }
    *at = '\0';
    return test_keep(out);
}
