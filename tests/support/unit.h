/* SPDX-License-Identifier: BSD-2-Clause */
/* What every unit test includes: cmocka with the headers it wants before it. */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Runs a table of tests and returns what main() returns. */
#define unit_run(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif
