/* ratelimit.c: see ratelimit.h.
 *
 * Whoever is signed in is counted by what was verified: his API key or his user; everybody else by the address of client.h. What the
 * service role asks is not counted: it acts for all. Nothing that a client can choose takes part. */
#include "ratelimit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "handlers/handlers.h"
#include "limits_text.h"
#include "respond.h"

/* What searches by words and meaning cost is counted apart, as is /auth/v1, where many share an address and what can be guessed has finer
 * limits of its own. */
#define SEARCH_LIMITS "30/m,1000/h,10000/d"
#define WIRE_LIMITS   "300/m"
/* A conversation and a look at what is known, every two seconds; apart from searches, beside which a planner asks for both. */
#define MEMORY_LIMITS "30/m,1000/h,10000/d"

#define RULE_NAME_MAX (TRIPSAGE_LIMIT_NAME_MAX - POLICY_NAME_MAX)

typedef struct rule {
    tripsage_limit_rule *rule;
    char field[TRIPSAGE_LIMIT_POLICIES_MAX * (TRIPSAGE_LIMIT_NAME_MAX + 32)]; /* RateLimit-Policy */
    int is_told; /* not in shadow: clients are to heed it */
} rule;

struct limits {
    const settings *settings;
    tripsage_limiter *limiter;
    int enabled; /* else there is none of the following */
    const route *routes;
    size_t route_count, rule_count;
    const rule **by_route; /* NULL: without limit */
    rule *rules;           /* the default, search, auth, memory, and those of the settings */
};

/* ---- rules ---- */

/* "POST-api-search" */
static void name_entry(char out[RULE_NAME_MAX + 1], const limit_entry *e)
{
    size_t size =
        (size_t)snprintf(out, RULE_NAME_MAX + 1, "%s", e->method == METHOD_ROUTABLE ? "any" : method_names[e->method]);

    for (size_t i = 0; i < e->path.length && size < RULE_NAME_MAX; i++)
        if (e->path.data[i] != '{' && e->path.data[i] != '}')
            out[size++] = e->path.data[i] == '/' ? '-' : e->path.data[i];
    out[size] = '\0';
}

static void put_policy_field(rule *r, const tripsage_limit_rule_options *o)
{
    size_t size = 0;

    for (size_t i = 0; i < o->policy_count; i++)
        size += (size_t)snprintf(r->field + size, sizeof r->field - size, "%s\"%s\";q=%u;w=%lld", i ? ", " : "",
                                 o->policies[i].name, (unsigned)o->policies[i].quota,
                                 (long long)(o->policies[i].window_ms / 1000));
}

/* NULL `rule`: off. Policies of the default are called "minute", those of others "search-minute". */
static tripsage_status make_rule(rule *out, const settings *s, const char *name, limit_text *w)
{
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    char names[TRIPSAGE_LIMIT_POLICIES_MAX][TRIPSAGE_LIMIT_NAME_MAX + 1];
    tripsage_status status;

    if (w->off)
        return TRIPSAGE_OK;
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(name, "default") != 0) {
            snprintf(names[i], sizeof names[i], "%.*s-%s", (int)RULE_NAME_MAX, name, w->names[i]);
            w->policies[i].name = names[i];
        }
    }
    options.name = name;
    options.policies = w->policies;
    options.policy_count = w->count;
    options.when_away = w->away >= 0 ? (tripsage_limit_away)w->away : s->rate_limit_away;
    options.shadow = w->shadow || s->rate_limit == LIMITS_SHADOW;
    status = tripsage_limit_rule_new(&out->rule, &options);
    if (status != TRIPSAGE_OK)
        return status;
    put_policy_field(out, tripsage_limit_rule_get(out->rule));
    out->is_told = !options.shadow;
    return TRIPSAGE_OK;
}

static const char routes_expected[] =
    "routes and their limits such as \"POST /api/search=30/m; /api/trips=100/m:20 closed; GET /api/destinations=off\"";

