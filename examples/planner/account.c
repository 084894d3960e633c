/* account.c: accounts of the local file. The file is its owner's: whoever has it needs no password, and an address that is new to it
 * gets an account at its first use. */
#include <stdio.h>
#include <string.h>

#include "planner.h"

/* A password nobody knows: a server over the same file must not let anybody in by guessing. */
static tripsage_status make_account(tripsage_doc **out, tripsage_auth *auth, const char *email)
{
    unsigned char bytes[16] = {0};
    char password[2 * sizeof bytes + 1];
    FILE *random = fopen("/dev/urandom", "rb");
    size_t got = random ? fread(bytes, 1, sizeof bytes, random) : 0;
    if (random)
        fclose(random);
    if (got != sizeof bytes)
        give_up("no random bytes to be had");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(password + 2 * i, 3, "%02x", bytes[i]);

    text json = {0};
    text_add(&json, "{\"email\":");
    text_add_json(&json, email);
    text_add(&json, ",\"password\":");
    text_add_json(&json, password);
    text_add(&json, "}");
    tripsage_status status = tripsage_auth_sign_up(out, auth, NULL, json.bytes, json.size);
    text_free(&json);
    return status;
}

tripsage_status account_for(char id[ACCOUNT_ID_SIZE], tripsage *ts, const char *email)
{
    tripsage_auth *auth = tripsage_get_auth(ts);
    tripsage_actor *service = NULL;
    tripsage_doc *account = NULL;
    const char *where = "/id";
    tripsage_status status = tripsage_actor_service(&service);
    if (status == TRIPSAGE_OK)
        status = tripsage_auth_find_user(&account, auth, service, email);
    if (status == TRIPSAGE_ENOTFOUND) {
        where = "/user/id";
        status = make_account(&account, auth, email);
    }
    if (status == TRIPSAGE_OK)
        snprintf(id, ACCOUNT_ID_SIZE, "%s", tripsage_doc_text(account, where));
    tripsage_doc_free(account);
    tripsage_actor_free(service);
    return status;
}
