/*
 * A question goes out while the helper reads it, and an answer comes only
 * after the whole question was read, so neither waits for the other. What the
 * inspector does with the socket never blocks; the helper, which has nothing
 * else to do, blocks in it.
 *
 * The trap is the length of an answer: it is bounded by what was asked for,
 * and checked before a byte of room is made.
 */
#include "inspect/wire.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "inspect/magic.h"
#include "mime/charset.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWERS_MAX    2 /* a partial one, and the last */
#define NAME_MAX_BYTES ((uint64_t)65536)

static enum wire_result
wait_for(int fd, short events, int64_t deadline_us)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	int64_t left_us;
	int n;

	do {
		left_us = deadline_us - clock_steady_us();
		if (left_us <= 0)
			return WIRE_LATE;
		n = poll(&pollfd, 1, (int)((left_us + 999) / 1000));
	} while (n == 0 || (n == -1 && errno == EINTR));
	return n == 1 ? WIRE_DONE : WIRE_GONE;
}

/* After a call that did nothing: may it be made again? */
static enum wire_result
after_nothing(int fd, short events, int64_t deadline_us)
{
	if (errno == EINTR)
		return WIRE_DONE;
	if (errno != EAGAIN || deadline_us == WIRE_FOREVER)
		return WIRE_GONE;
	return wait_for(fd, events, deadline_us);
}

static int
flags_of(int64_t deadline_us)
{
	return MSG_NOSIGNAL | (deadline_us == WIRE_FOREVER ? 0 : MSG_DONTWAIT);
}

