/* support/auth_replay.c: see auth_replay.h. */
#include "auth_replay.h"

#include <cJSON.h>
#include <check.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "json.h"
#include "temp.h"

#define PAIRS_MAX   1024
#define ANSWERS_MAX 256

typedef struct pair {
    const char *recorded, *ours;
} pair;

typedef struct told {
    const char *label;
    replay_answer answer;
} told;

typedef struct run {
    const replay_stage *stage;
    pair pairs[PAIRS_MAX]; /* ids and codes of the recording, and what they are called here */
    size_t pair_count;
    told answers[ANSWERS_MAX];
    size_t answer_count;
    const char *label; /* of the exchange at hand */
    char differences[4096];
    int silent; /* only learn */
} run;

/* How many seconds the recording's clock went on before a request, where that matters: there is a pause between two mails. */
static const struct {
    const char *label;
    int seconds;
} pauses[] = {{"refresh reuse grandparent after 10s", 11},
              {"otp existing", 2},
              {"otp pkce", 2},
              {"signup repeat unconfirmed <1s", 2},
              {"signup repeat unconfirmed later", 2},
              {"signup existing confirmed", 2},
              {"resend signup", 2}};

/* ---- what a request takes from answers before it ----
 *
 * The recordings do not say whose token a request was sent with, nor which masked token is in its body. */

typedef struct cue {
    const char *label;
    const char *as;     /* the answer whose access token is the bearer; or a token of a kind of its own */
    const char *name;   /* the member of the body that is to be set; ?name: the parameter */
    const char *source; /* the answer whose member of that name it is; or a value of a kind of its own */
} cue;

static const cue cues[] = {
    {"refresh unknown", NULL, "refresh_token", "#ended"},
    {"refresh malformed long", NULL, "refresh_token", "#malformed"},
    {"refresh ok", NULL, "refresh_token", "token ok"},
    {"refresh reuse parent-of-active", NULL, "refresh_token", "token ok"},
    {"refresh second", NULL, "refresh_token", "refresh ok"},
    {"refresh reuse grandparent within 10s", NULL, "refresh_token", "token ok"},
    /* There, the token had become the parent of the current one, which had branched off from it. Ours in that place is another. */
    {"refresh reuse grandparent after 10s", NULL, "refresh_token", "refresh ok"},
    {"refresh active after reuse detection", NULL, "refresh_token", "refresh reuse grandparent within 10s"},
    {"user after reuse detection", "token ok", NULL, NULL},
    {"user garbage bearer", "#garbage", NULL, NULL},
    {"user expired", "#expired", NULL, NULL},
    {"user unknown sub", "#unknown sub", NULL, NULL},
    {"user bad sub", "#bad sub", NULL, NULL},
    {"user ok", "token ok 2", NULL, NULL},
    {"user alg none", "#alg none", NULL, NULL},
    {"user put data", "token ok 2", NULL, NULL},
    {"user put same password", "token ok 2", NULL, NULL},
    {"user put weak password", "token ok 2", NULL, NULL},
    {"user put app_metadata", "token ok 2", NULL, NULL},
    {"user put password", "token ok 2", NULL, NULL},
    {"user put email change", "token ok 2", NULL, NULL},
    {"user put dup email", "token ok 2", NULL, NULL},
    {"anon put password only", "signup anonymous", NULL, NULL},
    {"anon upgrade email", "signup anonymous", NULL, NULL},
    {"reauthenticate", "token ok 2", NULL, NULL},
    {"logout bad scope", "token 3", NULL, NULL},
    {"logout others", "token 3", NULL, NULL},
    {"user after others", "token ok 2", NULL, NULL},
    {"user after others legacy", "token ok 2", NULL, NULL},
    {"refresh after logout", NULL, "refresh_token", "token ok 2"},
    {"logout local", "token 4", NULL, NULL},
    {"user survivor", "token 3", NULL, NULL},
    {"logout global", "token 3", NULL, NULL},
    {"logout again", "token 3", NULL, NULL},
    {"verify GET pkce", NULL, "?token", "#mail"},
    {"verify bad hash", NULL, "token_hash", "#hash"},
    {"verify both", NULL, "token_hash", "#hash"},
    {"otp pkce", NULL, "code_challenge", "#challenge"},
    {"pkce wrong verifier", NULL, "auth_code", "#code"},
    {"pkce wrong verifier", NULL, "code_verifier", "#wrong verifier"},
    {"pkce ok", NULL, "auth_code", "#code"},
    {"pkce ok", NULL, "code_verifier", "#verifier"},
    {"pkce reuse", NULL, "auth_code", "#code"},
    {"pkce reuse", NULL, "code_verifier", "#verifier"},
    {"admin user", "token 5", NULL, NULL},
    {"verify token_hash", NULL, "token_hash", "generate_link for token_hash"},
    {"factor enroll", "token mfa", NULL, NULL},
    {"factor enroll dup name", "token mfa", NULL, NULL},
    {"factor enroll bad type", "token mfa", NULL, NULL},
    {"factor challenge", "token mfa", NULL, NULL},
    {"factor verify wrong", "token mfa", NULL, NULL},
    {"factor verify bad challenge", "token mfa", NULL, NULL},
    {"factor verify ok", "token mfa", "code", "#totp"},
    {"factor verify replay", "factor verify ok", "code", "#totp"},
    {"user with factors", "token aal1 with mfa", NULL, NULL},
    {"put password aal1", "token aal1 with mfa", NULL, NULL},
    {"factor delete aal1", "token aal1 with mfa", NULL, NULL},
    {"factor missing", "token aal1 with mfa", NULL, NULL},
    {"factor delete aal2", "factor verify ok", NULL, NULL},
    {"identity unlink disabled", "factor verify ok", NULL, NULL},
    {"user after delete", "factor verify ok", NULL, NULL},
    /* the other recording */
    {"generate signup link", "#service", NULL, NULL},
    {"generate recovery", "#service", NULL, NULL},
    {"change email", "verify recovery otp", NULL, NULL},
    {"gl email_change_current", "#service", NULL, NULL},
    {"gl email_change_new", "#service", NULL, NULL},
    {"password change keeps session", "verify change new", NULL, NULL},
    {"get user after", "login new email", NULL, NULL},
    {"gl invite", "#service", NULL, NULL},
    {"verify invite token_hash", NULL, "token_hash", "gl invite"},
};

