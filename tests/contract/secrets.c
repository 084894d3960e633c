/* contract/secrets.c: API keys, secrets of users, and the audit trail. */
#include "contract.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define ANN   "ann@example.org"
#define BOB   "bob@example.org"
#define KEYED "sk-live-0123456789abcdef"

#define CREATE_KEY(json) tripsage_auth_key_create(OUT, world->auth, world->service, (json), TRIPSAGE_NUL)

/* The role that a key gives; its actor goes to *actor where that is wanted. */
static const char *role_of(tripsage_auth *auth, const char *key, tripsage_actor **actor)
{
    tripsage_actor *found;
    const char *role = "";

    OK(tripsage_auth_key_verify(&found, &role, auth, key, TRIPSAGE_NUL));
    if (actor)
        *actor = found;
    else
        tripsage_actor_free(found);
    return role;
}

static void refuses_key(tripsage_auth *auth, const char *key, tripsage_status status)
{
    tripsage_actor *actor = world->owner;

    FAILS(status, tripsage_auth_key_verify(&actor, NULL, auth, key, TRIPSAGE_NUL));
    ck_assert_ptr_null(actor);
}

/* ---- keys ---- */

START_TEST(a_key_is_told_once_and_verified_ever_after)
{
    tripsage_doc *made = OK(CREATE_KEY("{\"name\":\"importer\",\"kind\":\"secret\"}")), *list;
    const char *key = text_of(made, "/key");
    tripsage_actor *actor;

    IS_TEXT(made, "/kind", "secret");
    IS_TEXT(made, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_NONE(made, "/expires_at");
    IS_JSON(made, "/scopes", "[]");
    ck_assert_uint_eq(strlen(key), strlen("sb_secret_") + 22 + 1 + 8);
    SAME_TEXT(test_format("%.10s", key), "sb_secret_");
    SAME_TEXT(role_of(world->auth, key, &actor), "service_role");
    ck_assert(tripsage_actor_is_service(actor));
    SAME_TEXT(tripsage_actor_key_id(actor), text_of(made, "/id"));
    tripsage_actor_free(actor);
    SAME_TEXT(tripsage_actor_key_id(world->owner), "");
    SAME_TEXT(role_of(world->auth, key, &actor), "service_role"); /* from memory */
    SAME_TEXT(tripsage_actor_key_id(actor), text_of(made, "/id"));
    tripsage_actor_free(actor);
    list = OK(tripsage_auth_key_list(OUT, world->auth, world->service));
    IS_COUNT(list, "/items", 1);
    IS_TEXT(list, "/items/0/name", "importer");
    IS_TEXT(list, "/items/0/shown", test_format("%.16s...", key));
    IS_TEXT(list, "/items/0/last_used_at", "2026-03-01T12:00:00.000Z");
    ck_assert_ptr_null(strstr(json_of(list), key));
}
END_TEST

START_TEST(a_publishable_key_is_nobody_and_is_shown_again)
{
    tripsage_doc *made = OK(CREATE_KEY("{\"name\":\"web\",\"kind\":\"publishable\"}"));
    tripsage_actor *actor;

    SAME_TEXT(role_of(world->auth, text_of(made, "/key"), &actor), "anon");
    ck_assert_ptr_null(actor);
    SAME_TEXT(test_format("%.15s", text_of(made, "/key")), "sb_publishable_");
    IS_TEXT(OK(tripsage_auth_key_list(OUT, world->auth, world->service)), "/items/0/shown", text_of(made, "/key"));
}
END_TEST

/* The list takes a key for used when it was, to the minute, and no write is made in between. */
START_TEST(the_last_use_is_noted_once_a_minute)
{
    const char *key = text_of(OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}")), "/key");

    for (int i = 0; i < 6; i++) {
        role_of(world->auth, key, NULL);
        world_advance(29 * 1000);
    }
    IS_TEXT(OK(tripsage_auth_key_list(OUT, world->auth, world->service)), "/items/0/last_used_at",
            "2026-03-01T12:01:27.000Z");
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    const char *key = text_of(OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}")), "/key");
    char changed[64];

    for (size_t i = 0; i < strlen(key); i++) {
        snprintf(changed, sizeof changed, "%s", key);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        refuses_key(world->auth, changed, TRIPSAGE_ETOKEN);
    }
    refuses_key(world->auth, "", TRIPSAGE_ETOKEN);
    refuses_key(world->auth, "sb_secret_", TRIPSAGE_ETOKEN);
    refuses_key(world->auth, test_format("%.*s", (int)strlen(key) - 1, key), TRIPSAGE_ETOKEN);
    refuses_key(world->auth, test_format("%sx", key), TRIPSAGE_ETOKEN);
    refuses_key(world->auth, test_repeat("k", 5000), TRIPSAGE_ETOKEN);
    /* Whole, but of another project. */
    refuses_key(world->auth, "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_7cwZOLm2", TRIPSAGE_ETOKEN);
    role_of(world->auth, key, NULL);
}
END_TEST

START_TEST(a_revoked_key_is_refused_at_once)
{
    tripsage_doc *made = OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}"));
    const char *key = text_of(made, "/key"), *id = id_of(made);

    role_of(world->auth, key, NULL);
    OK(tripsage_auth_key_revoke(world->auth, world->service, id));
    refuses_key(world->auth, key, TRIPSAGE_ETOKEN);
    OK(tripsage_auth_key_revoke(world->auth, world->service, id));
    IS_TEXT(OK(tripsage_auth_key_list(OUT, world->auth, world->service)), "/items/0/revoked_at",
            "2026-03-01T12:00:00.000Z");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_key_revoke(world->auth, world->service, NO_SUCH_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_key_revoke(world->auth, world->service, "x"));
    FAILS(TRIPSAGE_ECONFLICT, tripsage_auth_key_rotate(OUT, world->auth, world->service, id, 60));
    OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}")); /* the name is free again */
}
END_TEST

