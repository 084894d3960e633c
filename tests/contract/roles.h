/* contract/roles.h: who may do what. One table holds every call of tripsage/trip.h in every role. contract/roles.c tries it through the
 * library on every engine, rig/rls_test.c on the database alone. */
#ifndef TEST_CONTRACT_ROLES_H
#define TEST_CONTRACT_ROLES_H

#include <tripsage/status.h>

#define GUEST_ID        "01890000-0000-7000-8000-000000000010" /* a collaborator with view who never acts */
#define SECOND_ADMIN_ID "01890000-0000-7000-8000-000000000011"
#define NEWCOMER_ID     "01890000-0000-7000-8000-000000000012" /* on no trip */

/* The cells of the table. */
#define ok    TRIPSAGE_OK
#define no    TRIPSAGE_EFORBIDDEN
#define gone  TRIPSAGE_ENOTFOUND
#define who   TRIPSAGE_EUNAUTHENTICATED
#define state TRIPSAGE_ECONFLICT

/* XX(call, trip is, then the status for: the owner; collaborators with admin, edit, view; a reader of the trip when it is public; a
 * stranger when it is not; nobody; the service role) */
/* clang-format off */
#define ROLE_TABLE(XX) \
    /* call                          trip     owner  admin  edit  view  reader  stranger  nobody  service */ \
    XX(trip_create,                  live,    ok,    ok,    ok,   ok,   ok,     ok,       who,    no)    \
    XX(trip_get,                     live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(trip_get,                     deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(trip_update,                  live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(trip_update,                  deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(trip_update_visibility,       live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(trip_update_status,           live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(trip_patch,                   live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(trip_patch_visibility,        live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(trip_delete,                  live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(trip_delete,                  deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(trip_restore,                 deleted, ok,    gone,  gone, gone, gone,   gone,     who,    ok)    \
    XX(trip_restore,                 live,    state, no,    no,   no,   no,     gone,     who,    state) \
    XX(trip_purge,                   deleted, ok,    gone,  gone, gone, gone,   gone,     who,    ok)    \
    XX(trip_purge,                   live,    state, no,    no,   no,   no,     gone,     who,    state) \
    XX(trip_duplicate,               live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    no)    \
    XX(trip_list,                    live,    ok,    ok,    ok,   ok,   ok,     ok,       who,    ok)    \
    XX(trip_search,                  live,    ok,    ok,    ok,   ok,   ok,     ok,       who,    ok)    \
    XX(trip_summary,                 live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(trip_similar,                 live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(trip_transfer,                live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(trip_export_json,             live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(trip_export_csv,              live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(trip_export_ics,              live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(item_create,                  live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(item_create,                  deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(item_get,                     live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(item_get,                     deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(item_update,                  live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(item_delete,                  live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(itinerary_get,                live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(itinerary_get,                deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(itinerary_conflicts,          live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(itinerary_optimize,           live,    ok,    ok,    ok,   ok,   ok,     gone,     who,    ok)    \
    XX(itinerary_optimize,           deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(note_create,                  live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(note_list,                    live,    ok,    ok,    ok,   ok,   no,     gone,     who,    ok)    \
    XX(note_list,                    deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(note_get,                     live,    ok,    ok,    ok,   ok,   no,     gone,     who,    ok)    \
    XX(note_update_own,              live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(note_update_of_another,       live,    ok,    ok,    no,   no,   no,     gone,     who,    ok)    \
    XX(note_delete_own,              live,    ok,    ok,    ok,   no,   no,     gone,     who,    ok)    \
    XX(note_delete_of_another,       live,    ok,    ok,    no,   no,   no,     gone,     who,    ok)    \
    XX(share_with_newcomer,          live,    ok,    ok,    no,   no,   no,     gone,     who,    ok)    \
    XX(share_as_edit,                live,    ok,    ok,    no,   no,   no,     gone,     who,    ok)    \
    XX(share_as_admin,               live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(share_lowers_an_admin,        live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(share_with_newcomer,          deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)  \
    XX(collaborator_list,            live,    ok,    ok,    ok,   ok,   no,     gone,     who,    ok)    \
    XX(collaborator_update_guest,    live,    ok,    ok,    no,   no,   no,     gone,     who,    ok)    \
    XX(collaborator_update_to_admin, live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(collaborator_update_admin,    live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(collaborator_remove_guest,    live,    ok,    ok,    no,   no,   no,     gone,     who,    ok)    \
    XX(collaborator_remove_admin,    live,    ok,    no,    no,   no,   no,     gone,     who,    ok)    \
    XX(collaborator_remove_guest,    deleted, gone,  gone,  gone, gone, gone,   gone,     who,    gone)
/* clang-format on */

enum { live = 0, deleted = 1 };
enum { OWNER, ADMIN, EDIT, VIEW, READER, STRANGER, NOBODY, SERVICE, ROLES };

static const char *const role_names[ROLES] = {"owner",  "admin",    "edit",   "view",
                                              "reader", "stranger", "nobody", "service"};

#endif