static const char *learned(const run *r, const char *recorded)
{
    for (size_t i = 0; i < r->pair_count; i++)
        if (strcmp(r->pairs[i].recorded, recorded) == 0)
            return r->pairs[i].ours;
    return NULL;
}

static void learn(run *r, const char *recorded, const char *ours)
{
    if (learned(r, recorded))
        return;
    ck_assert_uint_lt(r->pair_count, PAIRS_MAX);
    r->pairs[r->pair_count++] = (pair){test_format("%s", recorded), test_format("%s", ours)};
}

/* The text with the recording's ids and codes replaced by ours. */
static const char *translate(const run *r, const char *text)
{
    for (size_t i = 0; i < r->pair_count; i++)
        if (strstr(text, r->pairs[i].recorded))
            text = test_replaced(text, r->pairs[i].recorded, r->pairs[i].ours);
    return text;
}

/* The text of a JSON string member at this pointer; "" when there is none. */
static const char *text_at(const char *json, const char *pointer)
{
    const char *value = *json == '{' ? test_json_at(json, pointer) : NULL;
    cJSON *parsed = value ? cJSON_Parse(value) : NULL;
    const char *text = cJSON_IsString(parsed) ? test_format("%s", parsed->valuestring) : "";

    cJSON_Delete(parsed);
    return text;
}

static const char *answer_to(const run *r, const char *label)
{
    for (size_t i = 0; i < r->answer_count; i++)
        if (strcmp(r->answers[i].label, label) == 0)
            return r->answers[i].answer.body;
    return "";
}

/* ---- tokens and codes of our own ---- */

static const char *base64url(const void *data, size_t size)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(65536);
    const char *text;

    tripsage__base64url_put(&buf, data, size);
    text = test_format("%s", buf.data ? buf.data : "");
    tripsage__buf_free(&buf);
    return text;
}

#define NEVER 4102444800LL /* the year 2100 */

static const char *sign(const run *r, const char *claims)
{
    const char *header = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    const char *text = test_format("%s.%s", base64url(header, strlen(header)), base64url(claims, strlen(claims)));
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    tripsage__hmac_sha256(code, r->stage->jwt_secret, strlen(r->stage->jwt_secret), text, strlen(text));
    return test_format("%s.%s", text, base64url(code, sizeof code));
}

