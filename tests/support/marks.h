/* support/marks.h: included before all else in every C file of the tests (tests/CMakeLists.txt).
 *
 * Whenever one of its assertions holds, Check writes to a file where that was, to be able to say where a test was when it crashed. In loops over
 * a hundred thousand cases nine tenths of a test are such writes. So a place is written when it is another than the last one, and a thousand
 * times at most for each file and thread: after a crash in a later round Check names an earlier place. */
#ifndef TEST_SUPPORT_MARKS_H
#define TEST_SUPPORT_MARKS_H

#include <check.h>

static inline void test_mark(const char *file, int line)
{
    enum { MARKS_MAX = 1000 };
    static _Thread_local int last, marks;

    if (line == last || marks == MARKS_MAX)
        return;
    last = line;
    marks++;
    _mark_point(file, line);
}

/* What the macros of Check call. */
#define _mark_point(file, line) test_mark(file, line)

#endif