enum { VERIFIERS = 4 };

typedef struct race {
    const char *key;
    atomic_int ended;    /* revoking has returned */
    int late[VERIFIERS]; /* how often the key was good for a call that began afterwards */
} race;

static void verify_on(size_t thread, void *context)
{
    race *r = context;
    int ended = 0;

    for (int after = 0; after < 100; after += ended) {
        tripsage_actor *actor;

        ended = atomic_load(&r->ended);
        r->late[thread] +=
            tripsage_auth_key_verify(&actor, NULL, world->auth, r->key, TRIPSAGE_NUL) == TRIPSAGE_OK && ended;
        tripsage_actor_free(actor);
    }
}

static void verify_or_revoke(size_t thread, void *context)
{
    race *r = context;
    tripsage_doc *keys;

    if (thread < VERIFIERS) {
        verify_on(thread, context);
        return;
    }
    if (tripsage_auth_key_list(&keys, world->auth, world->service) == TRIPSAGE_OK)
        (void)tripsage_auth_key_revoke(world->auth, world->service, tripsage_doc_text(keys, "/items/0/id"));
    tripsage_doc_free(keys);
    atomic_store(&r->ended, 1);
}

START_TEST(no_call_after_a_revocation_finds_the_key_good)
{
    for (int round = 0; round < 10; round++) {
        race r = {.key = text_of(OK(CREATE_KEY(test_format("{\"name\":\"k%d\",\"kind\":\"secret\"}", round))), "/key")};

        test_threads_run(VERIFIERS + 1, verify_or_revoke, &r);
        for (int i = 0; i < VERIFIERS; i++)
            ck_assert_int_eq(r.late[i], 0);
        refuses_key(world->auth, r.key, TRIPSAGE_ETOKEN);
    }
}
END_TEST

/* Another handle believes it for a minute at most. */
START_TEST(a_revoked_key_is_refused_elsewhere_within_a_minute)
{
    tripsage_doc *made = OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}"));
    const char *key = text_of(made, "/key");
    tripsage *other;

    if (!world->persists)
        return;
    other = world_open_another();
    role_of(tripsage_get_auth(other), key, NULL);
    OK(tripsage_auth_key_revoke(world->auth, world->service, id_of(made)));
    world_advance(60 * 1000);
    refuses_key(tripsage_get_auth(other), key, TRIPSAGE_ETOKEN);
    tripsage_close(other);
}
END_TEST

START_TEST(a_key_has_its_time)
{
    tripsage_doc *made = OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\",\"expires_in\":90}"));
    const char *key = text_of(made, "/key");

    IS_TEXT(made, "/expires_at", "2026-03-01T12:01:30.000Z");
    world_advance(89 * 1000);
    role_of(world->auth, key, NULL);
    world_advance(1000);
    refuses_key(world->auth, key, TRIPSAGE_EEXPIRED);
    FAILS(TRIPSAGE_ECONFLICT, tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(made), 60));
}
END_TEST

START_TEST(a_replaced_key_overlaps_with_the_new_one)
{
    tripsage_doc *old = OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\",\"expires_in\":864000}")), *fresh, *list;

    world_advance(1000);
    fresh = OK(tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(old), 3600));
    IS_TEXT(fresh, "/name", "a");
    IS_TEXT(fresh, "/kind", "secret");
    IS_TEXT(fresh, "/expires_at", "2026-03-11T12:00:01.000Z");
    ck_assert_str_ne(text_of(fresh, "/key"), text_of(old, "/key"));
    FAILS(TRIPSAGE_ECONFLICT, tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(old), 3600));
    role_of(world->auth, text_of(old, "/key"), NULL);
    role_of(world->auth, text_of(fresh, "/key"), NULL);
    list = OK(tripsage_auth_key_list(OUT, world->auth, world->service));
    IS_TEXT(list, "/items/1/replaced_by", id_of(fresh));
    world_advance(3600 * 1000);
    refuses_key(world->auth, text_of(old, "/key"), TRIPSAGE_EEXPIRED);
    role_of(world->auth, text_of(fresh, "/key"), NULL);
    fresh = OK(tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(fresh), 0)); /* and at once */
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_key_rotate(OUT, world->auth, world->service, NO_SUCH_ID, 0));
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(fresh), 90 * 86400 + 1), "#overlap_s");
}
END_TEST

/* The overlap never makes a key live longer than it would have. */
START_TEST(an_overlap_lengthens_nothing)
{
    tripsage_doc *old = OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\",\"expires_in\":10}"));

    OK(tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(old), 3600));
    world_advance(10 * 1000);
    refuses_key(world->auth, text_of(old, "/key"), TRIPSAGE_EEXPIRED);
}
END_TEST