static const char *user_token(const run *r, const char *sub, long long expires)
{
    return sign(r, test_format("{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"authenticated\",\"exp\":%lld,\"iat\":1,"
                               "\"role\":\"authenticated\",\"aal\":\"aal1\","
                               "\"session_id\":\"01890000-0000-7000-8000-0000000000ff\",\"is_anonymous\":false}",
                               r->stage->issuer, sub, expires));
}

/* A key of a project, of the older kind. */
static const char *role_token(const run *r, const char *role)
{
    return sign(r, test_format("{\"iss\":\"supabase\",\"role\":\"%s\",\"iat\":1,\"exp\":%lld}", role, NEVER));
}

static const char *unsigned_token(void)
{
    const char *header = "{\"alg\":\"none\",\"typ\":\"JWT\"}", *claims = "{\"sub\":\"x\"}";

    return test_format("%s.%s.", base64url(header, strlen(header)), base64url(claims, strlen(claims)));
}

static const char *bearer_of(const run *r, const char *as)
{
    if (strcmp(as, "#garbage") == 0)
        return "garbage";
    if (strcmp(as, "#expired") == 0)
        return user_token(r, "01890000-0000-7000-8000-0000000000fe", 2);
    if (strcmp(as, "#unknown sub") == 0)
        return user_token(r, "01890000-0000-7000-8000-0000000000fe", NEVER);
    if (strcmp(as, "#bad sub") == 0)
        return user_token(r, "not-a-uuid", NEVER);
    if (strcmp(as, "#alg none") == 0)
        return unsigned_token();
    if (strcmp(as, "#service") == 0)
        return role_token(r, "service_role");
    return text_at(answer_to(r, as), "/access_token");
}

#define VERIFIER "a-verifier-of-more-than-forty-three-characters-0123456789"

static const char *challenge(void)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];

    tripsage__sha256(digest, VERIFIER, strlen(VERIFIER));
    return base64url(digest, sizeof digest);
}

/* The refresh token of a session that has ended: of somebody who is not in the recording. */
static const char *ended_token(const run *r)
{
    replay_request request = {"POST", "/signup", "", NULL, 1, "{}"};
    replay_answer session = r->stage->send(r->stage->context, &request);

    request = (replay_request){"POST", "/logout", "", text_at(session.body, "/access_token"), 1, NULL};
    r->stage->send(r->stage->context, &request);
    return text_at(session.body, "/refresh_token");
}

/* The code behind "?code=" of the answer that redirected. */
static const char *auth_code(const run *r)
{
    const char *at = strstr(answer_to(r, "verify GET pkce"), "?code=");

    return at ? test_format("%.36s", at + 6) : "";
}

static const char *last_mail(const run *r)
{
    const char *mail = r->stage->mail ? r->stage->mail(r->stage->context) : NULL;

    return mail ? mail : "";
}

/* What the link of the last message carries. */
static const char *mailed_token(const run *r)
{
    const char *at = strstr(last_mail(r), "token=");

    return at ? test_format("%.*s", (int)strspn(at + 6, "0123456789abcdef_pkc"), at + 6) : "";
}

static const char *value_of(const run *r, const char *name, const char *source)
{
    if (strcmp(source, "#ended") == 0)
        return ended_token(r);
    if (strcmp(source, "#malformed") == 0)
        return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if (strcmp(source, "#hash") == 0)
        return "00000000000000000000000000000000000000000000000000000000";
    if (strcmp(source, "#challenge") == 0)
        return challenge();
    if (strcmp(source, "#verifier") == 0)
        return VERIFIER;
    if (strcmp(source, "#wrong verifier") == 0)
        return VERIFIER "x";
    if (strcmp(source, "#code") == 0)
        return auth_code(r);
    if (strcmp(source, "#mail") == 0)
        return mailed_token(r);
    if (strcmp(source, "#totp") == 0)
        return r->stage->code
                   ? r->stage->code(r->stage->context, text_at(answer_to(r, "factor enroll"), "/totp/secret"))
                   : "000000";
    if (strcmp(name, "token_hash") == 0)
        name = "hashed_token";
    return text_at(answer_to(r, source), test_format("/%s", name));
}

/* ---- comparing ---- */

