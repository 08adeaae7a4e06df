/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights of the process, by the system calls themselves (no libcap). Called by the daemon while it starts.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "linux_priv.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRACED_BY_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TRACED_BY_SANITIZER 1
#endif

typedef struct __user_cap_data_struct capability_sets[_LINUX_CAPABILITY_U32S_3];

static int get_capabilities(capability_sets sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, sets) == 0 ? 0 : -errno;
}

static int set_capabilities(const capability_sets sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &header, sets) == 0 ? 0 : -errno;
}

static bool has(const capability_sets sets, unsigned capability)
{
	return (sets[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

int linux_priv_require(struct linux_error *error)
{
	capability_sets sets;
	int result = get_capabilities(sets);

	if (result != 0)
		return linux_error_set(error, -result, "cannot read the capabilities of this process: %s",
				       strerror(-result));
	if (!has(sets, CAP_NET_ADMIN))
		return linux_error_set(
			error, EPERM,
			"CAP_NET_ADMIN is missing, without which no network interface can be made: run as "
			"root, or under systemd with AmbientCapabilities=CAP_NET_ADMIN");
	return 0;
}

int linux_priv_protect(struct linux_error *error)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return linux_error_set(error, errno, "cannot forbid core dumps: %s", strerror(errno));
#ifndef TRACED_BY_SANITIZER
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return linux_error_set(error, errno, "cannot forbid tracing: %s", strerror(errno));
#endif
	return 0;
}

/*
 * Empties the bounding set but for CAP_NET_ADMIN. Without CAP_SETPCAP it stays as it is, which no_new_privs
 * makes harmless.
 */
static int drop_bounding_set(void)
{
	for (int capability = 0;; capability++) {
		int present = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

		if (present < 0)
			return errno == EINVAL ? 0 : -errno; /* beyond the last that this kernel knows */
		if (present == 1 && capability != CAP_NET_ADMIN &&
		    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
			return errno == EPERM ? 0 : -errno;
	}
}

int linux_priv_drop(struct linux_error *error)
{
	capability_sets sets;
	int result;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return linux_error_set(error, errno, "cannot give up new privileges: %s", strerror(errno));
	result = drop_bounding_set();
	if (result == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		result = -errno;
	if (result == 0)
		result = get_capabilities(sets);
	if (result == 0) {
		for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
			uint32_t kept = i == CAP_TO_INDEX(CAP_NET_ADMIN) ? CAP_TO_MASK(CAP_NET_ADMIN) : 0;

			sets[i].permitted &= kept;
			sets[i].effective &= kept;
			sets[i].inheritable = 0;
		}
		result = set_capabilities(sets);
	}
	if (result != 0)
		return linux_error_set(error, -result, "cannot give up capabilities: %s", strerror(-result));
	return 0;
}
