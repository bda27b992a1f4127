/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals as bytes in a pipe, so that the main thread can poll for them beside
 * everything else it waits for.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* From here on SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCONT and SIGTSTP arrive in the pipe. Its
 * reading end, to poll and for signals_next(); or a negative errno. */
int signals_open(void);

/* The same for those alone that end a program: SIGINT, SIGTERM and SIGHUP. */
int signals_open_ends(void);

/* The next signal that has come, or 0. */
int signals_next(int fd);

/* The old dispositions again. Takes the reading end. */
void signals_close(int fd);

/* Only the calling thread and those that are there already get signals while threads are
 * made between these two. */
void signals_block(void);
void signals_unblock(void);

#endif