static void differ(run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void differ(run *r, const char *format, ...)
{
    size_t used = strlen(r->differences);
    va_list arguments;

    if (r->silent || used + 300 > sizeof r->differences)
        return;
    used += (size_t)snprintf(r->differences + used, sizeof r->differences - used, "    ");
    va_start(arguments, format);
    vsnprintf(r->differences + used, 280, format, arguments);
    va_end(arguments);
    strcat(r->differences, "\n");
}

static size_t run_of(const char *text, const char *set)
{
    return strspn(text, set);
}

#define HEX    "0123456789abcdef"
#define DIGITS "0123456789"
#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static size_t uuid_at(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'x' ? !text[i] || !strchr(HEX, text[i]) : text[i] != form[i])
            return 0;
    return sizeof form - 1;
}

/* 2026-11-23T03:23:43.810111Z */
static size_t time_at(const char *text)
{
    static const char form[] = "0000-00-00T00:00:00";
    size_t length = sizeof form - 1;

    for (size_t i = 0; form[i]; i++)
        if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return 0;
    if (text[length] == '.')
        length += 1 + run_of(text + length + 1, DIGITS);
    return text[length] == 'Z' ? length + 1 : 0;
}

static size_t token_at(const char *text)
{
    size_t length = strncmp(text, "eyJ", 3) == 0 ? run_of(text, BASE64 ".") : 0;

    return length > 100 ? length : strncmp(text, "<jwt>", 5) == 0 ? 5 : 0;
}

static size_t hash_at(const char *text)
{
    size_t length = run_of(text, HEX);

    return length >= 56 ? length : 0;
}

/* What stands behind one of these names in a link. */
static size_t named_at(const char *text, const char **name)
{
    static const char *const names[] = {"refresh_token=", "secret="};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(text, names[i], strlen(names[i])) == 0) {
            *name = names[i];
            return strlen(names[i]) + strcspn(text + strlen(names[i]), "&\"#");
        }
    return 0;
}

/* Where the recorded servers were reached, and ours, with or without a gateway in front. */
static size_t base_at(const run *r, const char *text)
{
    const char *const bases[] = {r->stage->issuer, r->stage->base, "http://127.0.0.1:54321/auth/v1",
                                 "http://127.0.0.1:9994/auth/v1", "http://127.0.0.1:54321"};

    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (strncmp(text, bases[i], strlen(bases[i])) == 0)
            return strlen(bases[i]);
    return 0;
}

/* The text with what differs from one run to the next replaced by its kind; ids and codes besides into `found`, in their order. */
#define FOUND_MAX 16
typedef struct masked {
    const char *text;
    const char *found[FOUND_MAX];
    size_t count;
} masked;

static masked mask(const run *r, const char *text)
{
    masked out = {.count = 0};
    char *buffer = test_keep(calloc(2, strlen(text) + 16)), *to = buffer;

    while (*text) {
        const char *kind, *name = "";
        size_t length;
        int is_id = 0;

        if ((length = uuid_at(text)) != 0) {
            kind = "<id>";
            is_id = 1;
        } else if ((length = hash_at(text)) != 0) {
            kind = "<hash>";
            is_id = 1;
        } else if ((length = time_at(text)) != 0) {
            kind = "<time>";
        } else if ((length = token_at(text)) != 0) {
            kind = "<jwt>";
        } else if ((length = named_at(text, &name)) != 0) {
            kind = "<masked>";
        } else if ((length = base_at(r, text)) != 0) {
            kind = "<base>";
        } else if ((length = run_of(text, DIGITS)) >= 9 || (length && strncmp(text + length, " seconds", 8) == 0)) {
            kind = "<number>";
        } else {
            *to++ = *text++;
            continue;
        }
        if (is_id && out.count < FOUND_MAX)
            out.found[out.count++] = test_format("%.*s", (int)length, text);
        to += sprintf(to, "%s%s", name, kind);
        text += length;
    }
    out.text = buffer;
    return out;
}

static void compare_text(run *r, const char *where, const char *recorded, const char *ours)
{
    masked a = mask(r, recorded), b = mask(r, ours);

    if (strcmp(recorded, "<masked>") == 0 && *ours)
        return;
    if (strcmp(a.text, b.text) != 0 || a.count != b.count) {
        differ(r, "%s: \"%.100s\", recorded \"%.100s\"", where, ours, recorded);
        return;
    }
    for (size_t i = 0; i < a.count; i++) {
        const char *known = learned(r, a.found[i]);

        if (known && strcmp(known, b.found[i]) != 0)
            differ(r, "%s: %.60s is another one than before (%.60s)", where, b.found[i], known);
        learn(r, a.found[i], b.found[i]);
    }
}