static const char *check_written(const char *at, size_t length)
{
    static const settings standard;
    limit_text w;
    rule made = {.rule = NULL};
    const char *expected = limit_text_read(&w, at, length);

    if (!expected && make_rule(&made, &standard, "default", &w) != TRIPSAGE_OK)
        expected = limit_text_expected;
    tripsage_limit_rule_free(made.rule);
    return expected;
}

const char *limits_check_rule(const char *at)
{
    return check_written(at, strlen(at));
}

const char *limits_check_routes(const char *at)
{
    size_t count, meant;
    const route *routes = routes_all(&count);
    limit_entry e;

    while (limit_entry_next(&e, &at)) {
        meant = 0;
        for (size_t i = 0; e.path.length && i < count; i++)
            meant += (size_t)limit_entry_means(&e, &routes[i]);
        if (!meant || check_written(e.rule.data, e.rule.length))
            return routes_expected;
    }
    return NULL;
}

/* ---- opened and closed ---- */

static size_t count_entries(const char *at)
{
    size_t count = 0;
    limit_entry e;

    while (at && limit_entry_next(&e, &at))
        count++;
    return count;
}

static tripsage_status add_rule(struct limits *l, const char *name, const char *at, size_t length)
{
    limit_text w;

    limit_text_read(&w, at, length); /* settings.c has checked it */
    return make_rule(&l->rules[l->rule_count++], l->settings, name, &w);
}

/* Of several entries that a route is meant by the longest path counts, of these one with a method, of these the last. */
static tripsage_status add_entries(struct limits *l, size_t *weights)
{
    const char *at = l->settings->rate_limit_routes;
    char name[RULE_NAME_MAX + 1];
    tripsage_status status;
    limit_entry e;

    while (at && limit_entry_next(&e, &at)) {
        const rule *made = &l->rules[l->rule_count];
        size_t weight = 2 * e.path.length + (e.method != METHOD_ROUTABLE);

        name_entry(name, &e);
        status = add_rule(l, name, e.rule.data, e.rule.length);
        if (status != TRIPSAGE_OK)
            return status;
        for (size_t i = 0; i < l->route_count; i++)
            if (limit_entry_means(&e, &l->routes[i]) && weight >= weights[i]) {
                weights[i] = weight;
                l->by_route[i] = made->rule ? made : NULL;
            }
    }
    return TRIPSAGE_OK;
}

/* Without settings. What another protocol has below a path of its own knows best how much of it is too much. */
static const rule *usual_rule(const struct limits *l, const route *r)
{
    const rule *by = &l->rules[r->handle == auth_wire    ? 2
                               : r->flags & ROUTE_MEMORY ? 3
                               : r->flags & ROUTE_COSTLY ? 1
                                                         : 0];

    if (r->flags & ROUTE_HEALTH || (r->flags & ROUTE_SUBTREE && r->handle != auth_wire))
        return NULL;
    return by->rule ? by : NULL;
}

static tripsage_status add_rules(struct limits *l)
{
    const char *usual = l->settings->rate_limit_default ? l->settings->rate_limit_default : LIMITS_DEFAULT;
    size_t *weights = calloc(l->route_count, sizeof *weights);
    tripsage_status status = weights ? TRIPSAGE_OK : TRIPSAGE_ENOMEM;

    if (status == TRIPSAGE_OK)
        status = add_rule(l, "default", usual, strlen(usual));
    if (status == TRIPSAGE_OK)
        status = add_rule(l, "search", SEARCH_LIMITS, strlen(SEARCH_LIMITS));
    if (status == TRIPSAGE_OK)
        status = add_rule(l, "auth", WIRE_LIMITS, strlen(WIRE_LIMITS));
    if (status == TRIPSAGE_OK)
        status = add_rule(l, "memory", MEMORY_LIMITS, strlen(MEMORY_LIMITS));
    for (size_t i = 0; status == TRIPSAGE_OK && i < l->route_count; i++)
        l->by_route[i] = usual_rule(l, &l->routes[i]);
    if (status == TRIPSAGE_OK)
        status = add_entries(l, weights);
    free(weights);
    return status;
}