START_TEST(a_scoped_key_acts_for_its_user_within_its_scopes)
{
    const char *user = world_account(ANN);
    tripsage_doc *made = OK(CREATE_KEY(
        test_format("{\"name\":\"reader\",\"kind\":\"scoped\",\"scopes\":[\"trips:read\"],\"user_id\":\"%s\"}", user)));
    tripsage_actor *ann = world_user(user), *reader, *writer;
    const char *trip = id_of(test_trip(ann, NULL));

    IS_JSON(made, "/scopes", "[\"trips:read\"]");
    IS_TEXT(made, "/user_id", user);
    SAME_TEXT(role_of(world->auth, text_of(made, "/key"), &reader), "authenticated");
    SAME_TEXT(tripsage_actor_user_id(reader), user);
    ck_assert(tripsage_actor_allows(reader, "trips:read"));
    ck_assert(!tripsage_actor_allows(reader, "trips:write"));
    ck_assert(!tripsage_actor_allows(reader, "anything:else"));
    ck_assert(tripsage_actor_allows(ann, "trips:write"));
    ck_assert(!tripsage_actor_allows(NULL, "trips:read"));
    OK(GET(reader, trip));
    OK(tripsage_trip_list(OUT, world->trips, reader, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, UPDATE(reader, trip, "{\"title\":\"Nara\"}"));
    FAILS(TRIPSAGE_EFORBIDDEN, CREATE(reader, TRIP_JSON));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(world->trips, reader, trip, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_collections(OUT, world->vector, reader));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_user(OUT, world->auth, reader));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_secret_put(world->auth, reader, "a", "b", 1));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_key_list(OUT, world->auth, reader));
    made = OK(CREATE_KEY(test_format("{\"name\":\"writer\",\"kind\":\"scoped\",\"scopes\":[\"trips:write\","
                                     "\"vectors:read\"],\"user_id\":\"%s\"}",
                                     user)));
    role_of(world->auth, text_of(made, "/key"), &writer);
    OK(UPDATE(writer, trip, "{\"title\":\"Nara\"}"));
    OK(GET(writer, trip));
    OK(tripsage_vector_collections(OUT, world->vector, writer));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_delete(world->vector, writer, "c", "i"));
    tripsage_actor_free(reader);
    tripsage_actor_free(writer);
}
END_TEST

static const char *scoped_key(const char *name, const char *user)
{
    return text_of(
        OK(CREATE_KEY(test_format(
            "{\"name\":\"%s\",\"kind\":\"scoped\",\"scopes\":[\"trips:read\"],\"user_id\":\"%s\"}", name, user))),
        "/key");
}

static void ban(const char *user, const char *duration)
{
    OK(tripsage_auth_admin_user_update(OUT, world->auth, world->service, user,
                                       test_format("{\"ban_duration\":\"%s\"}", duration), TRIPSAGE_NUL));
}

/* Whoever may not sign in has no key that goes on for him. */
START_TEST(a_banned_users_keys_are_refused)
{
    const char *user = world_account(ANN), *key = scoped_key("reader", user);
    const char *others = scoped_key("reader", world_account(BOB));

    role_of(world->auth, key, NULL); /* and believed for a minute */
    ban(user, "24h");
    refuses_key(world->auth, key, TRIPSAGE_ETOKEN);
    SAME_TEXT(tripsage_last_error()->reason, "user_banned");
    role_of(world->auth, others, NULL);
    world_advance(24 * TEST_HOUR);
    SAME_TEXT(role_of(world->auth, key, NULL), "authenticated"); /* the ban is over */
    ban(user, "24h");
    ban(user, "none");
    role_of(world->auth, key, NULL);
}
END_TEST

START_TEST(a_deleted_users_keys_are_refused)
{
    const char *ann = world_account(ANN), *bob = world_account(BOB);
    const char *anns = scoped_key("reader", ann), *bobs = scoped_key("reader", bob);

    role_of(world->auth, anns, NULL);
    role_of(world->auth, bobs, NULL);
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, ann, 1));
    refuses_key(world->auth, anns, TRIPSAGE_ETOKEN);
    SAME_TEXT(tripsage_last_error()->reason, "user_not_found");
    role_of(world->auth, bobs, NULL);
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, bob, 0));
    refuses_key(world->auth, bobs, TRIPSAGE_ETOKEN);
}
END_TEST

/* Another handle believes a key for a minute at most. */
START_TEST(a_ban_ends_keys_elsewhere_within_a_minute)
{
    const char *user, *key;
    tripsage *other;

    if (!world->persists)
        return;
    user = world_account(ANN);
    key = scoped_key("reader", user);
    other = world_open_another();
    role_of(tripsage_get_auth(other), key, NULL);
    ban(user, "24h");
    world_advance(60 * 1000);
    refuses_key(tripsage_get_auth(other), key, TRIPSAGE_ETOKEN);
    tripsage_close(other);
}
END_TEST