static int is_named(const char *where, const char *name)
{
    const char *last = strrchr(where, '/');

    return last && strcmp(last + 1, name) == 0;
}

/* Of a kind that another run cannot repeat. */
static int is_picture(const cJSON *value)
{
    return cJSON_IsString(value) && strstr(value->valuestring, "<svg") != NULL;
}

static int is_code(const cJSON *value)
{
    return cJSON_IsString(value) && strlen(value->valuestring) == 6 && run_of(value->valuestring, DIGITS) == 6;
}

static int is_digest(const cJSON *value)
{
    return cJSON_IsString(value) && (strlen(value->valuestring) == 43 || strlen(value->valuestring) == 15) &&
           run_of(value->valuestring, BASE64) == strlen(value->valuestring);
}

static int is_instant(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble > 1e9;
}

static void compare(run *r, const char *where, const cJSON *recorded, const cJSON *ours);

static void compare_members(run *r, const char *where, const cJSON *recorded, const cJSON *ours)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, recorded)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(ours, member->string);

        if (other)
            compare(r, test_format("%s/%s", where, member->string), member, other);
        else
            differ(r, "%s/%s is missing", where, member->string);
    }
    cJSON_ArrayForEach(member, ours)
    {
        if (!cJSON_GetObjectItemCaseSensitive(recorded, member->string))
            differ(r, "%s/%s was not recorded", where, member->string);
    }
}

static void compare(run *r, const char *where, const cJSON *recorded, const cJSON *ours)
{
    if ((recorded->type & 0xFF) != (ours->type & 0xFF) && !(cJSON_IsBool(recorded) && cJSON_IsBool(ours))) {
        differ(r, "%s is of another type", where);
    } else if (cJSON_IsObject(recorded)) {
        compare_members(r, where, recorded, ours);
    } else if (cJSON_IsArray(recorded)) {
        int count = cJSON_GetArraySize(recorded);

        if (count != cJSON_GetArraySize(ours))
            differ(r, "%s has %d elements, recorded %d", where, cJSON_GetArraySize(ours), count);
        for (int i = 0; i < count && i < cJSON_GetArraySize(ours); i++)
            compare(r, test_format("%s/%d", where, i), cJSON_GetArrayItem(recorded, i), cJSON_GetArrayItem(ours, i));
    } else if (is_named(where, "email_otp") && is_code(recorded) && is_code(ours)) {
        learn(r, test_format("\"%s\"", recorded->valuestring), test_format("\"%s\"", ours->valuestring));
    } else if ((is_picture(recorded) && is_picture(ours)) || (is_digest(recorded) && is_digest(ours)) ||
               (is_instant(recorded) && is_instant(ours))) {
        return;
    } else if (cJSON_IsString(recorded)) {
        compare_text(r, where, recorded->valuestring, ours->valuestring);
    } else if (!cJSON_Compare(recorded, ours, 1)) {
        differ(r, "%s is another value", where);
    }
}

/* ---- headers ---- */

/* A field of the answer; NULL when it is not there. */
static const char *field(const replay_answer *answer, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = answer->head; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " ");

            return test_format("%.*s", (int)strcspn(value, "\r\n"), value);
        }
    return NULL;
}

/* How many pages there are depends on who else is there. */
static const char *without_last_page(const char *link)
{
    const char *page = strstr(link, "rel=\"next\"") ? strstr(strstr(link, "rel=\"next\""), "page=") : NULL;

    return page ? test_format("%.*s%s", (int)(page - link), link, page + 5 + run_of(page + 5, DIGITS)) : link;
}

static void compare_headers(run *r, const cJSON *recorded, const replay_answer *ours)
{
    const cJSON *header;

    cJSON_ArrayForEach(header, recorded)
    {
        const char *name = header->string, *value = field(ours, name);

        if (strcmp(name, "transfer-encoding") == 0)
            continue; /* how it was framed */
        if (!value)
            differ(r, "header %s is missing", name);
        else if (strcmp(name, "link") == 0)
            compare_text(r, name, without_last_page(header->valuestring), without_last_page(value));
        else if (strcmp(name, "x-total-count") != 0 && strcmp(name, "sb-auth-refresh-token-prefix") != 0)
            compare_text(r, name, header->valuestring, value);
    }
}