/* Where it is not said: on for what others can reach, off on one's own machine, where somebody develops. */
limits_mode limits_mode_of(const settings *s, int is_shared)
{
    if (s->rate_limit != LIMITS_AUTO)
        return s->rate_limit;
    if (tripsage_config_options(s->config)->auth->no_limits)
        return LIMITS_OFF;
    return is_shared || s->proxies || strcmp(s->environment, "production") == 0 ||
                   strcmp(s->environment, "staging") == 0
               ? LIMITS_ON
               : LIMITS_OFF;
}

static tripsage_status make(struct limits *l, tripsage *library, tripsage_telemetry *telemetry)
{
    tripsage_limiter_options options = TRIPSAGE_LIMITER_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_status status;

    options.cache = tripsage_get_cache(library);
    runtime.telemetry = telemetry;
    status = tripsage_limiter_open(&l->limiter, &options, &runtime);
    if (status != TRIPSAGE_OK || limits_mode_of(l->settings, tripsage_limiter_is_shared(l->limiter)) == LIMITS_OFF)
        return status;
    l->routes = routes_all(&l->route_count);
    l->by_route = calloc(l->route_count, sizeof *l->by_route);
    l->rules = calloc(4 + count_entries(l->settings->rate_limit_routes), sizeof *l->rules);
    if (!l->by_route || !l->rules)
        return TRIPSAGE_ENOMEM;
    l->enabled = 1;
    return add_rules(l);
}

int limits_open(struct limits **out, const settings *s, tripsage *library, tripsage_telemetry *telemetry)
{
    struct limits *l = calloc(1, sizeof *l);
    tripsage_status status = TRIPSAGE_ENOMEM;

    *out = NULL;
    if (l) {
        l->settings = s;
        status = make(l, library, telemetry);
    }
    if (status != TRIPSAGE_OK) {
        limits_close(l);
        fprintf(stderr, "tripsage-server: limits: %s\n", tripsage_status_sentence(status));
        return EXIT_FAILURE;
    }
    *out = l;
    return 0;
}

void limits_close(struct limits *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->rule_count; i++)
        tripsage_limit_rule_free(l->rules[i].rule);
    tripsage_limiter_close(l->limiter);
    free(l->by_route);
    free(l->rules);
    free(l);
}

/* ---- a request ---- */

/* "k:" an API key's id, "u:" a user's, "a:" an address. */
static size_t key_of(char out[NETWORK_TEXT_SIZE + 2], const request *r, const network *address)
{
    const char *key = tripsage_actor_key_id(r->actor), *user = tripsage_actor_user_id(r->actor);

    if (key[0])
        return (size_t)snprintf(out, NETWORK_TEXT_SIZE + 2, "k:%s", key);
    if (user[0])
        return (size_t)snprintf(out, NETWORK_TEXT_SIZE + 2, "u:%s", user);
    strcpy(out, "a:");
    network_put(out + 2, address);
    return strlen(out);
}

static int is_exempt(const settings *s, const network *address)
{
    for (size_t i = 0; i < s->exempt_count; i++)
        if (network_has(&s->exempt[i], address))
            return 1;
    return 0;
}

static int64_t seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

static void put_number(buffer *b, const char *name, int64_t value)
{
    buffer_puts(b, name);
    buffer_integer(b, value);
}

/* RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers, of every policy; the older X-RateLimit- fields of the one that
 * binds. */
