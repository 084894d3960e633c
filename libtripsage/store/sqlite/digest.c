/* store/sqlite/digest.c: tripsage_sha256(text): the digest in hexadecimal, for rows that are chained by it. */
#include "base/crypto.h"
#include "sqlite.h"

static void digest(sqlite3_context *context, int count, sqlite3_value **values)
{
    const unsigned char *text = sqlite3_value_text(values[0]);
    unsigned char bytes[TRIPSAGE__SHA256_SIZE];
    char hex[2 * TRIPSAGE__SHA256_SIZE + 1];

    (void)count;
    if (!text && sqlite3_value_type(values[0]) == SQLITE_NULL)
        return; /* NULL of NULL */
    if (!text || tripsage__sha256(bytes, text, (size_t)sqlite3_value_bytes(values[0])) != TRIPSAGE_OK) {
        sqlite3_result_error_nomem(context);
        return;
    }
    tripsage__hex(hex, bytes, sizeof bytes);
    sqlite3_result_text(context, hex, sizeof hex - 1, SQLITE_TRANSIENT);
}

tripsage_status tripsage__sqlite_add_digest(connection *c)
{
    int code =
        sqlite3_create_function_v2(c->db, "tripsage_sha256", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                   NULL, digest, NULL, NULL, NULL);

    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, "tripsage_sha256");
}
