/* tags.c: see tags.h. */
#include "tags.h"

typedef tripsage__tag_place place;

void tripsage__tags_init(tripsage__tags *tags, const uint64_t hash_key[2])
{
    tripsage__dict_init(&tags->names, sizeof(place *), hash_key);
}

void tripsage__tags_close(tripsage__tags *tags)
{
    tripsage__dict_clear(&tags->names, NULL);
}

static place **list_of(tripsage__dict_node *tag)
{
    return tripsage__dict_payload(tag);
}

static void link_in(place *p, tripsage__dict_node *tag, tripsage__entry *entry)
{
    place **list = list_of(tag);

    *p = (place){*list, list, tag, entry};
    if (p->next)
        p->next->link = &p->next;
    *list = p;
}

static void link_out(tripsage__tags *tags, place *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    if (!*list_of(p->tag))
        tripsage__dict_remove(&tags->names, p->tag);
}

int tripsage__tags_put(tripsage__tags *tags, tripsage__entry *entry, const tripsage__cache_bytes *names)
{
    tripsage__tagged *tagged = tripsage__tagged_of(entry);
    int added;

    for (size_t i = 0; i < tagged->count; i++) {
        tripsage__dict_node *tag = tripsage__dict_add(&tags->names, names[i], &added);

        if (!tag) {
            while (i > 0)
                link_out(tags, &tagged->places[--i]);
            return 0;
        }
        link_in(&tagged->places[i], tag, entry);
    }
    return 1;
}

void tripsage__tags_inherit(const tripsage__entry *old, tripsage__entry *entry)
{
    tripsage__tagged *from = tripsage__tagged_of(old), *to = tripsage__tagged_of(entry);

    for (size_t i = 0; i < from->count; i++)
        link_in(&to->places[i], from->places[i].tag, entry);
}

void tripsage__tags_take_out(tripsage__tags *tags, tripsage__entry *entry)
{
    for (size_t i = 0; i < tripsage__tag_count(entry); i++)
        link_out(tags, &tripsage__tagged_of(entry)->places[i]);
}

tripsage__entry *tripsage__tags_any(const tripsage__tags *tags, tripsage__cache_bytes name)
{
    tripsage__dict_node *tag = tripsage__dict_find(&tags->names, name);

    return tag ? (*list_of(tag))->entry : NULL;
}
