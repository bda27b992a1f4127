/* SPDX-License-Identifier: BSD-2-Clause */
/* Libraries that the loader puts before those of another program (ld.so(8), LD_PRELOAD). */
#ifndef CLI_PRELOAD_H
#define CLI_PRELOAD_H

#include <weir/err.h>

/* Where the shell would find a program: a path to be freed, or NULL. */
char *preload_find_program(const char *name);

/* Will the loader put a library into a program? -ENOEXEC: it is statically linked, or for another
 * kind of processor; -EPERM: it runs with the rights of somebody else; what open(2) gives. A
 * script stands for its interpreter. What is neither a script nor in the format ELF is left to
 * who runs it. */
int preload_check(const char *program, const char *library, struct weir_err *err);

/* Is it a library that can be preloaded at all? -EINVAL, or what open(2) gives. */
int preload_check_library(const char *library, struct weir_err *err);

/* Adds a library to what the programs that this one becomes are given, behind what is there
 * already: some of those insist on being the first. */
void preload_add(const char *library);

#endif
