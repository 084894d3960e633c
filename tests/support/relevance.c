/* support/relevance.c: see relevance.h. */
#include "relevance.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- questions ---- */

/* What stands between `from` and `to` without spaces around it, between `frame`s; 0 when it does not fit. */
static int take(char *out, size_t capacity, const char *from, const char *to, const char *frame)
{
    while (from < to && *from == ' ')
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\n'))
        to--;
    return (size_t)snprintf(out, capacity, "%s%.*s%s", frame, (int)(to - from), from, frame) < capacity;
}

static int read_line(relevance_question *out, const char *line)
{
    const char *exact = strchr(line, '|'), *fine = exact ? strchr(exact + 1, '|') : NULL;

    return fine && take(out->text, sizeof out->text, line, exact, "") &&
           take(out->exact, sizeof out->exact, exact + 1, fine, " ") &&
           take(out->fine, sizeof out->fine, fine + 1, fine + strlen(fine), " ");
}

const relevance_question *relevance_questions(size_t *count, const char *path)
{
    static relevance_question all[RELEVANCE_QUESTIONS_MAX];
    FILE *file = fopen(path, "r");
    char line[1600];
    int is_good = file != NULL;

    *count = 0;
    while (is_good && fgets(line, sizeof line, file))
        if (*line != '#')
            is_good = *count < RELEVANCE_QUESTIONS_MAX && read_line(&all[(*count)++], line);
    if (file)
        fclose(file);
    return is_good ? all : NULL;
}

/* ---- how good ---- */

static int is_among(const char *ids, const char *id)
{
    char framed[80];

    return (size_t)snprintf(framed, sizeof framed, " %s ", id) < sizeof framed && strstr(ids, framed) != NULL;
}

int relevance_grade(const relevance_question *question, const char *id)
{
    return is_among(question->exact, id) ? 2 : is_among(question->fine, id) ? 1 : 0;
}

static size_t count_ids(const char *ids)
{
    size_t count = 0;

    for (; *ids; ids++)
        count += *ids == ' ' && ids[1] != '\0' && ids[1] != ' ';
    return count;
}

double relevance_ndcg(const relevance_question *question, const char *const *ids, size_t count)
{
    static const double gains[] = {0, 1, 3};
    size_t exact = count_ids(question->exact), fine = count_ids(question->fine);
    double sum = 0, best = 0;

    for (size_t i = 0; i < RELEVANCE_RANKS; i++) {
        double discount = log2((double)i + 2);

        if (i < count)
            sum += gains[relevance_grade(question, ids[i])] / discount;
        best += (i < exact ? 3 : i < exact + fine ? 1 : 0) / discount;
    }
    return best > 0 ? sum / best : 0;
}
