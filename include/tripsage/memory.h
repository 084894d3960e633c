/* tripsage/memory.h: what a traveller said about himself, kept and found again by meaning.
 *
 * A memory is one statement of a user, or one preference under a key of its own:
 *   {"id","memory": the statement,"memory_type": user_preference | trip_history | search_pattern | conversation_context | other,
 *    "categories": [text],"metadata": object,"version": how often it was said,"created_at","updated_at","user_id"}
 * It stands in the database beside its vector, which is an item of the collection "memories" (tripsage/vector.h) and is committed and deleted with
 * it. The collection is made when the first thing is remembered, with the built-in embedder; a program that wants another one makes it before.
 *
 * What is a statement is decided by rules, without a language model (docs/memory.md lists them): the sentences of the user's own messages
 * that are no questions and say something a planner can use. Which buckets a statement falls into is decided by the words in it; the
 * buckets are its categories:
 *   preferences, past_trips, saved_destinations, budget_patterns, travel_style, dietary_restrictions, accommodation_preferences,
 *   activity_preferences
 * The same statement of the same user is one memory, however often it is said and by however many threads at once: letters are compared without case and
 * marks, and punctuation does not count. Saying it again makes it the newest, and adds one to its version.
 *
 * A user has at most 5,000 memories besides preferences; what was said longest ago makes room for what is new. Memories go with the account
 * they belong to when that is deleted (tripsage_auth_admin_user_delete), softly or not.
 *
 * Who sees what: a user sees his own memories and no others, whatever ids he knows. The service role has none (TRIPSAGE_EFORBIDDEN).
 * Errors every call may give besides those named, ownership and threads: as in tripsage/trip.h, whose handle it is.
 */
#ifndef TRIPSAGE_MEMORY_H
#define TRIPSAGE_MEMORY_H

#include "trip.h"

TRIPSAGE_BEGIN_DECLS

/* Remembers what a conversation says: {"messages": 1..100 of {"role": user | assistant | system | tool,"content": ..32768 characters},
 * "session_id"?: ..128,"context_type"?: ..64 ("travel_planning")}. Only messages of the role "user" are looked at.
 * Gives {"results":[{"id","memory","event": ADD | NONE (it was known),"categories"}],"usage":{"messages","statements","added","forgotten"}}, in
 * the order in which it was said; "forgotten" counts old memories that made room.
 * Errors: TRIPSAGE_EINVALID (fields; "/messages": more than 500 statements at once), TRIPSAGE_ECONFLICT (the collection "memories" was made
 * without an embedder). */
TRIPSAGE_API tripsage_status tripsage_memory_remember(tripsage_doc **out, tripsage_trips *trips,
                                                      const tripsage_actor *actor, const char *json, size_t length);

/* The actor's memories that mean what the query says, or have words of it, best first: {"query": 1..1000 characters,"limit"?: 1..100 (10),
 * "similarity_threshold"?: 0..1,"filters"?: {"memory_type","source": conversation | preference,"session_id","context_type","key",
 * "has_location","has_budget","has_accommodation": bool,"categories": ..8 of text, each of which it must have}}.
 * Gives {"results":[a memory with "score","similarity" and "matched": ["text","meaning"]],"query","total"}. The two rankings are fused as in
 * tripsage/vector.h, and "similarity" is the cosine: at least 0.2, or null for what was found by its words alone. With a similarity_threshold memories
 * are found by meaning alone, and all are as near as it says. Reads twice: the ids, and what they stand for.
 * Errors: TRIPSAGE_EINVALID (fields; "/query" also for one without a word), TRIPSAGE_ECONFLICT as above. */
TRIPSAGE_API tripsage_status tripsage_memory_search(tripsage_doc **out, tripsage_trips *trips,
                                                    const tripsage_actor *actor, const char *json, size_t length);

/* What is known about the actor: {"preferences", "past_trips", "saved_destinations", "budget_patterns", "travel_style", "dietary_restrictions",
 * "accommodation_preferences", "activity_preferences": up to 50 of {"id","memory","source","created_at"} each, newest first,
 * "insights":{"countries":[{"name","mentions"}],"activities":[{"name","mentions"}],"styles":[{"name","mentions"}],
 *             "budget":[{"currency","average","maximum","minimum": minor units,"mentions"}],"trips": how many he has had,
 *             "frequency": New | Occasional | Regular (more than 5 trips)},
 * "summary": one or more sentences}. It is made of the newest 1,000 memories; "past_trips" has his own trips that are over as well (source
 * "trip"), "saved_destinations" the places he saved (source "saved_destination"). */
TRIPSAGE_API tripsage_status tripsage_memory_context(tripsage_doc **out, tripsage_trips *trips,
                                                     const tripsage_actor *actor);

/* Puts preferences: {"preferences": {key: value}}. A key has 1 to 64 characters; a value is any JSON of at most 900 bytes and replaces that of
 * its key, null takes it away. Each becomes the memory "key: value". Gives {"preferences": all there are,"total"}, by key.
 * Errors: TRIPSAGE_EINVALID ("/preferences", "/preferences/key"), TRIPSAGE_ECONFLICT as above. */
TRIPSAGE_API tripsage_status tripsage_memory_preferences_merge(tripsage_doc **out, tripsage_trips *trips,
                                                               const tripsage_actor *actor, const char *json,
                                                               size_t length);

/* Puts one preference, a text, under a category: 1 to 64 characters, kept in lower case (NULL: "general"). Gives the memory.
 * Errors: TRIPSAGE_EINVALID ("#key", "#value": 1..900 bytes, "#category"), TRIPSAGE_ECONFLICT as above. */
TRIPSAGE_API tripsage_status tripsage_memory_preference_put(tripsage_doc **out, tripsage_trips *trips,
                                                            const tripsage_actor *actor, const char *key,
                                                            const char *value, const char *category);

/* Forgets one. TRIPSAGE_ENOTFOUND, also for somebody else's. */
TRIPSAGE_API tripsage_status tripsage_memory_delete(tripsage_trips *trips, const tripsage_actor *actor,
                                                    const char *memory_id);

/* Forgets all of the actor's, preferences included: {"deleted"}. Errors: TRIPSAGE_EINVALID ("#confirm": it is not 1, and nothing is deleted). */
TRIPSAGE_API tripsage_status tripsage_memory_clear(tripsage_doc **out, tripsage_trips *trips,
                                                   const tripsage_actor *actor, int confirm);

/* {"total_memories","by_type":{...},"by_category":{...},"preferences","first_memory_at"?,"last_memory_at"?,"limit"}; types and categories with
 * none are left out. */
TRIPSAGE_API tripsage_status tripsage_memory_stats(tripsage_doc **out, tripsage_trips *trips,
                                                   const tripsage_actor *actor);

TRIPSAGE_END_DECLS

#endif
