/* SPDX-License-Identifier: BSD-2-Clause */
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "util.h"

/* With the capabilities that are in effect. What strftime(3) makes of a folder nobody knows. */
static bool can_make_files(const char *path)
{
	CLEANUP(freep)
	char *copy = xstrdup(path);
	const char *folder = dirname(copy);

	return !strchr(folder, '%') && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

static int apply(capng_select_t what)
{
	return capng_apply(what) < 0 ? -EPERM : 0;
}

/* Is it for that capability alone that files can be made? */
static bool needs_override(const char *path)
{
	bool needs;

	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_OVERRIDE))
		return false;
	(void)capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_DAC_OVERRIDE); /* these fail for */
	needs = apply(CAPNG_SELECT_CAPS) == 0 && !can_make_files(path);
	(void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_DAC_OVERRIDE); /* no capability */
	(void)apply(CAPNG_SELECT_CAPS); /* or the next one says so */
	return needs;
}

int privileges_drop(uint64_t keep, const char *path, struct weir_err *err)
{
	capng_select_t what = CAPNG_SELECT_CAPS;

	if (capng_get_caps_process() < 0)
		return err_text(err, -EPERM, "this process cannot see its capabilities");
	if (path && strcmp(path, "-") != 0 && needs_override(path))
		keep |= PRIVILEGE(CAP_DAC_OVERRIDE);
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!capng_have_capability(CAPNG_PERMITTED, cap))
			keep &= ~PRIVILEGE(cap);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH; /* what programs can ever get */
	capng_clear(what);
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (keep & PRIVILEGE(cap))
			(void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || apply(what) < 0)
		return err_text(err, -EPERM, "capabilities cannot be given up: %s",
				strerror(errno));
	return 0;
}
