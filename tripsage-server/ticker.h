/* ticker.h: a thread that looks after something now and then, until it is stopped. */
#ifndef SERVER_TICKER_H
#define SERVER_TICKER_H

/* There is nothing to do until ticker_wake. */
#define TICKER_SLEEPS (-1)

typedef struct ticker ticker;

/* Called in the ticker's own thread, the first time at once; gives in how many milliseconds, which no change of the machine's clock
 * makes more or less, it is to be called again. */
typedef int (*ticker_turn)(void *context);

/* NULL: there is no memory, or no thread. */
ticker *ticker_start(ticker_turn turn, void *context);

/* From any thread. Where it sleeps the next turn comes now, and where one is under way that sees nothing to do, another one after it. It
 * does not shorten the time that a turn gave. */
void ticker_wake(ticker *t);

/* Waits for a turn under way. NULL is fine. */
void ticker_stop(ticker *t);

#endif
