/* support/auth_replay.h: exchanges recorded from a Supabase Auth server, sent to ours and compared field by field.
 *
 * The recordings (tests/data/supabase_auth*.jsonl) are as they were made: one exchange a line, tokens masked. What a request must take from
 * an answer before it (ids, codes, tokens) is taken from our own answers. Ids, times, tokens and codes count as equal when they are of
 * the same kind; ids besides when the same one stands wherever the recording has the same. */
#ifndef TEST_SUPPORT_AUTH_REPLAY_H
#define TEST_SUPPORT_AUTH_REPLAY_H

#include <stddef.h>

typedef struct replay_request {
    const char *method, *path, *query; /* the path below /auth/v1; "" for no query */
    const char *bearer;                /* NULL: none */
    int new_form;                      /* asks for errors as they are since 2024-01-01 */
    const char *body;                  /* NULL: none */
} replay_request;

typedef struct replay_answer {
    int status;
    const char *head; /* "name: value" lines */
    const char *body;
} replay_answer;

/* Where it is replayed. What is returned lives until the replay ends. */
typedef struct replay_stage {
    replay_answer (*send)(void *context, const replay_request *request);
    const char *(*mail)(void *context); /* the last message: "To: ", a line's end, and its link. NULL: there are none */
    const char *(*code)(void *context, const char *secret); /* what an authenticator app shows; NULL: nobody has one */
    void (*wait)(void *context, int seconds);
    void *context;
    const char *base;       /* of the links: where the paths begin */
    const char *issuer;     /* of the tokens */
    const char *jwt_secret; /* they are signed with */
} replay_stage;

/* An exchange that differs, and why it may. A list of them ends with a NULL label. */
typedef struct replay_difference {
    const char *label, *why;
} replay_difference;

typedef struct replay_result {
    int exchanges, equal;
    int unexpected; /* differ and are not listed, or are listed and equal */
} replay_result;

/* Replays a recording; prints every difference. `own`: those of this stage, beside those listed in auth_replay.c; NULL: none. */
replay_result replay(const replay_stage *stage, const char *file, const replay_difference *own);

#endif
