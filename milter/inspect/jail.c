/*
 * The system calls stand in one list; whatever is not in it kills the process,
 * without an answer that an intruder could learn from.
 *
 * Sanitizers map terabytes for their shadows, so that address space cannot be
 * limited with them, and they want a few more calls and standard error.
 *
 * PR_SET_PDEATHSIG would be of no use here: the "parent" of a process is the
 * thread that started it, and libmilter's threads come and go. A helper whose
 * program has ended reads the end of its socket, and an alarm bounds the work
 * it does until then (helper.c).
 */
#include "inspect/jail.h"

#include "base/port.h"
#include "base/sanitized.h"

#if defined(SLUICE_ARCHIVE) || defined(SLUICE_MAGIC)

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(recv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(send),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(alarm),
	SCMP_SYS(setitimer),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Sanitizers' own. */
static const int allowed_sanitized[] = {
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(sched_yield),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
};

/* Memory, but none that can be run. */
static const int without_exec[] = {
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(mprotect),
};

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

void
jail_close_all_but(int fd)
{
	for (int other = 0; other < fd && !IS_SANITIZED; other++)
		close(other);
	if (syscall(SYS_close_range, (unsigned)fd + 1, ~0u, 0u) == 0)
		return;
	/* Before Linux 5.9: ours all close when a program is started, and of
	 * what we were started with there is little. */
	for (int other = fd + 1; other < 1024; other++)
		close(other);
}

static int
fail(struct buf *why, const char *what)
{
	buf_printf(why, "%s: %s", what, strerror(errno));
	return -1;
}

/* Pages of address space now. */
static size_t
pages_in_use(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages;
	int n;

	if (file == NULL)
		return 0;
	n = fscanf(file, "%lu", &pages);
	fclose(file);
	return n == 1 ? pages : 0;
}

static int
limit_memory(size_t memory_max, struct buf *why)
{
	size_t pages = pages_in_use();
	struct rlimit limit;

	if (IS_SANITIZED)
		return 0;
	if (pages == 0)
		return fail(why, "/proc/self/statm");
	limit.rlim_cur = pages * (size_t)sysconf(_SC_PAGESIZE) + memory_max;
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_AS, &limit) == -1)
		return fail(why, "limit of memory");
	return 0;
}

static int
set_limits(struct buf *why)
{
	static const struct {
		int resource;
		rlim_t max;
		const char *what;
	} limits[] = {
		{ RLIMIT_CPU, JAIL_CPU_SEC, "limit of CPU time" },
		{ RLIMIT_FSIZE, 0, "limit of files' sizes" },
		{ RLIMIT_NOFILE, 0, "limit of files" },
		{ RLIMIT_CORE, 0, "limit of core files" },
		{ RLIMIT_NPROC, 0, "limit of processes" },
	};

	for (size_t i = 0; i < N_OF(limits); i++) {
		const struct rlimit limit = { limits[i].max, limits[i].max };

		if (setrlimit(
			(__rlimit_resource_t)limits[i].resource, &limit) == -1)
			return fail(why, limits[i].what);
	}
	return 0;
}

static int
allow_all(scmp_filter_ctx filter, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
allow_without_exec(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < N_OF(without_exec); i++) {
		int rc =
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, without_exec[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
filter_calls(struct buf *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (filter == NULL) {
		buf_add_cstr(why, "seccomp: no memory, or not supported");
		return -1;
	}
	rc = allow_all(filter, allowed, N_OF(allowed));
	if (rc == 0 && IS_SANITIZED)
		rc = allow_all(
		    filter, allowed_sanitized, N_OF(allowed_sanitized));
	if (rc == 0)
		rc = allow_without_exec(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc != 0)
		buf_printf(why, "seccomp: %s", strerror(-rc));
	return rc == 0 ? 0 : -1;
}

int
jail_enter(size_t memory_max, struct buf *why)
{
	if (limit_memory(memory_max, why) == -1)
		return -1; /* the last file that is opened */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return fail(why, "no new privileges");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return fail(why, "no dumps");
	if (set_limits(why) == -1)
		return -1;
	return filter_calls(why);
}

#else

void
jail_close_all_but(int fd)
{
	(void)fd;
}

int
jail_enter(size_t memory_max, struct buf *why)
{
	(void)memory_max;
	buf_add_cstr(why, "this program was built without libseccomp");
	return -1;
}

#endif