/* Every call that changes a trip, with a key that may read it. */
START_TEST(a_reading_key_changes_nothing)
{
    const char *user = world_account(ANN);
    tripsage_actor *ann = world_user(user), *reader;
    const char *trip = id_of(test_trip(ann, NULL)), *item = id_of(test_item(ann, trip, ITEM_JSON)),
               *note = id_of(test_note(ann, trip, "Mine"));
    tripsage_trips *t = world->trips;

    role_of(world->auth,
            text_of(OK(CREATE_KEY(test_format("{\"name\":\"r\",\"kind\":\"scoped\",\"scopes\":[\"trips:read\","
                                              "\"vectors:write\"],\"user_id\":\"%s\"}",
                                              user))),
                    "/key"),
            &reader);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_duplicate(OUT, t, reader, trip, NULL, 0, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, PATCH(reader, trip, "{}"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_restore(OUT, t, reader, trip));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_purge(t, reader, trip));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_transfer(OUT, t, reader, trip, "{}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_share(OUT, t, reader, trip, "{}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_update(OUT, t, reader, trip, OWNER_ID, "{}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_remove(t, reader, trip, OWNER_ID));
    FAILS(TRIPSAGE_EFORBIDDEN, ITEM_CREATE(reader, trip, ITEM_JSON));
    FAILS(TRIPSAGE_EFORBIDDEN, ITEM_UPDATE(reader, trip, item, "{}"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_item_delete(t, reader, trip, item, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_note_create(OUT, t, reader, trip, "{}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_note_update(OUT, t, reader, trip, note, "{}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_note_delete(t, reader, trip, note, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_destination_unsave(t, reader, "x"));
    OK(tripsage_itinerary_get(OUT, t, reader, trip));
    OK(tripsage_note_list(OUT, t, reader, trip));
    tripsage_actor_free(reader);
}
END_TEST

START_TEST(refuses_a_bad_key)
{
    static const bad_input rows[] = {
        {"{\"kind\":\"secret\"}", {"/name"}},
        {"{\"name\":\"\",\"kind\":\"secret\"}", {"/name"}},
        {"{\"name\":\"a\"}", {"/kind"}},
        {"{\"name\":\"a\",\"kind\":\"root\"}", {"/kind"}},
        {"{\"name\":\"a\",\"kind\":\"secret\",\"scopes\":[\"trips:read\"]}", {"/scopes"}},
        {"{\"name\":\"a\",\"kind\":\"secret\",\"expires_in\":0}", {"/expires_in"}},
        {"{\"name\":\"a\",\"kind\":\"scoped\",\"scopes\":[\"trips:read\"]}", {"/user_id"}},
        {"{\"name\":\"a\",\"kind\":\"scoped\",\"user_id\":\"" OWNER_ID "\"}", {"/scopes"}},
        {"{\"name\":\"a\",\"kind\":\"scoped\",\"scopes\":[],\"user_id\":\"" OWNER_ID "\"}", {"/scopes"}},
        {"{\"name\":\"a\",\"kind\":\"scoped\",\"scopes\":[\"trips:all\"],\"user_id\":\"" OWNER_ID "\"}", {"/scopes"}},
        {"{\"name\":\"a\",\"kind\":\"scoped\",\"scopes\":[7],\"user_id\":\"" OWNER_ID "\"}", {"/scopes"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        test_fails(__FILE__, __LINE__, rows[i].changes, TRIPSAGE_EINVALID, CREATE_KEY(rows[i].changes),
                   rows[i].pointers, 1);
    FAILS(TRIPSAGE_EMALFORMED, CREATE_KEY("key"));
    FAILS(TRIPSAGE_ENOTFOUND, CREATE_KEY("{\"name\":\"a\",\"kind\":\"scoped\",\"scopes\":[\"trips:read\"],\"user_id\":"
                                         "\"" NO_SUCH_ID "\"}"));
    OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}"));
    FAILS(TRIPSAGE_EEXISTS, CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}"));
    OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"publishable\"}"));
}
END_TEST

START_TEST(the_project_has_its_keys_from_the_first_who_asks)
{
    tripsage_doc *first = OK(tripsage_auth_key_defaults(OUT, world->auth, world->service, 0)), *second, *third;

    IS_NONE(first, "/secret");
    SAME_TEXT(role_of(world->auth, text_of(first, "/publishable/key"), NULL), "anon");
    second = OK(tripsage_auth_key_defaults(OUT, world->auth, world->service, 1));
    SAME_TEXT(text_of(second, "/publishable/key"), text_of(first, "/publishable/key"));
    SAME_TEXT(role_of(world->auth, text_of(second, "/secret/key"), NULL), "service_role");
    third = OK(tripsage_auth_key_defaults(OUT, world->auth, world->service, 1));
    IS_TEXT(third, "/secret/id", text_of(second, "/secret/id"));
    IS_NONE(third, "/secret/key");
    IS_COUNT(OK(tripsage_auth_key_list(OUT, world->auth, world->service)), "/items", 2);
}
END_TEST

START_TEST(keys_are_for_the_service_role)
{
    const char *json = "{\"name\":\"a\",\"kind\":\"secret\"}";
    static const struct {
        int nobody;
        tripsage_status want;
    } rows[] = {{1, TRIPSAGE_EUNAUTHENTICATED}, {0, TRIPSAGE_EFORBIDDEN}};

    for (size_t i = 0; i < 2; i++) {
        const tripsage_actor *actor = rows[i].nobody ? NULL : world->owner;
        tripsage_status want = rows[i].want;
        char *value = NULL;

        FAILS(want, tripsage_auth_key_create(OUT, world->auth, actor, json, TRIPSAGE_NUL));
        FAILS(want, tripsage_auth_key_defaults(OUT, world->auth, actor, 1));
        FAILS(want, tripsage_auth_key_list(OUT, world->auth, actor));
        FAILS(want, tripsage_auth_key_rotate(OUT, world->auth, actor, NO_SUCH_ID, 0));
        FAILS(want, tripsage_auth_key_revoke(world->auth, actor, NO_SUCH_ID));
        FAILS(want, tripsage_auth_secret_get(&value, NULL, world->auth, actor, OWNER_ID, "a"));
        FAILS(want, tripsage_auth_reseal(OUT, world->auth, actor));
        FAILS(want, tripsage_auth_audit_list(OUT, world->auth, actor, 0, 0));
        FAILS(want, tripsage_auth_audit_find(OUT, world->auth, actor, NULL));
        FAILS(want, tripsage_auth_audit_verify(OUT, world->auth, actor, NULL));
    }
}
END_TEST

/* Keys of another project, as options. */
START_TEST(keys_given_as_options_are_accepted)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth *auth;

    options.public_key = "eyJhbGciOiJIUzI1NiJ9.anon.x";
    options.service_key = "a legacy key, any text of 20 characters";
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
    for (int i = 0; i < 2; i++) { /* the second time from memory */
        SAME_TEXT(role_of(auth, options.public_key, NULL), "anon");
        SAME_TEXT(role_of(auth, options.service_key, NULL), "service_role");
    }
    refuses_key(auth, "a legacy key, any text of 20 character", TRIPSAGE_ETOKEN);
    refuses_key(world->auth, options.service_key, TRIPSAGE_ETOKEN);
    tripsage_auth_close(auth);
}
END_TEST

/* ---- secrets of users ---- */

static const char *secret_of(const char *user, const char *name)
{
    char *value;
    size_t length;
    const char *copy;

    OK(tripsage_auth_secret_get(&value, &length, world->auth, world->service, user, name));
    ck_assert_uint_eq(strlen(value), length);
    copy = test_format("%s", value);
    tripsage_auth_secret_free(value, length);
    return copy;
}

static void put(const tripsage_actor *actor, const char *name, const char *value)
{
    OK(tripsage_auth_secret_put(world->auth, actor, name, value, TRIPSAGE_NUL));
}

START_TEST(a_secret_is_kept_and_given_to_the_service)
{
    const char *user = world_account(ANN);
    tripsage_actor *ann = world_user(user), *bob = world_user(world_account(BOB));
    tripsage_doc *list;
    char *value = NULL;

    put(ann, "openai", KEYED);
    put(ann, "maps", "short");
    world_advance(1000);
    SAME_TEXT(secret_of(user, "openai"), KEYED);
    list = OK(tripsage_auth_secret_list(OUT, world->auth, ann));
    IS_JSON(list, "/items",
            "[{\"name\":\"maps\",\"hint\":\"\",\"created_at\":\"2026-03-01T12:00:00.000Z\",\"updated_at\":"
            "\"2026-03-01T12:00:00.000Z\"},{\"name\":\"openai\",\"hint\":\"cdef\",\"created_at\":"
            "\"2026-03-01T12:00:00.000Z\",\"updated_at\":\"2026-03-01T12:00:00.000Z\"}]");
    put(ann, "openai", "sk-another-0123456789");
    SAME_TEXT(secret_of(user, "openai"), "sk-another-0123456789");
    IS_TEXT(OK(tripsage_auth_secret_list(OUT, world->auth, ann)), "/items/1/updated_at", "2026-03-01T12:00:01.000Z");
    IS_COUNT(OK(tripsage_auth_secret_list(OUT, world->auth, bob)), "/items", 0);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_get(&value, NULL, world->auth, world->service, user, "other"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_get(&value, NULL, world->auth, world->service, "x", "openai"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_secret_get(&value, NULL, world->auth, ann, user, "openai"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_delete(world->auth, bob, "openai"));
    OK(tripsage_auth_secret_delete(world->auth, ann, "openai"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_delete(world->auth, ann, "openai"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_get(&value, NULL, world->auth, world->service, user, "openai"));
    ck_assert_ptr_null(value);
}
END_TEST

START_TEST(a_secret_has_bounds)
{
    tripsage_actor *ann = world_user(world_account(ANN));
    static const char *const names[] = {"", "A", "a b", "a/b", "ä"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_secret_put(world->auth, ann, names[i], "x", 1), "#name");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_secret_put(world->auth, ann, test_repeat("a", 65), "x", 1), "#name");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_secret_put(world->auth, ann, NULL, "x", 1), "#name");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_secret_put(world->auth, ann, "a", "", 0), "#value");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_secret_put(world->auth, ann, "a", test_repeat("v", 8193), 8193),
             "#value");
    put(ann, test_repeat("a", 64), test_repeat("v", 8192));
    for (int i = 1; i < 32; i++)
        put(ann, test_format("s%d", i), "value");
    FAILS(TRIPSAGE_ELIMIT, tripsage_auth_secret_put(world->auth, ann, "one.more", "value", 5));
    put(ann, "s1", "another value"); /* replacing is no growing */
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_put(world->auth, world->owner, "a", "x", 1)); /* no account */
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_auth_secret_put(world->auth, world->service, "a", "x", 1));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_secret_put(world->auth, NULL, "a", "x", 1));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_secret_list(OUT, world->auth, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_auth_secret_delete(world->auth, NULL, "a"));
}
END_TEST

#define FIRST  "the first secret key, of 32 bytes or more"
#define SECOND "the second secret key, of 32 bytes or more"

static tripsage_auth *auth_with(const char *secret, const char *previous)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth *auth;

    options.secret_key = secret;
    options.previous_secret_key = previous;
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
    return auth;
}

static tripsage_status get_with(const char *secret, const char *previous, const char *user, const char *name)
{
    tripsage_auth *auth = auth_with(secret, previous);
    char *value;
    size_t length;
    tripsage_status status = tripsage_auth_secret_get(&value, &length, auth, world->service, user, name);

    if (status == TRIPSAGE_OK)
        SAME_TEXT(value, test_format("value of %s", name));
    tripsage_auth_secret_free(value, length);
    tripsage_auth_close(auth);
    return status;
}

static int64_t reseal_with(const char *secret, const char *previous)
{
    tripsage_auth *auth = auth_with(secret, previous);
    int64_t resealed = tripsage_doc_int(OK(tripsage_auth_reseal(OUT, auth, world->service)), "/resealed", -1);

    tripsage_auth_close(auth);
    return resealed;
}

/* More than one batch: 8 users with 30 each. */
START_TEST(a_changed_secret_key_seals_everything_anew)
{
    const char *users[8];
    tripsage_auth *auth;

    if (!world->persists)
        return;
    for (int u = 0; u < 8; u++) {
        tripsage_actor *actor = world_user(users[u] = world_account(test_format("u%d@example.org", u)));

        auth = u < 4 ? world->auth : auth_with(FIRST, NULL);
        for (int i = 0; i < 30; i++) {
            const char *name = test_format("s%d", i);

            OK(tripsage_auth_secret_put(auth, actor, name, test_format("value of %s", name), TRIPSAGE_NUL));
        }
        if (auth != world->auth)
            tripsage_auth_close(auth);
    }
    OK(get_with(SECOND, FIRST, users[7], "s29"));
    FAILS(TRIPSAGE_EUNAVAILABLE, get_with(SECOND, NULL, users[7], "s29"));
    ck_assert_int_eq(reseal_with(SECOND, FIRST), 242); /* the two signing keys are with them */
    ck_assert_int_eq(reseal_with(SECOND, FIRST), 0);
    for (int u = 0; u < 8; u++) {
        OK(get_with(SECOND, NULL, users[u], "s0"));
        OK(get_with(SECOND, NULL, users[u], "s29"));
        FAILS(TRIPSAGE_EUNAVAILABLE, get_with(FIRST, NULL, users[u], "s29"));
    }
    ck_assert_int_eq(reseal_with(NULL, SECOND), 242); /* and back */
    SAME_TEXT(secret_of(users[3], "s3"), "value of s3");
}
END_TEST

/* ---- the trail ---- */

START_TEST(what_is_done_is_in_the_trail)
{
    tripsage_doc *made = OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}")), *fresh, *page;
    const char *user = world_account(ANN);
    tripsage_actor *ann = world_user(user);

    FAILS(TRIPSAGE_EEXISTS, CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}")); /* not done, not in it */
    fresh = OK(tripsage_auth_key_rotate(OUT, world->auth, world->service, id_of(made), 0));
    OK(tripsage_auth_key_revoke(world->auth, world->service, id_of(fresh)));
    OK(tripsage_auth_key_revoke(world->auth, world->service, id_of(fresh))); /* nothing done */
    put(ann, "openai", KEYED);
    OK(tripsage_auth_secret_delete(world->auth, ann, "openai"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_auth_secret_delete(world->auth, ann, "openai"));
    page = OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 0));
    IS_INT(page, "/total", 6);
    IS_NONE(page, "/before");
    IS_TEXT(page, "/items/5/action", "api_key_created");
    IS_TEXT(page, "/items/5/actor", "service_role");
    IS_TEXT(page, "/items/5/subject", id_of(made));
    IS_TEXT(page, "/items/5/detail/kind", "secret");
    IS_TEXT(page, "/items/4/action", "user_signedup");
    IS_TEXT(page, "/items/4/actor", user);
    IS_TEXT(page, "/items/3/action", "api_key_rotated");
    IS_TEXT(page, "/items/3/detail/replaced_by", id_of(fresh));
    IS_TEXT(page, "/items/2/action", "api_key_revoked");
    IS_TEXT(page, "/items/1/action", "secret_put");
    IS_TEXT(page, "/items/1/actor", user);
    IS_TEXT(page, "/items/1/detail/name", "openai");
    IS_TEXT(page, "/items/0/action", "secret_deleted");
    IS_TEXT(page, "/items/0/at", "2026-03-01T12:00:00.000Z");
    ck_assert_ptr_null(strstr(json_of(page), KEYED));
    page = OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL));
    IS_JSON(page, "/ok", "true");
    IS_INT(page, "/count", 6);
    IS_NONE(page, "/broken");
}
END_TEST

