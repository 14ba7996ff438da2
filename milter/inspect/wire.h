/*
 * wire: the messages between an inspector and its helper.
 *
 * Both are the same program on the same machine, so that numbers go as they
 * are. One question is one attachment. Of what a helper says nothing is
 * believed: it has read hostile bytes, and may be another's by now.
 */
#ifndef SLUICE_INSPECT_WIRE_H
#define SLUICE_INSPECT_WIRE_H

#include "base/buf.h"
#include "inspect/inspect.h"

#define WIRE_FOREVER   INT64_MAX
#define WIRE_TEXT_MAX  ((size_t)512) /* why a helper does not serve */
#define WIRE_BYTES_MAX ((uint64_t)1024 * 1024 * 1024) /* of one attachment */

enum wire_result { WIRE_DONE, WIRE_LATE, WIRE_GONE };

/* The first message, of the inspector. */
struct wire_setup {
	uint32_t magic;
	uint32_t unused;
	uint64_t memory_max;
};

/* The first of a helper. text_len bytes follow; if there are any, it does not
 * serve, and they say why. */
struct wire_hello {
	uint32_t magic;
	uint32_t text_len;
};

struct wire_question {
	uint32_t magic;
	uint32_t timeout_ms; /* left */
	uint64_t entries_max;
	uint64_t name_bytes_max;
	uint64_t unpacked_max;
	uint32_t nesting_max;
	uint32_t name_len; /* name, content and tail follow */
	uint64_t content_len;
	uint64_t n_missing;
	uint64_t tail_len;
};

enum wire_flag {
	WIRE_IS_ARCHIVE = 1,
	WIRE_IS_ENCRYPTED = 2,
	WIRE_IS_BROKEN = 4,
	WIRE_IS_LIMITED = 8,
	WIRE_IS_WORN = 16,    /* the helper wants to be replaced */
	WIRE_IS_PARTIAL = 32, /* another answer will follow */
};

struct wire_answer {
	uint32_t magic;
	uint32_t flags;
	uint64_t n_entries;
	uint64_t bytes; /* that follow: magic, then each entry's length
			   (uint32_t) and the entry */
	uint32_t magic_len;
	uint32_t unused;
};

#define WIRE_MAGIC 0x534c5531u

/* Deadlines are those of clock_steady_us. Waits for each byte to go or come
 * until then; WIRE_FOREVER on a socket that blocks. */
enum wire_result wire_send(
    int fd, const void *bytes, size_t len, int64_t deadline_us);
enum wire_result wire_receive(
    int fd, void *bytes, size_t len, int64_t deadline_us);

/* The inspector's side of one attachment. */
enum wire_result wire_ask(int fd, const struct inspect_item *item,
    const struct inspect_options *options, int64_t deadline_us);
/* Fills in what is out of item, by the last answer that came, even if the
 * result is not WIRE_DONE. Strings live in arena. An answer that makes no sense
 * is WIRE_GONE. is_worn_out: see above. */
enum wire_result wire_read_answer(int fd, struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena,
    int64_t deadline_us, bool *is_worn_out);

/* The helper's side. The question's strings are in bytes. */
enum wire_result wire_read_question(int fd, struct inspect_item *item,
    struct inspect_options *options, struct buf *bytes);
enum wire_result wire_answer(
    int fd, const struct inspect_item *item, uint32_t more_flags);

#endif
