/* cache/command/table.h: from a command's name to what carries it out; what the commands of one cache in the process share. */
#ifndef TRIPSAGE_CACHE_COMMAND_TABLE_H
#define TRIPSAGE_CACHE_COMMAND_TABLE_H

#include "command.h"

typedef struct tripsage__scripting tripsage__scripting;

/* One for each engine in the process. NULL: no memory. */
tripsage__commands *tripsage__commands_new(tripsage__cache_memory *memory);
void tripsage__commands_free(tripsage__commands *commands); /* NULL is fine */

/* By name, in any case; NULL: there is no such command. */
const tripsage__command_spec *tripsage__command_spec_of(tripsage__cache_bytes name);

/* The place of the index-th key among the arguments; 0 behind the last. For a line that has as many arguments as its command wants. */
size_t tripsage__commands_key(const tripsage__command_spec *spec, const tripsage__cache_bytes *args, size_t count,
                              size_t index);

/* Carries out one line: writes one item. The caller holds the turn: between _enter and _leave no other command is carried out. */
void tripsage__commands_enter(tripsage__commands *commands);
void tripsage__commands_leave(tripsage__commands *commands);
void tripsage__commands_run(tripsage__commands *commands, tripsage__reply *reply, const tripsage__cache_bytes *args,
                            size_t count);
/* Whether a line can be a command, by its name and the number of its arguments; replies the error when it cannot. */
const tripsage__command_spec *tripsage__commands_check(tripsage__commands *commands, tripsage__reply *reply,
                                                       const tripsage__cache_bytes *args, size_t count);

/* Who is subscribed. */
struct tripsage__pubsub *tripsage__commands_pubsub(const tripsage__commands *commands);

/* Whether a command of this name can only read what it names: no other is for a token that reads. */
int tripsage__commands_only_reads(tripsage__cache_bytes name);

/* Uniform. Within a turn. */
uint64_t tripsage__commands_chance(tripsage__commands *commands);

tripsage__env *tripsage__commands_env(const tripsage__commands *commands);

/* What EVAL and its like share, made with the first of them; NULL: no memory. Within a turn. scripting.c makes and frees it. */
tripsage__scripting *tripsage__commands_scripting(tripsage__commands *commands);
tripsage__scripting *tripsage__scripting_new(tripsage__commands *commands);
void tripsage__scripting_free(tripsage__scripting *scripting); /* NULL is fine */

#endif