START_TEST(the_trail_has_pages)
{
    tripsage_doc *page;

    for (int i = 0; i < 7; i++)
        OK(CREATE_KEY(test_format("{\"name\":\"k%d\",\"kind\":\"secret\"}", i)));
    page = OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 3));
    IS_COUNT(page, "/items", 3);
    IS_INT(page, "/items/0/seq", 7);
    IS_INT(page, "/before", 5);
    page = OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 5, 3));
    IS_INT(page, "/items/0/seq", 4);
    IS_INT(page, "/before", 2);
    page = OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 2, 3));
    IS_COUNT(page, "/items", 1);
    IS_NONE(page, "/before");
    IS_INT(page, "/total", 7);
    IS_COUNT(OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 100000)), "/items", 7);
}
END_TEST

static tripsage_audit_options audit_options(int own, const char *user_id, const char *action)
{
    tripsage_audit_options options = TRIPSAGE_AUDIT_OPTIONS_INIT;

    options.own = own;
    options.user_id = user_id;
    options.action = action;
    return options;
}

#define FIND(actor, options) tripsage_auth_audit_find(OUT, world->auth, (actor), (options))

/* The actions of a list, with a space between two, over pages of `limit` rows. */
static const char *actions_of(const tripsage_actor *actor, tripsage_audit_options options, uint32_t limit)
{
    const char *all = "";

    options.limit = limit;
    do {
        tripsage_doc *page = OK(FIND(actor, &options));
        size_t count = tripsage_doc_count(page, "/items");

        ck_assert_uint_le(count, limit);
        IS_INT(page, "/limit", limit);
        for (size_t i = 0; i < count; i++)
            all = test_format("%s%s%s", all, *all ? " " : "", text_of(page, test_format("/items/%zu/action", i)));
        options.cursor = tripsage_doc_next(page);
        if (options.cursor)
            SAME_TEXT(text_of(page, "/next_cursor"), options.cursor);
        else
            IS_NONE(page, "/next_cursor");
    } while (options.cursor);
    return all;
}

