/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "capture/blockring.h"
#include "capture/clsact.h"
#include "capture/filter.h"
#include "capture/minder.h"
#include "capture/program.h"
#include "port/link.h"

#define CONTROL_PIN "control"
#define RINGS_PIN   "rings"

/* Without a wish, the room in each ring. */
#define DEFAULT_RING (64u << 20)

/* A reader that has not said so for so long does not read. */
#define READER_NS NSEC_PER_SEC

static const char *const prog_pins[PROGRAM_HOOKS] = { "prog-in", "prog-out" };
static const char *const link_pins[PROGRAM_HOOKS] = { "link-in", "link-out" };

/* The folder of all taps. */
struct root {
	const char *path;
	int fd;
};

static void root_close(const struct root *root)
{
	closep(&root->fd); /* and its lock */
}

/* Is the folder that it lies in of the type bpf? */
static bool is_on_bpffs(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct statfs fs;
	char above[256];

	if (!slash || slash == path)
		return false;
	(void)snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
	return statfs(above, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

/* With a lock (flock(2)), to be ended with root_close(). -ENOENT: there are no taps. */
static int root_open(bool make, int lock, struct root *ret_root, struct weir_err *err)
{
	struct root root = { .path = getenv("WEIR_BPF_DIR") };

	if (!root.path || !root.path[0])
		root.path = WEIR_TAP_DIR;
	if (!is_on_bpffs(root.path))
		return err_set(
			err, make ? -ENOTSUP : -ENOENT,
			"%s does not lie in a file system of the type bpf: 'mount -t bpf bpf "
			"/sys/fs/bpf' makes one ('ip netns exec' hides it: see weir-tap(1))",
			root.path);
	if (make && mkdir(root.path, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "%s: %s", root.path, strerror(errno));
	root.fd = open(root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0)
		return err_set(err, -errno, "%s: %s", root.path, strerror(errno));
	(void)flock(root.fd, lock); /* of a folder, and waiting: does not fail */
	*ret_root = root;
	return 0;
}

static uint64_t netns_cookie(void)
{
	CLEANUP(closep)
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd >= 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len); /* or 0 */
	return cookie;
}

static void pin_path(const char *folder, const char *name, char path[static PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

static int pin_open(const char *folder, const char *name)
{
	char path[PATH_MAX];

	pin_path(folder, name, path);
	return bpf_obj_get(path);
}

static int pin(int fd, const char *folder, const char *name, struct weir_err *err)
{
	char path[PATH_MAX];

	pin_path(folder, name, path);
	if (bpf_obj_pin(fd, path) < 0)
		return err_set(err, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

static void remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), e->d_name, 0); /* else it is listed again */
	if (dir)
		(void)closedir(dir); /* it was read */
	(void)rmdir(path);
}

static struct clsact_filter filter_of(const struct capture_tap *t, enum program_hook hook)
{
	return (struct clsact_filter){ .ifindex = t->ifindex,
				       .sent = hook == PROGRAM_OUT,
				       .handle = t->filters[hook].handle,
				       .priority = t->filters[hook].priority };
}

static bool is_filter(const struct capture_tap *t, enum program_hook hook)
{
	return t->hooks & CAPTURE_CLSACT && !(hook == PROGRAM_IN && t->hooks & CAPTURE_XDP);
}

/* Is the filter of a hook still there? Of another network namespace nobody can tell from here. */
static bool is_filter_attached(const char *folder, const struct capture_tap *t,
			       enum program_hook hook)
{
	CLEANUP(closep)
	int fd = pin_open(folder, prog_pins[hook]);
	const struct clsact_filter f = filter_of(t, hook);
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (t->netns != netns_cookie())
		return true;
	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	       clsact_is_attached(&f, info.id);
}

/* Does the program of a hook still hang on an interface? */
static bool is_attached(const char *folder, const struct capture_tap *t, enum program_hook hook)
{
	CLEANUP(closep)
	int fd = pin_open(folder, link_pins[hook]);
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (is_filter(t, hook))
		return is_filter_attached(folder, t, hook);
	/* The index stands where XDP links have it in those of traffic control as well, which
	 * the headers that we build with may not know. */
	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.xdp.ifindex;
}

static enum weir_tap_state find_state(const char *folder, const struct capture_control *control)
{
	const struct capture_tap *t = control ? &control->tap : NULL;

	if (!t ||
	    ((t->hooks & (CAPTURE_XDP | CAPTURE_TC_IN)) && !is_attached(folder, t, PROGRAM_IN)))
		return WEIR_TAP_LEFT_OVER;
	if ((t->hooks & CAPTURE_TC_OUT) && !is_attached(folder, t, PROGRAM_OUT))
		return WEIR_TAP_LEFT_OVER;
	return t->netns == netns_cookie() ? WEIR_TAP_RUNS : WEIR_TAP_ELSEWHERE;
}

/* NULL: there is none, or one of another version of weir. */
static struct capture_control *map_control(const char *folder)
{
	CLEANUP(closep)
	int fd = pin_open(folder, CONTROL_PIN);
	struct capture_control *control;
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ||
	    info.value_size != sizeof(*control) || program_map_control(fd, &control, NULL) < 0)
		return NULL;
	if (control->tap.ready == CAPTURE_TAP_READY)
		return control;
	program_unmap_control(control);
	return NULL;
}

static int tap_open(const char *folder, struct tap *ret_tap)
{
	struct tap tap;

	(void)snprintf(tap.path, sizeof(tap.path), "%s", folder);
	tap.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tap.fd < 0)
		return -errno;
	tap.control = map_control(folder);
	tap.state = find_state(folder, tap.control);
	*ret_tap = tap;
	return 0;
}

void tap_done(struct tap *tap)
{
	closep(&tap->fd);
	if (tap->fd >= 0)
		program_unmap_control(tap->control);
	*tap = (struct tap){ .fd = -EBADF };
}

static const char *folder_name(const struct tap *tap)
{
	return strrchr(tap->path, '/') + 1;
}

/* The folder of a device's tap, without what makes it unique. */
static void name_folder(const char *device, char name[static IF_NAMESIZE])
{
	(void)snprintf(name, IF_NAMESIZE, "%s", device);
	for (char *p = name; *p; p++)
		if (*p == '.')
			*p = ':';
}

/* Is it what a device name stands for here? */
static bool is_tap_of(const struct tap *tap, const char *device)
{
	char name[IF_NAMESIZE];

	if (tap->state == WEIR_TAP_RUNS)
		return tap->control->tap.ifindex == if_nametoindex(device);
	if (tap->state == WEIR_TAP_ELSEWHERE)
		return false;
	if (tap->control)
		return strncmp(tap->control->tap.device, device, IF_NAMESIZE) == 0;
	name_folder(device, name);
	return strcmp(folder_name(tap), name) == 0;
}

/* Calls each() with every tap until it returns other than 0, which is returned. It may take the
 * tap, leaving an fd of less than 0. */
static int for_each_tap(const struct root *root, int (*each)(void *ctx, struct tap *tap), void *ctx)
{
	struct dirent **names;
	int n = scandir(root->path, &names, NULL, alphasort), r = 0;
	char path[sizeof(((struct tap *)0)->path)];

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct tap tap;
		int len = snprintf(path, sizeof(path), "%s/%s", root->path, names[i]->d_name);

		if (r == 0 && names[i]->d_name[0] != '.' && (size_t)len < sizeof(path) &&
		    tap_open(path, &tap) == 0) {
			r = each(ctx, &tap);
			tap_done(&tap);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

struct search {
	const char *device;
	struct tap found; /* fd < 0: none */
};

/* One that runs is better than what is left of one. */
static int search(void *ctx, struct tap *tap)
{
	struct search *s = ctx;

	if (!is_tap_of(tap, s->device) || (s->found.fd >= 0 && tap->state != WEIR_TAP_RUNS))
		return 0;
	tap_done(&s->found);
	s->found = *tap;
	*tap = (struct tap){ .fd = -EBADF };
	return 0;
}

static int find_in(const struct root *root, const char *device, struct tap *ret_tap,
		   struct weir_err *err)
{
	struct search s = { .device = device, .found = { .fd = -EBADF } };
	int r = for_each_tap(root, search, &s);

	if (r < 0)
		return err_set(err, r, "%s: %s", root->path, strerror(-r));
	if (s.found.fd < 0)
		return err_set(err, -ENOENT, "there is no tap on '%s'", device);
	*ret_tap = s.found;
	return 0;
}

int tap_find(const char *device, struct tap *ret_tap, struct weir_err *err)
{
	struct root root;
	int r = root_open(false, LOCK_SH, &root, NULL);

	/* Who may not look there sees none. */
	if (r == -ENOENT || r == -EACCES)
		return err_set(err, -ENOENT, "there is no tap on '%s'", device);
	if (r < 0)
		return err_set(err, r, "taps: %s", strerror(-r));
	r = find_in(&root, device, ret_tap, err);
	root_close(&root);
	return r;
}

int tap_rings_fd(const struct tap *tap, struct weir_err *err)
{
	int fd = pin_open(tap->path, RINGS_PIN);

	return fd < 0 ? err_set(err, -errno, "%s/" RINGS_PIN ": %s", tap->path, strerror(errno))
		      : fd;
}

int tap_lock(const struct tap *tap, struct weir_err *err)
{
	const uint32_t reader = tap->control->reader;

	if (flock(tap->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK && reader)
		return err_set(err, -EBUSY, "process %u reads this tap, and only one can at a time",
			       reader);
	return err_set(err, -EBUSY, "somebody reads this tap, and only one can at a time");
}

/* Starting. */

static int choose(const struct weir_tap_opts *opts, const struct weir_iface *iface,
		  struct program_opts *ret_wanted, struct weir_err *err)
{
	uint64_t size = CAPTURE_CHUNK;

	if (iface->linktype == WEIR_LINKTYPE_NONE)
		return err_set(err, -ENOTSUP, "interface '%s' has a link layer that is not known",
			       iface->name);
	while (size < (opts->buffer_size ? opts->buffer_size : DEFAULT_RING))
		size <<= 1;
	*ret_wanted = (struct program_opts){ .iface = iface,
					     .tap = true,
					     .marks = WEIR_CAPTURE_MARK_FLAGS };
	program_choose(ret_wanted, opts->direction, opts->engine, opts->mode);
	program_size(ret_wanted, opts->buffer_size, size);
	return 0;
}

static void fill_control(const struct weir_tap_opts *opts, const struct program *prog,
			 struct capture_control *control)
{
	const struct program_opts *o = &prog->opts;
	struct capture_tap *t = &control->tap;

	control->drops = opts->mode == WEIR_CAPTURE_DROP;
	control->hold = opts->hold;
	control->snaplen = opts->snaplen ? opts->snaplen : CAPTURE_FRAME_MAX;
	control->beat_ns = time_now(CLOCK_MONOTONIC);
	t->ifindex = o->iface->index;
	t->netns = netns_cookie();
	t->begin_ns = time_now(CLOCK_BOOTTIME);
	t->ring_size = o->ring_size;
	t->n_rings = o->n_rings;
	t->marks = o->marks;
	t->has_tai = prog->has_tai;
	t->linktype = o->iface->linktype;
	t->hooks = o->out ? CAPTURE_TC_OUT : 0;
	if (o->in)
		t->hooks |= o->xdp ? CAPTURE_XDP : CAPTURE_TC_IN;
	memcpy(t->device, o->iface->name, sizeof(t->device));
	if (opts->filter)
		(void)snprintf(t->filter, sizeof(t->filter), "%s", opts->filter);
}

/* By a filter, which the control names, for there is nothing of it to pin. */
static int attach_filter(const struct program *prog, enum program_hook hook, struct capture_tap *t,
			 struct weir_err *err)
{
	struct clsact_filter f = { .ifindex = t->ifindex, .sent = hook == PROGRAM_OUT };
	bool made = false;
	int r = clsact_attach(&f, program_fd(prog, hook), &made, err);

	if (r < 0)
		return r;
	t->filters[hook].handle = f.handle;
	t->filters[hook].priority = f.priority;
	t->hooks |= CAPTURE_CLSACT | (made ? CAPTURE_QDISC : 0);
	return 0;
}

/* By a link, or as before there were links for traffic control. */
static int attach_hook(const struct program *prog, enum program_hook hook, bool classic,
		       const char *folder, struct capture_tap *t, struct weir_err *err)
{
	const bool xdp = hook == PROGRAM_IN && prog->opts.xdp;
	CLEANUP(closep)
	int link = classic && !xdp ? -ENOTSUP : program_attach(prog, hook, err);

	if (link == -ENOTSUP && !xdp)
		return attach_filter(prog, hook, t, err);
	return link < 0 ? link : pin(link, folder, link_pins[hook], err);
}

static int attach_and_pin(const struct program *prog, bool classic, const char *folder,
			  struct capture_tap *t, struct weir_err *err)
{
	int r = 0;

	for (enum program_hook h = 0; r == 0 && h < PROGRAM_HOOKS; h++) {
		const int fd = program_fd(prog, h);

		if (fd < 0)
			continue;
		r = pin(fd, folder, prog_pins[h], err);
		if (r == 0)
			r = attach_hook(prog, h, classic, folder, t, err);
	}
	return r;
}

/* At once, and not when the kernel gets round to freeing what nobody names any more. */
static void detach(const char *folder, const struct capture_tap *t)
{
	for (enum program_hook h = 0; h < PROGRAM_HOOKS; h++) {
		CLEANUP(closep)
		int fd = pin_open(folder, link_pins[h]);
		const struct clsact_filter f = filter_of(t, h);

		if (fd >= 0)
			(void)bpf_link_detach(fd); /* the interface may be gone */
		else if (f.handle && is_attached(folder, t, h))
			clsact_detach(&f);
	}
	if (t->hooks & CAPTURE_QDISC)
		clsact_remove(t->ifindex);
}

/* Everything in the folder, which is there; the caller removes it after a failure. */
static int fill_folder(const struct weir_tap_opts *opts, const struct program *prog,
		       const char *folder, struct weir_err *err)
{
	const int control_fd = program_control_fd(prog), rings_fd = program_rings_fd(prog);
	struct capture_control *control = NULL;
	struct program_rings rings = { 0 };
	int r = program_map_control(control_fd, &control, err);

	if (r == 0)
		r = program_map_rings(rings_fd, prog->opts.ring_size, prog->opts.n_rings, &rings,
				      err);
	if (r == 0)
		r = pin(control_fd, folder, CONTROL_PIN, err);
	if (r == 0)
		r = pin(rings_fd, folder, RINGS_PIN, err);
	if (r == 0) {
		/* The times of frames that come before there is a reader. */
		minder_set_clocks(&rings, prog->has_tai);
		fill_control(opts, prog, control);
		r = attach_and_pin(prog, opts->classic, folder, &control->tap, err);
		if (r < 0)
			detach(folder, &control->tap);
	}
	if (r == 0) {
		control->tap.ready = CAPTURE_TAP_READY;
		__atomic_store_n(&control->on, 1, __ATOMIC_RELEASE); /* everything is told */
	}
	program_unmap_rings(&rings);
	program_unmap_control(control);
	return r;
}

/* That the interface has no tap was seen. */
static int make_folder(const struct root *root, const char *device, char folder[static PATH_MAX],
		       struct weir_err *err)
{
	char name[IF_NAMESIZE];

	name_folder(device, name);
	pin_path(root->path, name, folder);
	if (mkdir(folder, 0700) == 0)
		return 0;
	if (errno == EEXIST) {
		(void)snprintf(folder, PATH_MAX, "%s/%s:netns-%llu", root->path, name,
			       (unsigned long long)netns_cookie());
		if (mkdir(folder, 0700) == 0)
			return 0;
	}
	return err_set(err, -errno, "%s: %s", folder, strerror(errno));
}

static int check_free(const struct root *root, const char *device, struct weir_err *err)
{
	struct tap tap;
	int r = find_in(root, device, &tap, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(err, r, "%s: %s", root->path, strerror(-r));
	r = tap.state == WEIR_TAP_RUNS
		    ? err_set(err, -EEXIST, "'%s' has a tap already", device)
		    : err_set(err, -EEXIST,
			      "'%s' had a tap when it was another interface: 'weir tap stop dev "
			      "%s' removes what is left of it",
			      device, device);
	tap_done(&tap);
	return r;
}

static int start_in(const struct root *root, const struct weir_tap_opts *opts, struct program *prog,
		    struct weir_err *err)
{
	char folder[PATH_MAX];
	int r = check_free(root, opts->device, err);

	if (r == 0)
		r = make_folder(root, opts->device, folder, err);
	if (r < 0)
		return r;
	r = fill_folder(opts, prog, folder, err);
	if (r < 0)
		remove_folder(folder);
	return r;
}

static int start(const struct weir_tap_opts *opts, const struct program_opts *wanted,
		 struct weir_err *err)
{
	struct program prog;
	struct root root;
	int r = root_open(true, LOCK_EX, &root, err);

	if (r < 0)
		return r;
	r = program_load(wanted, &prog, err);
	if (r == 0) {
		r = start_in(&root, opts, &prog, err);
		program_unload(&prog);
	}
	root_close(&root);
	return r;
}

int weir_tap_start(const struct weir_tap_opts *opts, struct weir_err *err)
{
	struct weir_iface iface;
	struct program_opts wanted;
	struct filter *filter = NULL;
	struct sock_fprog classic;
	int r = link_by_name(opts->device, &iface, err);

	if (r == 0)
		r = choose(opts, &iface, &wanted, err);
	if (r == 0 && opts->filter)
		r = filter_new(opts->filter, iface.linktype, &filter, err);
	if (filter) {
		classic = filter_program(filter);
		wanted.filter = &classic;
	}
	if (r == 0)
		r = start(opts, &wanted, err);
	filter_free(filter);
	return r;
}

/* Stopping, changing, telling. */

int weir_tap_stop(const char *device, struct weir_err *err)
{
	struct root root;
	struct tap tap;
	int r = root_open(false, LOCK_EX, &root, NULL);

	if (r < 0)
		return err_set(err, r, "there is no tap on '%s'%s%s", device,
			       r == -ENOENT ? "" : ": ", r == -ENOENT ? "" : strerror(-r));
	r = find_in(&root, device, &tap, err);
	if (r == 0) {
		if (tap.control && tap.state != WEIR_TAP_ELSEWHERE)
			detach(tap.path, &tap.control->tap);
		remove_folder(tap.path);
		tap_done(&tap);
	}
	root_close(&root);
	return r;
}

static int check_running(const struct tap *tap, const char *device, struct weir_err *err)
{
	return tap->state == WEIR_TAP_RUNS
		       ? 0
		       : err_set(err, -ENODEV, "the interface of the tap on '%s' is gone", device);
}

int weir_tap_set(const char *device, const struct weir_tap_change *change, struct weir_err *err)
{
	struct tap tap;
	int r = tap_find(device, &tap, err);

	if (r < 0)
		return r;
	r = check_running(&tap, device, err);
	if (r == 0) {
		struct capture_control *c = tap.control;

		if (change->set_snaplen)
			c->snaplen = change->snaplen ? change->snaplen : CAPTURE_FRAME_MAX;
		if (change->set_hold)
			c->hold = change->hold;
		if (change->set_mode)
			c->drops = change->mode == WEIR_CAPTURE_DROP;
	}
	tap_done(&tap);
	return r;
}

/* Sums over the rings; 0 if they cannot be had. */
static void sum_rings(const struct tap *tap, struct weir_tap_info *info)
{
	CLEANUP(closep)
	int fd = tap_rings_fd(tap, NULL);
	struct program_rings rings;

	if (fd < 0 || program_map_rings(fd, info->ring_size, info->n_rings, &rings, NULL) < 0)
		return;
	for (unsigned i = 0; i < info->n_rings; i++) {
		const struct capture_ring *r = program_ring(&rings, i);

		info->waiting_bytes += blockring_counter(&r->head) - blockring_counter(&r->tail);
		info->stored += blockring_counter(&r->frames);
		info->filtered += blockring_counter(&r->filtered);
		info->dropped += blockring_counter(&r->dropped) + blockring_counter(&r->nested);
	}
	program_unmap_rings(&rings);
}

static enum weir_capture_direction direction_of(unsigned hooks)
{
	if (!(hooks & CAPTURE_TC_OUT))
		return WEIR_CAPTURE_IN;
	return hooks & (CAPTURE_XDP | CAPTURE_TC_IN) ? WEIR_CAPTURE_BOTH : WEIR_CAPTURE_OUT;
}

static void fill_info(const struct tap *tap, struct weir_tap_info *info)
{
	const struct capture_control *c = tap->control;
	const uint64_t idle_ns = time_now(CLOCK_MONOTONIC) - c->beat_ns;

	(void)snprintf(info->device, sizeof(info->device), "%s", c->tap.device);
	(void)snprintf(info->filter, sizeof(info->filter), "%s", c->tap.filter);
	if (tap->state == WEIR_TAP_RUNS) /* it may have been renamed */
		(void)if_indextoname(c->tap.ifindex, info->device);
	info->engine = c->tap.hooks & CAPTURE_XDP      ? "xdp program"
		       : c->tap.hooks & CAPTURE_CLSACT ? "tc filter"
						       : "tc program";
	info->mode = c->drops ? WEIR_CAPTURE_DROP : WEIR_CAPTURE_MIRROR;
	info->direction = direction_of(c->tap.hooks);
	info->hold = c->hold;
	info->passes_on = c->drops && !c->hold && idle_ns > CAPTURE_PATIENCE_NS;
	info->snaplen = c->snaplen == CAPTURE_FRAME_MAX ? 0 : c->snaplen;
	info->ring_size = c->tap.ring_size;
	info->n_rings = c->tap.n_rings;
	info->reader = c->reader && idle_ns < READER_NS ? (int)c->reader : 0;
	info->age_ns = time_now(CLOCK_BOOTTIME) - c->tap.begin_ns;
	info->dropped = blockring_counter(&c->orphans);
	sum_rings(tap, info);
}

struct listing {
	struct weir_tap_info *taps;
	unsigned n;
};

static int add_to_list(void *ctx, struct tap *tap)
{
	struct listing *l = ctx;
	struct weir_tap_info *taps = realloc(l->taps, (l->n + 1) * sizeof(*taps)), *info;

	if (!taps)
		return -ENOMEM;
	l->taps = taps;
	info = &taps[l->n++];
	*info = (struct weir_tap_info){ .state = tap->state, .engine = "" };
	(void)snprintf(info->path, sizeof(info->path), "%s", tap->path);
	(void)snprintf(info->device, sizeof(info->device), "%.15s", folder_name(tap));
	if (tap->control)
		fill_info(tap, info);
	return 0;
}

int weir_tap_list(struct weir_tap_info **ret_taps, unsigned *ret_n, struct weir_err *err)
{
	struct listing l = { 0 };
	struct root root;
	int r = root_open(false, LOCK_SH, &root, err);

	if (r == 0) {
		r = for_each_tap(&root, add_to_list, &l);
		root_close(&root);
		if (r < 0)
			(void)err_set(err, r, "%s: %s", root.path, strerror(-r));
	}
	if (r < 0 && r != -ENOENT) {
		free(l.taps);
		return r;
	}
	*ret_taps = l.taps;
	*ret_n = l.n;
	return 0;
}
