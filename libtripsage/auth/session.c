/* auth/session.c: sessions out of rows, and the tokens by which they are carried on. */
#include "auth/session.h"

#include <stdio.h>
#include <string.h>

#include "auth/statements.h"
#include "base/crypto.h"
#include "base/json.h"

/* ---- where a request comes from ---- */

static const char *only_utf8(const char *text)
{
    return text && tripsage__utf8_valid(text, strlen(text)) ? text : NULL;
}

tripsage__origin tripsage__origin_of(const char *address, const char *user_agent)
{
    return (tripsage__origin){.user_agent = only_utf8(user_agent), .address = only_utf8(address)};
}

/* ---- rows ---- */

static void no_session(void *context)
{
    ((tripsage__session *)context)->id[0] = '\0';
}

static tripsage_status take_session(void *context, const tripsage__row *row)
{
    tripsage__session *s = context;
    size_t size;
    const char *amr = tripsage__row_text(row, 6, &size);

    snprintf(s->id, sizeof s->id, "%s", tripsage__row_text(row, 0, NULL));
    s->created_at = tripsage__row_int(row, 1);
    s->refreshed_at = tripsage__row_int(row, 2);
    s->not_after = tripsage__row_int(row, 3);
    s->refresh_counter = tripsage__row_int(row, 4);
    s->aal = (int)tripsage__row_int(row, 5);
    if (size >= sizeof s->amr)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "session %s has %zu bytes of methods", s->id, size);
    memcpy(s->amr, amr, size + 1);
    return TRIPSAGE_OK;
}

tripsage__step tripsage__session_step(tripsage__session *out, const tripsage__value *id)
{
    return (tripsage__step){.statement = &tripsage__sql_session_by_id,
                            .params = id,
                            .param_count = 1,
                            .on_begin = no_session,
                            .on_row = take_session,
                            .context = out};
}

/* ---- methods ---- */

tripsage_status tripsage__amr_add(char amr[TRIPSAGE__AMR_SIZE], const char *method, int64_t now_ms)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(TRIPSAGE__AMR_SIZE - 1);
    tripsage__json *before = NULL;
    tripsage_status status = TRIPSAGE_OK;

    if (amr[0])
        TRIPSAGE_TRY(tripsage__json_parse_trusted(&before, amr, strlen(amr)));
    TRIPSAGE__LIT(&buf, "[{\"method\":");
    tripsage__json_put_string(&buf, method);
    TRIPSAGE__LIT(&buf, ",\"timestamp\":");
    tripsage__buf_int(&buf, now_ms / 1000);
    tripsage__buf_putc(&buf, '}');
    for (const tripsage__json *one = tripsage__json_first(before); one; one = tripsage__json_next(one)) {
        const char *name = tripsage__json_text(tripsage__json_member(one, "method"));

        if (name && strcmp(name, method) == 0)
            continue;
        tripsage__buf_putc(&buf, ',');
        tripsage__json_put(&buf, one);
    }
    tripsage__buf_putc(&buf, ']');
    TRIPSAGE_TRY(tripsage__buf_status(&buf));
    memcpy(amr, buf.data, buf.size + 1);
out:
    tripsage__json_free(before);
    tripsage__buf_free(&buf);
    return status;
}

/* ---- refresh tokens ---- */

enum { FORM = 0, ID_BYTES = 16, MAC_BYTES = 16, SUM_BYTES = 4, COUNTER_BYTES_MAX = 10 };
enum { SIGNED_MAX = 1 + ID_BYTES + COUNTER_BYTES_MAX, RAW_MAX = SIGNED_MAX + MAC_BYTES + SUM_BYTES };

_Static_assert((RAW_MAX * 4 + 2) / 3 < TRIPSAGE__REFRESH_TOKEN_SIZE, "a refresh token must fit its text");