/* Two people and the service role do things by turns. */
static void fill_the_trail(tripsage_actor *people[2])
{
    static const char *const addresses[] = {ANN, BOB};

    for (int i = 0; i < 2; i++)
        people[i] = world_user(world_account(addresses[i]));
    for (int i = 0; i < 2; i++) {
        OK(CREATE_KEY(test_format("{\"name\":\"k%d\",\"kind\":\"secret\"}", i)));
        put(people[i], "openai", KEYED);
        OK(tripsage_auth_admin_user_update(OUT, world->auth, world->service, tripsage_actor_user_id(people[i]),
                                           "{\"user_metadata\":{\"a\":1}}", TRIPSAGE_NUL));
    }
    OK(tripsage_auth_secret_delete(world->auth, people[0], "openai"));
}

START_TEST(everybody_sees_his_own_part_of_the_trail)
{
    static const char hers[] = "secret_deleted user_modified secret_put user_signedup",
                      his[] = "user_modified secret_put user_signedup";
    tripsage_actor *people[2];
    tripsage_doc *page;

    fill_the_trail(people);
    for (uint32_t limit = 1; limit <= 5; limit++) {
        SAME_TEXT(actions_of(people[0], audit_options(1, NULL, NULL), limit), hers);
        SAME_TEXT(actions_of(people[1], audit_options(1, NULL, NULL), limit), his);
        SAME_TEXT(actions_of(world->service, audit_options(0, tripsage_actor_user_id(people[0]), NULL), limit), hers);
        SAME_TEXT(actions_of(world->service, audit_options(0, NULL, "api_key_created"), limit),
                  "api_key_created api_key_created");
        SAME_TEXT(actions_of(people[0], audit_options(1, NULL, "secret_put"), limit), "secret_put");
    }
    SAME_TEXT(actions_of(world->service, audit_options(0, NULL, NULL), 4),
              "secret_deleted user_modified secret_put api_key_created user_modified secret_put api_key_created "
              "user_signedup user_signedup");
    SAME_TEXT(actions_of(world->stranger, audit_options(1, NULL, NULL), 5), "");
    page = OK(FIND(people[0], (tripsage_audit_options[]){audit_options(1, NULL, NULL)}));
    ck_assert_ptr_null(strstr(json_of(page), tripsage_actor_user_id(people[1])));
    IS_TEXT(page, "/items/1/actor", "service_role");
    IS_TEXT(page, "/items/1/subject", tripsage_actor_user_id(people[0]));
    IS_INT(page, "/limit", 100);
    IS_COUNT(page, "/items", 4);
}
END_TEST