enum wire_result
wire_send(int fd, const void *bytes, size_t len, int64_t deadline_us)
{
	const char *p = bytes;
	enum wire_result result = WIRE_DONE;

	while (len > 0 && result == WIRE_DONE) {
		ssize_t n = send(fd, p, len, flags_of(deadline_us));

		if (n == -1) {
			result = after_nothing(fd, POLLOUT, deadline_us);
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
	return result;
}

enum wire_result
wire_receive(int fd, void *bytes, size_t len, int64_t deadline_us)
{
	char *p = bytes;
	enum wire_result result = WIRE_DONE;

	while (len > 0 && result == WIRE_DONE) {
		ssize_t n = recv(fd, p, len, flags_of(deadline_us));

		if (n == 0)
			return WIRE_GONE;
		if (n == -1) {
			result = after_nothing(fd, POLLIN, deadline_us);
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
	return result;
}

static enum wire_result
send_str(int fd, struct str s, int64_t deadline_us)
{
	return wire_send(fd, s.p, s.len, deadline_us);
}

/* --- the inspector's side ------------------------------------------------- */

enum wire_result
wire_ask(int fd, const struct inspect_item *item,
    const struct inspect_options *options, int64_t deadline_us)
{
	int64_t left_us = deadline_us - clock_steady_us();
	struct str name = item->name;
	struct wire_question question = { .magic = WIRE_MAGIC,
		.entries_max = options->entries_max,
		.name_bytes_max = options->name_bytes_max,
		.unpacked_max = options->unpacked_max,
		.nesting_max = options->nesting_max,
		.content_len = item->content.len,
		.n_missing = item->n_missing,
		.tail_len = item->tail.len };
	enum wire_result result;

	if (left_us <= 0)
		return WIRE_LATE;
	if (name.len > NAME_MAX_BYTES)
		name = str_from(name, name.len - NAME_MAX_BYTES);
	question.timeout_ms = (uint32_t)(left_us / 1000);
	question.name_len = (uint32_t)name.len;
	result = wire_send(fd, &question, sizeof(question), deadline_us);
	if (result == WIRE_DONE)
		result = send_str(fd, name, deadline_us);
	if (result == WIRE_DONE)
		result = send_str(fd, item->content, deadline_us);
	if (result == WIRE_DONE)
		result = send_str(fd, item->tail, deadline_us);
	return result;
}

/* A helper that keeps to what it was asked says so much at most. */
static bool
is_plausible(
    const struct wire_answer *answer, const struct inspect_options *options)
{
	return answer->magic == WIRE_MAGIC &&
	       answer->n_entries <= options->entries_max &&
	       answer->magic_len <= answer->bytes &&
	       answer->bytes <=
		   answer->magic_len +
		       answer->n_entries *
			   (sizeof(uint32_t) + options->name_bytes_max);
}

/* Valid UTF-8, whatever the helper thinks it is. */
static struct str
checked_name(struct arena *arena, struct str name)
{
	struct buf text = { 0 };
	struct str result;

	if (utf8_bad(name) < 0)
		return name;
	charset_read(&text, name);
	result = arena_str(arena, buf_str(&text));
	buf_done(&text);
	return result;
}

static bool
unpack_entries(
    struct inspect_item *item, struct str bytes, size_t n, struct arena *arena)
{
	struct str *entries = arena_calloc(arena, (n + 1) * sizeof(*entries));

	for (size_t i = 0; i < n; i++) {
		uint32_t len;

		if (bytes.len < sizeof(len))
			return false;
		memcpy(&len, bytes.p, sizeof(len));
		bytes = str_from(bytes, sizeof(len));
		if (bytes.len < len)
			return false;
		entries[i] = checked_name(arena, str_sub(bytes, 0, len));
		bytes = str_from(bytes, len);
	}
	item->entries = n > 0 ? entries : NULL;
	item->n_entries = n;
	return bytes.len == 0;
}

static bool
unpack_answer(struct inspect_item *item, const struct wire_answer *answer,
    struct str bytes, struct arena *arena)
{
	struct str magic = str_sub(bytes, 0, answer->magic_len);

	if (!magic_is_type(magic) ||
	    !unpack_entries(item, str_from(bytes, answer->magic_len),
		(size_t)answer->n_entries, arena))
		return false;
	item->magic = magic;
	item->is_archive = answer->flags & WIRE_IS_ARCHIVE;
	item->is_encrypted = answer->flags & WIRE_IS_ENCRYPTED;
	item->is_broken = answer->flags & WIRE_IS_BROKEN;
	item->is_limited = answer->flags & WIRE_IS_LIMITED;
	return true;
}

static enum wire_result
read_one(int fd, struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena,
    int64_t deadline_us, uint32_t *flags_out)
{
	struct wire_answer answer;
	enum wire_result result;
	char *bytes;

	result = wire_receive(fd, &answer, sizeof(answer), deadline_us);
	if (result != WIRE_DONE)
		return result;
	if (!is_plausible(&answer, options))
		return WIRE_GONE;
	bytes = arena_alloc(arena, (size_t)answer.bytes + 1);
	result = wire_receive(fd, bytes, (size_t)answer.bytes, deadline_us);
	if (result != WIRE_DONE)
		return result;
	if (!unpack_answer(item, &answer,
		(struct str){ bytes, (size_t)answer.bytes }, arena))
		return WIRE_GONE;
	*flags_out = answer.flags;
	return WIRE_DONE;
}

enum wire_result
wire_read_answer(int fd, struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena,
    int64_t deadline_us, bool *is_worn_out)
{
	enum wire_result result;
	uint32_t flags = 0;

	for (int i = 0; i < ANSWERS_MAX; i++) {
		result =
		    read_one(fd, item, options, arena, deadline_us, &flags);
		if (result != WIRE_DONE)
			return result;
		if (flags & WIRE_IS_PARTIAL)
			continue;
		*is_worn_out = flags & WIRE_IS_WORN;
		return WIRE_DONE;
	}
	return WIRE_GONE;
}

/* --- the helper's side ---------------------------------------------------- */

enum wire_result
wire_read_question(int fd, struct inspect_item *item,
    struct inspect_options *options, struct buf *bytes)
{
	struct wire_question question;
	struct str all;
	uint64_t len;
	enum wire_result result;

	result = wire_receive(fd, &question, sizeof(question), WIRE_FOREVER);
	if (result != WIRE_DONE)
		return result;
	if (question.magic != WIRE_MAGIC ||
	    question.content_len > WIRE_BYTES_MAX ||
	    question.tail_len > WIRE_BYTES_MAX)
		return WIRE_GONE;
	len = question.name_len + question.content_len + question.tail_len;
	buf_clear(bytes);
	buf_reserve(bytes, (size_t)len);
	result = wire_receive(fd, bytes->p, (size_t)len, WIRE_FOREVER);
	all = (struct str){ bytes->p, (size_t)len };
	*item = (struct inspect_item){
		.name = str_sub(all, 0, question.name_len),
		.content = str_sub(
		    all, question.name_len, (size_t)(len - question.tail_len)),
		.tail = str_from(all, (size_t)(len - question.tail_len)),
		.n_missing = question.n_missing,
	};
	options->timeout_ms = question.timeout_ms;
	options->entries_max = (size_t)question.entries_max;
	options->name_bytes_max = (size_t)question.name_bytes_max;
	options->unpacked_max = question.unpacked_max;
	options->nesting_max = question.nesting_max;
	return result;
}

static uint32_t
answer_flags(const struct inspect_item *item)
{
	return (item->is_archive ? WIRE_IS_ARCHIVE : 0u) |
	       (item->is_encrypted ? WIRE_IS_ENCRYPTED : 0u) |
	       (item->is_broken ? WIRE_IS_BROKEN : 0u) |
	       (item->is_limited ? WIRE_IS_LIMITED : 0u);
}

enum wire_result
wire_answer(int fd, const struct inspect_item *item, uint32_t more_flags)
{
	struct wire_answer answer = { .magic = WIRE_MAGIC,
		.flags = answer_flags(item) | more_flags,
		.n_entries = item->n_entries,
		.magic_len = (uint32_t)item->magic.len };
	struct buf bytes = { 0 };
	enum wire_result result;

	buf_add(&bytes, item->magic);
	for (size_t i = 0; i < item->n_entries; i++) {
		uint32_t len = (uint32_t)item->entries[i].len;

		buf_add(&bytes, (struct str){ (char *)&len, sizeof(len) });
		buf_add(&bytes, item->entries[i]);
	}
	answer.bytes = bytes.len;
	result = wire_send(fd, &answer, sizeof(answer), WIRE_FOREVER);
	if (result == WIRE_DONE)
		result = send_str(fd, buf_str(&bytes), WIRE_FOREVER);
	buf_done(&bytes);
	return result;
}
