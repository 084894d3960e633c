#include "support/http_schema.h"

#include <cJSON.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/json.h"

static cJSON *openapi;

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void forget_openapi(void)
{
    cJSON_Delete(openapi);
}

const cJSON *http_openapi(const http_server *s)
{
    http_answer *answer;

    if (openapi)
        return openapi;
    answer = ANSWERS(200, http_exchange(s->port, "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    openapi = cJSON_ParseWithLength(answer->body, answer->length);
    ck_assert_msg(openapi != NULL, "/openapi.json is not JSON");
    atexit(forget_openapi);
    return openapi;
}

/* ---- JSON Schema, as much of it as the document uses ---- */

static const cJSON *resolve(const cJSON *document, const cJSON *schema)
{
    const cJSON *reference = member(schema, "$ref"), *found = document;
    char name[128];

    if (!reference)
        return schema;
    ck_assert_msg(strncmp(reference->valuestring, "#/", 2) == 0, "a reference elsewhere: %s", reference->valuestring);
    for (const char *p = reference->valuestring + 1; found && *p == '/';) {
        size_t length = strcspn(++p, "/");

        ck_assert_uint_lt(length, sizeof name);
        memcpy(name, p, length);
        name[length] = '\0';
        found = member(found, name);
        p += length;
    }
    ck_assert_msg(found != NULL, "nothing at %s", reference->valuestring);
    return found;
}

static int has_type(const cJSON *value, const char *type)
{
    if (strcmp(type, "object") == 0)
        return cJSON_IsObject(value);
    if (strcmp(type, "array") == 0)
        return cJSON_IsArray(value);
    if (strcmp(type, "string") == 0)
        return cJSON_IsString(value);
    if (strcmp(type, "boolean") == 0)
        return cJSON_IsBool(value);
    if (strcmp(type, "null") == 0)
        return cJSON_IsNull(value);
    if (strcmp(type, "number") == 0)
        return cJSON_IsNumber(value);
    ck_assert_str_eq(type, "integer");
    return cJSON_IsNumber(value) && value->valuedouble == (double)(long long)value->valuedouble;
}

static int fits_type(const cJSON *type, const cJSON *value)
{
    const cJSON *one;

    if (cJSON_IsString(type))
        return has_type(value, type->valuestring);
    cJSON_ArrayForEach(one, type) if (has_type(value, one->valuestring)) return 1;
    return 0;
}

static int is_one_of(const cJSON *list, const cJSON *value)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, list) if (cJSON_Compare(one, value, 1)) return 1;
    return 0;
}

static int fits_format(const char *format, const char *text)
{
    size_t length = strlen(text);

    if (strcmp(format, "uuid") == 0)
        return length == 36 && text[8] == '-' && text[23] == '-';
    if (strcmp(format, "date") == 0)
        return length == 10 && text[4] == '-' && text[7] == '-';
    if (strcmp(format, "date-time") == 0)
        return length >= 20 && text[10] == 'T' && text[length - 1] == 'Z';
    ck_assert_str_eq(format, "email");
    return strchr(text, '@') != NULL;
}

static const char *scalar_fault(const char *keyword, const cJSON *rule, const cJSON *value)
{
    int ok = 1;

    if (strcmp(keyword, "type") == 0)
        ok = fits_type(rule, value);
    else if (strcmp(keyword, "enum") == 0)
        ok = is_one_of(rule, value);
    else if (strcmp(keyword, "const") == 0)
        ok = cJSON_Compare(rule, value, 1);
    else if (strcmp(keyword, "minimum") == 0)
        ok = !cJSON_IsNumber(value) || value->valuedouble >= rule->valuedouble;
    else if (strcmp(keyword, "maximum") == 0)
        ok = !cJSON_IsNumber(value) || value->valuedouble <= rule->valuedouble;
    else if (strcmp(keyword, "minLength") == 0)
        ok = !cJSON_IsString(value) || strlen(value->valuestring) >= (size_t)rule->valueint;
    else if (strcmp(keyword, "maxLength") == 0) /* characters of at most four bytes */
        ok = !cJSON_IsString(value) || strlen(value->valuestring) <= 4 * (size_t)rule->valueint;
    else if (strcmp(keyword, "minItems") == 0)
        ok = !cJSON_IsArray(value) || cJSON_GetArraySize(value) >= rule->valueint;
    else if (strcmp(keyword, "maxItems") == 0)
        ok = !cJSON_IsArray(value) || cJSON_GetArraySize(value) <= rule->valueint;
    else if (strcmp(keyword, "format") == 0)
        ok = !cJSON_IsString(value) || fits_format(rule->valuestring, value->valuestring);
    else if (strcmp(keyword, "description") != 0 && strcmp(keyword, "$ref") != 0)
        ck_abort_msg("a keyword the test does not know: %s", keyword);
    return ok ? NULL : keyword;
}

static const char *required_fault(const cJSON *rule, const cJSON *value, const char *where)
{
    const cJSON *name;

    if (!cJSON_IsObject(value))
        return NULL;
    cJSON_ArrayForEach(name, rule) if (!member(value, name->valuestring)) return test_format("%s/%s: it is missing",
                                                                                             where, name->valuestring);
    return NULL;
}

