/* SPDX-License-Identifier: BSD-2-Clause */
#include "interfaces.h"

#include <errno.h>
#include <string.h>

#include <weir/port.h>

#include "util.h"

static bool is_loopback(const struct weir_iface *i)
{
	return strcmp(i->name, "lo") == 0;
}

int interfaces_list(FILE *to, struct weir_err *err)
{
	CLEANUP(freep)
	struct weir_iface *ifaces = NULL;
	unsigned n;
	int r;

	r = weir_ifaces(&ifaces, &n, err);
	if (r < 0)
		return r;
	fputs("Available network interfaces:\n", to);
	for (unsigned i = 0; i < n; i++) {
		if (!is_loopback(&ifaces[i]))
			fprintf(to, "%s\n", ifaces[i].name);
	}
	return 0;
}

int interface_alias(const char *alias, char ret_name[16], struct weir_err *err)
{
	CLEANUP(freep)
	struct weir_iface *ifaces = NULL;
	unsigned n, nr = 0;
	char *end;
	unsigned long wanted = strtoul(alias + 1, &end, 10);
	int r;

	r = weir_ifaces(&ifaces, &n, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < n && !*end; i++) {
		if (is_loopback(&ifaces[i]) || ++nr != wanted)
			continue;
		memcpy(ret_name, ifaces[i].name, sizeof(ifaces[i].name));
		return 0;
	}
	return err_text(err, -ENODEV, "%s: no such number in the list of interfaces", alias);
}

static bool is_on(const char *port, const char *ifname)
{
	const char *colon = strchr(port, ':');
	size_t len;

	port = colon ? colon + 1 : port;
	len = strcspn(port, ",@");
	return strlen(ifname) == len && !memcmp(port, ifname, len);
}

void interface_mac(const char *port, uint8_t mac[6])
{
	CLEANUP(freep)
	struct weir_iface *ifaces = NULL;
	unsigned n = 0;

	if (weir_ifaces(&ifaces, &n, NULL) < 0)
		return;
	for (unsigned i = 0; i < n; i++)
		if (is_on(port, ifaces[i].name))
			memcpy(mac, ifaces[i].mac, sizeof(ifaces[i].mac));
}

int interface_check_old(const char *name, struct weir_err *err)
{
	CLEANUP(freep)
	struct weir_iface *ifaces = NULL;
	char alias[16];
	unsigned n;
	int r = 0;

	if (strchr(name, ':'))
		return 0;
	if (*name == '%' && interface_alias(name, alias, err) == 0)
		name = alias;
	r = weir_ifaces(&ifaces, &n, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(ifaces[i].name, name) != 0)
			continue;
		if (ifaces[i].up)
			return 0;
		return err_text(err, -ENETDOWN,
				"failed to open device %s: error opening %s: Network is down", name,
				name);
	}
	return err_text(err, -ENODEV, "Invalid interface name/alias: %s", name);
}

int interface_fault_old(const char *name, int code, struct weir_err *err)
{
	if (code != -EPERM && code != -EACCES)
		return code;
	return err_text(err, code, "failed to open device %s: socket: %s", name, strerror(-code));
}

void interface_warn_old(const struct cmd_run *run)
{
	if (geteuid() != 0)
		cmd_warn(run, "May need to run as root to get access to all network interfaces.");
}