START_TEST(the_trail_of_others_is_refused)
{
    static const struct {
        int is_service, own;
        const char *user_id, *action, *cursor, *field; /* field NULL: forbidden */
    } rows[] = {
        {0, 0, NULL, NULL, NULL, NULL},
        {0, 0, OWNER_ID, NULL, NULL, NULL}, /* not even one's own in this way */
        {0, 0, "x", NULL, NULL, NULL},
        {1, 1, NULL, NULL, NULL, NULL},
        {0, 1, OWNER_ID, NULL, NULL, "#user_id"},
        {1, 0, "x", NULL, NULL, "#user_id"},
        {1, 0, NULL, "", NULL, "#action"},
        {1, 0, NULL, "Login", NULL, "#action"},
        {0, 1, NULL, "a' OR 1", NULL, "#action"},
        {0, 1, NULL, NULL, "", "#cursor"},
        {0, 1, NULL, NULL, "-1", "#cursor"},
        {1, 0, NULL, NULL, "7x", "#cursor"},
        {1, 0, NULL, NULL, "1234567890123456789", "#cursor"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tripsage_audit_options options = audit_options(rows[i].own, rows[i].user_id, rows[i].action);
        const tripsage_actor *actor = rows[i].is_service ? world->service : world->owner;

        options.cursor = rows[i].cursor;
        if (rows[i].field)
            FAILS_AT(TRIPSAGE_EINVALID, FIND(actor, &options), rows[i].field);
        else
            FAILS(TRIPSAGE_EFORBIDDEN, FIND(actor, &options));
        FAILS(TRIPSAGE_EUNAUTHENTICATED,
              FIND(NULL, (tripsage_audit_options[]){audit_options(rows[i].own, NULL, NULL)}));
    }
    FAILS_AT(TRIPSAGE_EINVALID, FIND(world->service, &(tripsage_audit_options){.version = 2}), "#options");
}
END_TEST

START_TEST(an_anchor_shows_a_missing_end)
{
    const char *anchor, *later;
    tripsage_doc *report;

    report = OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL));
    IS_INT(report, "/count", 0);
    OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, text_of(report, "/anchor")));
    OK(CREATE_KEY("{\"name\":\"a\",\"kind\":\"secret\"}"));
    anchor = text_of(OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL)), "/anchor");
    OK(CREATE_KEY("{\"name\":\"b\",\"kind\":\"secret\"}"));
    IS_JSON(OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, anchor)), "/ok", "true");
    later = test_format("3%s", anchor + 1);
    report = OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, later));
    IS_JSON(report, "/ok", "false");
    IS_INT(report, "/broken/seq", 3);
    report = OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, test_format("2%s", anchor + 1)));
    IS_JSON(report, "/ok", "false");
    IS_INT(report, "/broken/seq", 2);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_audit_verify(OUT, world->auth, world->service, "x"), "#anchor");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_auth_audit_verify(OUT, world->auth, world->service, "1:ab"), "#anchor");
}
END_TEST