/* Members by their own schemas, the others by additionalProperties. */
static const char *members_fault(const cJSON *document, const cJSON *schema, const cJSON *value, const char *where)
{
    const cJSON *properties = member(schema, "properties"), *others = member(schema, "additionalProperties"), *one;

    if (!cJSON_IsObject(value))
        return NULL;
    cJSON_ArrayForEach(one, value)
    {
        const cJSON *rule = member(properties, one->string);
        const char *fault = NULL;

        if (rule || others)
            fault = http_schema_fault(document, rule ? rule : others, one, test_format("%s/%s", where, one->string));
        if (fault)
            return fault;
    }
    return NULL;
}

static const char *items_fault(const cJSON *document, const cJSON *rule, const cJSON *value, const char *where)
{
    const cJSON *one;
    size_t index = 0;

    if (!cJSON_IsArray(value))
        return NULL;
    cJSON_ArrayForEach(one, value)
    {
        const char *fault = http_schema_fault(document, rule, one, test_format("%s/%zu", where, index++));

        if (fault)
            return fault;
    }
    return NULL;
}

static const char *all_fault(const cJSON *document, const cJSON *rule, const cJSON *value, const char *where)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, rule)
    {
        const char *fault = http_schema_fault(document, one, value, where);

        if (fault)
            return fault;
    }
    return NULL;
}

const char *http_schema_fault(const cJSON *document, const cJSON *schema, const cJSON *value, const char *where)
{
    const cJSON *rule;

    schema = resolve(document, schema);
    cJSON_ArrayForEach(rule, schema)
    {
        const char *fault = NULL, *keyword;

        if (strcmp(rule->string, "required") == 0)
            fault = required_fault(rule, value, where);
        else if (strcmp(rule->string, "properties") == 0 || strcmp(rule->string, "additionalProperties") == 0)
            fault = members_fault(document, schema, value, where);
        else if (strcmp(rule->string, "items") == 0)
            fault = items_fault(document, rule, value, where);
        else if (strcmp(rule->string, "allOf") == 0)
            fault = all_fault(document, rule, value, where);
        else if ((keyword = scalar_fault(rule->string, rule, value)) != NULL)
            fault = test_format("%s: breaks %s", where, keyword);
        if (fault)
            return fault;
    }
    return NULL;
}

/* ---- operations ---- */

/* How many of the template's segments are literal when it matches the path, -1 when it does not. */
static int matches(const char *template, const char *path)
{
    int literal = 0;

    while (*template == '/' && *path == '/') {
        size_t wanted = strcspn(++template, "/"), given = strcspn(++path, "/?");

        if (template[0] == '{' ? given == 0 : wanted != given || strncmp(template, path, wanted) != 0)
            return -1;
        literal += template[0] != '{';
        template += wanted;
        path += given;
    }
    if (path[0] == '/' && (path[1] == '\0' || path[1] == '?'))
        path++;
    return *template == '\0' && (*path == '\0' || *path == '?') ? literal : -1;
}

static const cJSON *find_operation(const cJSON *document, const char *method, const char *path)
{
    const cJSON *one, *best = NULL;
    char name[16] = "";
    int most = -1;

    for (size_t i = 0; method[i] && i < sizeof name - 1; i++)
        name[i] = (char)(method[i] | 0x20);
    cJSON_ArrayForEach(one, member(document, "paths"))
    {
        int literal = matches(one->string, path);

        if (literal > most && member(one, name)) {
            most = literal;
            best = member(one, name);
        }
    }
    return best;
}

/* The schema of this status; NULL when the document has an answer but no schema for it. */
static const cJSON *find_schema(const cJSON *document, const cJSON *operation, int status, const char *media_type)
{
    const cJSON *responses = member(operation, "responses"), *found = member(responses, test_format("%d", status)),
                *content;

    if (!operation)
        return member(member(member(document, "components"), "schemas"), "Problem");
    found = resolve(document, found ? found : member(responses, "default"));
    content = member(member(found, "content"), media_type);
    ck_assert_msg(content != NULL, "the document has no %s for status %d", media_type, status);
    return member(content, "schema");
}

void http_schema_check(const http_server *s, const char *method, const char *path, const http_answer *answer)
{
    const char *media_type = http_field(answer, "Content-Type"), *fault;
    const cJSON *document, *schema;
    cJSON *value;

    if (!media_type || strcmp(method, "HEAD") == 0 || strncmp(path, "/openapi.json", 13) == 0)
        return;
    document = http_openapi(s);
    media_type = test_format("%.*s", (int)strcspn(media_type, "; "), media_type);
    schema = find_schema(document, find_operation(document, method, path), answer->status, media_type);
    if (!schema)
        return;
    value = cJSON_ParseWithLength(answer->body, answer->length);
    ck_assert_msg(value != NULL, "%s %s: not JSON: %s", method, path, answer->body);
    fault = http_schema_fault(document, schema, value, "");
    ck_assert_msg(fault == NULL, "%s %s: status %d: %s in %s", method, path, answer->status, fault, answer->body);
    cJSON_Delete(value);
}