static int digit_of(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void put_id(unsigned char out[ID_BYTES], const char *id)
{
    for (int i = 0; i < ID_BYTES; i++) {
        id += *id == '-';
        out[i] = (unsigned char)(digit_of(id[0]) << 4 | digit_of(id[1]));
        id += 2;
    }
}

static void take_id(char out[TRIPSAGE__UUID_SIZE], const unsigned char id[ID_BYTES])
{
    char hex[2 * ID_BYTES + 1];

    tripsage__hex(hex, id, ID_BYTES);
    snprintf(out, TRIPSAGE__UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* The two marks of the first `size` bytes. A session's key is the HMAC of its id under the database's. */
static tripsage_status make_marks(unsigned char out[MAC_BYTES + SUM_BYTES], const unsigned char key[32],
                                  const unsigned char *raw, size_t size)
{
    unsigned char own[TRIPSAGE__SHA256_SIZE], digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__hmac_sha256(own, key, 32, raw + 1, ID_BYTES));
    TRIPSAGE_TRY(tripsage__hmac_sha256(digest, own, sizeof own, raw, size));
    memcpy(out, digest, MAC_BYTES);
    TRIPSAGE_TRY(tripsage__sha256(digest, raw, size));
    memcpy(out + MAC_BYTES, digest, SUM_BYTES);
out:
    tripsage__wipe(own, sizeof own);
    return status;
}

tripsage_status tripsage__refresh_token_make(char out[TRIPSAGE__REFRESH_TOKEN_SIZE], const unsigned char key[32],
                                             const char *session_id, int64_t counter)
{
    unsigned char raw[RAW_MAX];
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__REFRESH_TOKEN_SIZE - 1);
    uint64_t rest = (uint64_t)counter;
    size_t size = 1 + ID_BYTES;
    tripsage_status status;

    raw[0] = FORM;
    put_id(raw + 1, session_id);
    while (rest > 0x7f) {
        raw[size++] = (unsigned char)(rest | 0x80);
        rest >>= 7;
    }
    raw[size++] = (unsigned char)rest;
    TRIPSAGE_TRY(make_marks(raw + size, key, raw, size));
    tripsage__base64url_put(&text, raw, size + MAC_BYTES + SUM_BYTES);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    memcpy(out, text.data, text.size + 1);
out:
    tripsage__buf_free(&text);
    return status;
}

/* The size of what is signed, or 0 for what has another form. */
static size_t read_counter(int64_t *counter, const unsigned char *raw, size_t size)
{
    uint64_t value = 0;
    size_t at = 1 + ID_BYTES;
    unsigned shift = 0;

    if (size < at + 1 + MAC_BYTES + SUM_BYTES || raw[0] != FORM)
        return 0;
    for (; at < size - MAC_BYTES - SUM_BYTES && shift < 63; shift += 7) {
        value |= (uint64_t)(raw[at] & 0x7f) << shift;
        if (!(raw[at++] & 0x80)) {
            *counter = (int64_t)value;
            return at == size - MAC_BYTES - SUM_BYTES && value <= INT64_MAX ? at : 0;
        }
    }
    return 0;
}

tripsage_status tripsage__refresh_token_read(tripsage__refresh_token *out, const unsigned char key[32],
                                             const char *text)
{
    unsigned char raw[RAW_MAX], marks[MAC_BYTES + SUM_BYTES];
    int64_t size = tripsage__base64url_decode(raw, sizeof raw, text, strlen(text));
    size_t part = size > 0 ? read_counter(&out->counter, raw, (size_t)size) : 0;
    tripsage_status status;

    if (!part)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed", "Refresh token is not valid");
    status = make_marks(marks, key, raw, part);
    if (status != TRIPSAGE_OK)
        return status;
    if (memcmp(marks + MAC_BYTES, raw + part + MAC_BYTES, SUM_BYTES) != 0)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed", "Refresh token is not valid");
    if (!tripsage__equal_constant_time(marks, raw + part, MAC_BYTES))
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "refresh_token_not_found",
                                    "Invalid Refresh Token: Refresh Token Not Found");
    take_id(out->session_id, raw + 1);
    return TRIPSAGE_OK;
}
