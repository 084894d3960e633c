/* support/project.c: see project.h. */
#include "project.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What was answered stays until the server is closed. */
typedef struct test_project_answer {
    tripsage_auth_response *response;
    char asked[5120], head[8192];
    struct test_project_answer *next;
} test_project_answer;

static const char *header_of(void *context, const char *name)
{
    static _Thread_local char value[9000];
    const test_web_request *r = context;
    size_t length = strlen(name);

    for (const char *line = r->head; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 2, "\r\n"), line + length + 2);
            return value;
        }
    return NULL;
}

static test_project_answer *new_answer(test_project *project)
{
    test_project_answer *answer = calloc(1, sizeof *answer);

    ck_assert_ptr_nonnull(answer);
    pthread_mutex_lock(&project->lock);
    answer->next = project->answers;
    project->answers = answer;
    pthread_mutex_unlock(&project->lock);
    return answer;
}

/* NULL: to none. */
static const test_project_answer *last_answer(test_project *project, const char *asked)
{
    const test_project_answer *answer;

    pthread_mutex_lock(&project->lock);
    answer = project->answers;
    while (answer && strcmp(answer->asked, asked) != 0)
        answer = answer->next;
    pthread_mutex_unlock(&project->lock);
    return answer;
}

static void say(test_web_reply *reply, const test_project_answer *answer)
{
    reply->status = tripsage_auth_response_status(answer->response);
    reply->headers = answer->head;
    reply->body = tripsage_auth_response_body(answer->response, &reply->body_size);
}

static void serve(test_web_reply *reply, const test_web_request *r, void *user)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    test_project *project = user;
    test_project_answer *answer;
    char path[4096], asked[sizeof answer->asked];
    char *query;
    const char *name, *value;
    size_t size = 0;

    reply->status = 404;
    reply->hang_up = project->away != 0;
    if (project->away == 1 || strncmp(r->target, "/auth/v1/", 9) != 0)
        return;
    snprintf(asked, sizeof asked, "%s %s", r->method, r->target);
    if (project->replays) {
        say(reply, last_answer(project, asked));
        return;
    }
    answer = new_answer(project);
    snprintf(path, sizeof path, "%s", r->target + 8);
    query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    request.method = r->method;
    request.path = path;
    request.query = query;
    request.header = header_of;
    request.context = (void *)r;
    request.body = r->body;
    request.length = r->body_size;
    if (tripsage_auth_serve(&answer->response, project->auth, &request) != TRIPSAGE_OK)
        return;
    for (size_t i = 0; tripsage_auth_response_header(answer->response, i, &name, &value); i++)
        size += (size_t)snprintf(answer->head + size, sizeof answer->head - size, "%s: %s\r\n", name, value);
    strcpy(answer->asked, asked);
    say(reply, answer);
}

void test_project_open(test_project *project)
{
    memset(project, 0, sizeof *project);
    pthread_mutex_init(&project->lock, NULL);
    project->web = test_web_open(serve, project, TEST_PEER_PLAIN);
    snprintf(project->issuer, sizeof project->issuer, "%s/auth/v1", test_web_url(project->web));
}

void test_project_close(test_project *project)
{
    if (!project->web)
        return;
    test_web_close(project->web);
    while (project->answers) {
        test_project_answer *answer = project->answers;

        project->answers = answer->next;
        tripsage_auth_response_free(answer->response);
        free(answer);
    }
    tripsage_auth_close(project->auth);
    pthread_mutex_destroy(&project->lock);
    project->web = NULL;
}