static void put_fields(request *r, const rule *by, const tripsage_limit_decision *d)
{
    const tripsage_limit_policy *policies = tripsage_limit_rule_get(by->rule)->policies;
    const tripsage_limit_state *binding = &d->states[d->binding];
    buffer *b = &r->fields;
    struct timespec now;

    BUFFER_LIT(b, "RateLimit-Policy: ");
    buffer_puts(b, by->field);
    BUFFER_LIT(b, "\r\nRateLimit: ");
    for (size_t i = 0; i < d->policy_count; i++) {
        buffer_puts(b, i ? ", \"" : "\"");
        buffer_puts(b, policies[i].name);
        put_number(b, "\";r=", d->states[i].remaining);
        put_number(b, ";t=", seconds(d->states[i].reset_ms));
    }
    clock_gettime(CLOCK_REALTIME, &now);
    put_number(b, "\r\nX-RateLimit-Limit: ", policies[d->binding].quota);
    put_number(b, "\r\nX-RateLimit-Remaining: ", binding->remaining);
    put_number(b, "\r\nX-RateLimit-Reset: ", now.tv_sec + seconds(binding->reset_ms));
    BUFFER_LIT(b, "\r\n");
}

/* /auth/v1 says it as Supabase Auth does, whose clients look for the code. */
static void refuse_on_wire(request *r, const char *detail)
{
    buffer *b = &r->composed;

    b->size = 0;
    put_number(&r->fields, "Retry-After: ", r->retry_after_s);
    BUFFER_LIT(&r->fields, "\r\n");
    BUFFER_LIT(b, "{\"code\":429,\"error_code\":\"over_request_rate_limit\",\"msg\":");
    buffer_jsonz(b, detail);
    BUFFER_LIT(b, "}");
    respond_composed(r, 429);
}

static void refuse(request *r, const rule *by, const tripsage_limit_decision *d)
{
    const tripsage_limit_policy *p = &tripsage_limit_rule_get(by->rule)->policies[d->binding];
    char detail[200];

    r->retry_after_s = seconds(d->states[d->binding].retry_after_ms);
    snprintf(detail, sizeof detail, "too many requests: the limit \"%s\" is %u in %lld s; wait %lld s", p->name,
             (unsigned)p->quota, (long long)(p->window_ms / 1000), (long long)r->retry_after_s);
    if (r->route->handle == auth_wire)
        refuse_on_wire(r, detail);
    else
        respond_problem(r, 429, tripsage_status_code(TRIPSAGE_ERATELIMITED), "%s", detail);
}

static int admit(request *r, const struct limits *l, const rule *by, const network *address)
{
    tripsage_limit_decision d;
    char key[NETWORK_TEXT_SIZE + 2];
    size_t size = key_of(key, r, address);
    tripsage_status status = tripsage_limit_decide(&d, l->limiter, by->rule, key, size, 1);
    int is_counted = !d.away || tripsage_limit_rule_get(by->rule)->when_away == TRIPSAGE_LIMIT_LOCAL;

    if (status == TRIPSAGE_OK && d.allowed) {
        if (by->is_told && is_counted)
            put_fields(r, by, &d);
        return 1;
    }
    r->fields.size = 0; /* what an earlier answer had */
    if (status != TRIPSAGE_OK) {
        respond_failure(r, status);
    } else if (is_counted) {
        put_fields(r, by, &d);
        refuse(r, by, &d);
    } else {
        respond_problem(r, 503, "UNAVAILABLE",
                        "requests cannot be counted at the moment, and this one only goes on if they are");
    }
    return 0;
}

int limits_admit(request *r)
{
    const struct limits *l = r->server->limits;
    const rule *by = l->enabled ? l->by_route[r->route - l->routes] : NULL;
    network address = {{0}, 0};

    if (!by || tripsage_actor_is_service(r->actor))
        return 1;
    if ((!r->actor || l->settings->exempt_count) && network_read(&address, r->client_addr, strlen(r->client_addr)) &&
        is_exempt(l->settings, &address))
        return 1;
    return admit(r, l, by, &address);
}

/* ---- what holds ---- */

