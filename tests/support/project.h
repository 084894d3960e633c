/* support/project.h: a Supabase project: the wire of a handle with accounts of its own, behind an HTTP server.
 *
 *     test_project_open(&project);
 *     options.issuer = project.issuer;
 *     options.public_key = TEST_PROJECT_PUBLIC_KEY;
 *     options.service_key = TEST_PROJECT_SERVICE_KEY;
 *     OK(tripsage_auth_open(&project.auth, "sqlite::memory:", &options, &runtime));
 *     options.supabase_url = test_web_url(project.web);
 *     OK(tripsage_auth_open(&here, "sqlite::memory:", &options, &runtime)); */
#ifndef TEST_SUPPORT_PROJECT_H
#define TEST_SUPPORT_PROJECT_H

#include <pthread.h>
#include <tripsage/auth_serve.h>

#include "web.h"

#define TEST_PROJECT_PUBLIC_KEY  "sb_publishable_0123456789abcdefghijkl_01234567"
#define TEST_PROJECT_SERVICE_KEY "sb_secret_0123456789abcdefghijkl_01234567"

struct test_project_answer;

typedef struct test_project {
    test_web *web;
    char issuer[64];      /* "http://127.0.0.1:port/auth/v1" */
    tripsage_auth *auth;  /* there before the first request; closed with the project */
    _Atomic int replays;  /* 1: says again what it said last to such a request, without touching the handle */
    _Atomic int away;     /* 1: hangs up on whoever asks; 2: after it has done what was asked for */
    pthread_mutex_t lock; /* over `answers` */
    struct test_project_answer *answers;
} test_project;

void test_project_open(test_project *project);
void test_project_close(test_project *project);

#endif