/* ---- one exchange ---- */

static void compare_claims(run *r, const cJSON *recorded, const char *body)
{
    const char *token = text_at(body, "/access_token"), *dot = strchr(token, '.');
    char claims[8192] = "";
    int64_t size = dot ? tripsage__base64url_decode(claims, sizeof claims - 1, dot + 1, strcspn(dot + 1, ".")) : -1;
    cJSON *parsed;

    if (size < 0) {
        differ(r, "there is no access token");
        return;
    }
    claims[size] = '\0';
    parsed = cJSON_Parse(claims);
    compare(r, "claims", cJSON_GetArrayItem(recorded, 1), parsed);
    cJSON_Delete(parsed);
}

static void compare_body(run *r, const cJSON *recorded, const char *body)
{
    cJSON *parsed;

    if (cJSON_IsString(recorded)) {
        compare_text(r, "body", recorded->valuestring, body);
        return;
    }
    parsed = cJSON_Parse(body);
    if (parsed)
        compare(r, "", recorded, parsed);
    else
        differ(r, "the body is no JSON: %.60s", body);
    cJSON_Delete(parsed);
}

static const char *member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* A body that was too long to be recorded ends with how long it was. */
static const char *long_body(const char *recorded)
{
    const char *mark = strstr(recorded, "\xE2\x80\xA6[");

    return mark ? test_format("%.*s%s\"}}", (int)(mark - recorded), recorded, test_repeat("a", 1100000)) : recorded;
}

static const char *body_of(const run *r, const cJSON *request)
{
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(request, "body");
    const char *text;

    if (!body || cJSON_IsNull(body))
        return NULL;
    if (cJSON_IsString(body))
        return long_body(body->valuestring);
    text = translate(r, test_keep(cJSON_PrintUnformatted(body)));
    for (size_t i = 0; i < sizeof cues / sizeof cues[0]; i++)
        if (cues[i].name && cues[i].name[0] != '?' && strcmp(cues[i].label, r->label) == 0)
            text = test_with(
                text, test_format("{\"%s\":%s}", cues[i].name, test_quoted(value_of(r, cues[i].name, cues[i].source))));
    return text;
}

static const char *bearer_for(const run *r, const cJSON *request)
{
    const char *auth = member(request, "auth");

    for (size_t i = 0; i < sizeof cues / sizeof cues[0]; i++)
        if (cues[i].as && strcmp(cues[i].label, r->label) == 0)
            return bearer_of(r, cues[i].as);
    if (!auth)
        return NULL;
    ck_assert_msg(strcmp(auth, "user") != 0, "nobody says whose token \"%s\" is sent with", r->label);
    return role_token(r, auth);
}

static const char *path_of(const run *r, const cJSON *request)
{
    const char *path = translate(r, member(request, "path"));

    for (size_t i = 0; i < sizeof cues / sizeof cues[0]; i++)
        if (cues[i].name && cues[i].name[0] == '?' && strcmp(cues[i].label, r->label) == 0) {
            const char *at = strstr(path, test_format("%s=", cues[i].name + 1)) + strlen(cues[i].name);

            path = test_format("%.*s%s%s", (int)(at - path), path, value_of(r, cues[i].name, cues[i].source),
                               at + strcspn(at, "&"));
        }
    return path;
}

static replay_answer send_one(const run *r, const cJSON *request)
{
    const char *method = member(request, "method"), *path = path_of(r, request);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(request, "apiVersion");
    size_t length = strcspn(path, "?");
    const replay_request sent = {method ? method : member(request, "m"), test_format("%.*s", (int)length, path),
                                 path[length] ? path + length + 1 : "",  bearer_for(r, request),
                                 !version || cJSON_IsTrue(version),      body_of(r, request)};

    return r->stage->send(r->stage->context, &sent);
}

/* A message is compared by whom it is for and where its link leads: the words are each server's own. */
static void compare_mail(run *r, const char *recorded)
{
    const char *ours = last_mail(r), *theirs = test_replaced(recorded, "&amp;", "&");
    const char *link = strstr(theirs, "/verify?"), *our_link = strstr(ours, "/verify?");
    const char *to = strstr(theirs, "To: "), *our_to = strstr(ours, "To: ");

    if (!link || !to || !our_link || !our_to) {
        differ(r, "there is no message with a link");
        return;
    }
    compare_text(r, "to", test_format("%.*s", (int)strcspn(to, "\r\n"), to),
                 test_format("%.*s", (int)strcspn(our_to, "\r\n"), our_to));
    compare_text(r, "link", test_format("%.*s", (int)strcspn(link, "\""), link),
                 test_format("%.*s", (int)strcspn(our_link, "\"\r\n< "), our_link));
}