static const char *storage_of(const struct limits *l)
{
    const char *url = tripsage_config_options(l->settings->config)->cache->url;

    if (!tripsage_limiter_is_shared(l->limiter))
        return "memory";
    return url && strncmp(url, "http", 4) == 0 ? "upstash" : "redis";
}

static void put_policies(buffer *b, const tripsage_limit_rule_options *o)
{
    for (size_t i = 0; i < o->policy_count; i++) {
        buffer_puts(b, i ? ",{\"name\":" : "{\"name\":");
        buffer_jsonz(b, o->policies[i].name);
        put_number(b, ",\"quota\":", o->policies[i].quota);
        put_number(b, ",\"window_seconds\":", o->policies[i].window_ms / 1000);
        put_number(b, ",\"burst\":", o->policies[i].burst);
        BUFFER_LIT(b, "}");
    }
}

static void put_routes(buffer *b, const struct limits *l, const rule *of)
{
    const char *separator = "";

    for (size_t i = 0; of != l->rules && i < l->route_count; i++)
        if (l->by_route[i] == of) {
            buffer_puts(b, separator);
            BUFFER_LIT(b, "\"");
            buffer_puts(b, l->routes[i].flags & ROUTE_SUBTREE ? "" : method_names[l->routes[i].method]);
            buffer_puts(b, l->routes[i].flags & ROUTE_SUBTREE ? "" : " ");
            buffer_puts(b, l->routes[i].path);
            BUFFER_LIT(b, "\"");
            separator = ",";
        }
}

/* Without routes: all that the others do not name. */
static void put_rules(buffer *b, const struct limits *l)
{
    static const char *const ways[] = {
        [TRIPSAGE_LIMIT_LOCAL] = "local", [TRIPSAGE_LIMIT_OPEN] = "open", [TRIPSAGE_LIMIT_CLOSED] = "closed"};
    const char *separator = "";

    for (size_t i = 0; i < l->rule_count; i++) {
        const tripsage_limit_rule_options *o;

        if (!l->rules[i].rule)
            continue;
        o = tripsage_limit_rule_get(l->rules[i].rule);
        buffer_puts(b, separator);
        BUFFER_LIT(b, "{\"name\":");
        buffer_jsonz(b, o->name);
        BUFFER_LIT(b, ",\"limits\":[");
        put_policies(b, o);
        BUFFER_LIT(b, "],\"when_away\":");
        buffer_jsonz(b, ways[o->when_away]);
        buffer_puts(b, o->shadow ? ",\"shadow\":true,\"routes\":[" : ",\"shadow\":false,\"routes\":[");
        put_routes(b, l, &l->rules[i]);
        BUFFER_LIT(b, "]}");
        separator = ",";
    }
}

void limits_describe(const struct server *s, buffer *b)
{
    const struct limits *l = s->limits;
    tripsage_limiter_stats stats;

    tripsage_limiter_get_stats(&stats, l->limiter);
    buffer_puts(b, l->enabled ? "{\"enabled\":true" : "{\"enabled\":false");
    BUFFER_LIT(b, ",\"storage\":");
    buffer_jsonz(b, storage_of(l));
    put_number(b, ",\"trusted_proxies\":", l->settings->proxies);
    put_number(b, ",\"exempt_networks\":", (int64_t)l->settings->exempt_count);
    BUFFER_LIT(b, ",\"rules\":[");
    if (l->enabled)
        put_rules(b, l);
    put_number(b, "],\"counts\":{\"admitted\":", (int64_t)stats.admitted);
    put_number(b, ",\"refused\":", (int64_t)stats.refused);
    put_number(b, ",\"shadowed\":", (int64_t)stats.shadowed);
    put_number(b, ",\"away\":", (int64_t)stats.away);
    put_number(b, ",\"evicted\":", (int64_t)stats.evicted);
    put_number(b, ",\"keys\":", (int64_t)stats.keys);
    BUFFER_LIT(b, "}}");
}