enum { WRITERS = 6, EACH = 12 };

/* context: how many failed, of each thread. */
static void append_many(size_t thread, void *context)
{
    int *failed = context;

    for (int i = 0; i < EACH; i++) {
        char json[64];
        tripsage_doc *doc;

        snprintf(json, sizeof json, "{\"name\":\"k%zu-%d\",\"kind\":\"secret\"}", thread, i);
        failed[thread] +=
            tripsage_auth_key_create(&doc, world->auth, world->service, json, TRIPSAGE_NUL) != TRIPSAGE_OK;
        tripsage_doc_free(doc);
    }
}

START_TEST(many_writers_make_one_chain)
{
    int failed[WRITERS] = {0};
    tripsage_doc *report;

    test_threads_run(WRITERS, append_many, failed);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(failed[i], 0);
    report = OK(tripsage_auth_audit_verify(OUT, world->auth, world->service, NULL));
    IS_JSON(report, "/ok", "true");
    IS_INT(report, "/count", WRITERS * EACH);
}
END_TEST

Suite *contract_secrets(void)
{
    Suite *suite = suite_create("secrets");
    TCase *keys = test_case(suite, "secrets"), *trail = test_case(suite, "secrets_trail"),
          *threads = test_threads_case(suite, "secrets");

    tcase_add_test(keys, a_key_is_told_once_and_verified_ever_after);
    tcase_add_test(keys, a_publishable_key_is_nobody_and_is_shown_again);
    tcase_add_test(keys, the_last_use_is_noted_once_a_minute);
    tcase_add_test(keys, what_is_no_key_is_refused);
    tcase_add_test(keys, a_revoked_key_is_refused_at_once);
    tcase_add_test(keys, a_revoked_key_is_refused_elsewhere_within_a_minute);
    tcase_add_test(keys, a_key_has_its_time);
    tcase_add_test(keys, a_replaced_key_overlaps_with_the_new_one);
    tcase_add_test(keys, an_overlap_lengthens_nothing);
    tcase_add_test(keys, a_scoped_key_acts_for_its_user_within_its_scopes);
    tcase_add_test(keys, a_banned_users_keys_are_refused);
    tcase_add_test(keys, a_deleted_users_keys_are_refused);
    tcase_add_test(keys, a_ban_ends_keys_elsewhere_within_a_minute);
    tcase_add_test(keys, a_reading_key_changes_nothing);
    tcase_add_test(keys, refuses_a_bad_key);
    tcase_add_test(keys, the_project_has_its_keys_from_the_first_who_asks);
    tcase_add_test(keys, keys_are_for_the_service_role);
    tcase_add_test(keys, keys_given_as_options_are_accepted);
    tcase_add_test(keys, a_secret_is_kept_and_given_to_the_service);
    tcase_add_test(keys, a_secret_has_bounds);
    tcase_add_test(keys, a_changed_secret_key_seals_everything_anew);
    tcase_add_test(trail, what_is_done_is_in_the_trail);
    tcase_add_test(trail, the_trail_has_pages);
    tcase_add_test(trail, everybody_sees_his_own_part_of_the_trail);
    tcase_add_test(trail, the_trail_of_others_is_refused);
    tcase_add_test(trail, an_anchor_shows_a_missing_end);
    tcase_add_test(threads, no_call_after_a_revocation_finds_the_key_good);
    tcase_add_test(threads, many_writers_make_one_chain);
    return suite;
}