static void replay_one(run *r, const cJSON *exchange)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(exchange, "status");
    const char *mail = member(exchange, "mail"), *location = member(exchange, "location");
    const cJSON *claims = cJSON_GetObjectItemCaseSensitive(exchange, "jwt");
    replay_answer answer;

    if (mail) {
        compare_mail(r, mail);
        return;
    }
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++)
        if (strcmp(pauses[i].label, r->label) == 0)
            r->stage->wait(r->stage->context, pauses[i].seconds);
    answer = send_one(r, cJSON_GetObjectItemCaseSensitive(exchange, "req"));
    ck_assert_uint_lt(r->answer_count, ANSWERS_MAX);
    r->answers[r->answer_count++] = (told){test_format("%s", r->label), answer};
    if (answer.status != (int)status->valuedouble)
        differ(r, "status %d, recorded %d: %.150s", answer.status, (int)status->valuedouble, answer.body);
    r->silent = answer.status != (int)status->valuedouble;
    compare_headers(r, cJSON_GetObjectItemCaseSensitive(exchange, "headers"), &answer);
    if (location)
        compare_text(r, "location", location, field(&answer, "location") ? field(&answer, "location") : "");
    compare_body(r, cJSON_GetObjectItemCaseSensitive(exchange, "body"), answer.body);
    if (claims)
        compare_claims(r, claims, answer.body);
    r->silent = 0;
}

/* ---- a recording ---- */

/* What differs, and why it may. */
static const replay_difference differences[] = {
    {"settings", "tells what is set up here: neither phones nor other providers"},
    {"jwks", "a secret of HS256 is not listed, and the recorded server had a pair of keys"},
    {"signup bad json", "says at which byte instead of in the words of Go's parser"},
    {"otp phone no provider", "no text messages are sent: the words are other ones"},
    {"refresh reuse grandparent within 10s", "tokens are counted: nobody branches off, and the header tells so"},
    {"admin list", "there are no phone numbers, and so who signed in with one is a guest here"},
    {"admin get soft deleted", "there are no phone numbers to hide"},
    {"authorize google", "there are no other providers, so none is asked over the network"},
    {"admin audit", "the trail keeps ids and no addresses, which would stay in it when their users are deleted"},
    {"admin list", "nobody has a phone"},
    {"admin get soft deleted", "nobody has a phone"},
    {NULL, NULL},
};

static const char *find_reason(const replay_difference *list, const char *label)
{
    for (; list && list->label; list++)
        if (strcmp(list->label, label) == 0)
            return list->why;
    return NULL;
}

static const char *reason_of(const replay_difference *own, const char *label)
{
    const char *why = find_reason(own, label);

    return why ? why : find_reason(differences, label);
}

static void judge(replay_result *result, const run *r, const replay_difference *own)
{
    const char *why = reason_of(own, r->label);
    int equal = !r->differences[0];

    result->exchanges++;
    result->equal += equal;
    result->unexpected += equal == (why != NULL);
    if (equal && why)
        printf("%s: EQUAL, and listed as different: %s\n", r->label, why);
    else if (!equal)
        printf("%s: %s\n%s", r->label, why ? why : "DIFFERENT", r->differences);
}

replay_result replay(const replay_stage *stage, const char *file, const replay_difference *own)
{
    replay_result result = {0, 0, 0};
    run *r = calloc(1, sizeof *r);
    char *text = test_file_read(file), *next = text;

    ck_assert_msg(r && text, "cannot read %s", file);
    r->stage = stage;
    for (char *line; (line = strsep(&next, "\n")) != NULL;) {
        cJSON *exchange = *line ? cJSON_Parse(line) : NULL;

        if (!exchange)
            continue;
        r->label = member(exchange, "label");
        r->differences[0] = '\0';
        replay_one(r, exchange);
        judge(&result, r, own);
        cJSON_Delete(exchange);
    }
    free(text);
    free(r);
    printf("%d of %d exchanges are equal\n", result.equal, result.exchanges);
    fflush(stdout); /* a test that fails ends without it */
    return result;
}
