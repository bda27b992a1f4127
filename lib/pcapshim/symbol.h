/* SPDX-License-Identifier: BSD-2-Clause */
/* What dlsym(3) is to do, for its few lines that are not C. */
#ifndef PCAPSHIM_SYMBOL_H
#define PCAPSHIM_SYMBOL_H

/* Comes in two registers. */
struct symbol_answer {
	void *found; /* what it returns; NULL: it is to go on at */
	void *next;
};

struct symbol_answer symbol_look_up(void *library, const char *name)
	__attribute__((visibility("hidden")));

#endif
