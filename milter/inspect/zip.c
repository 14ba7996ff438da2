/*
 * One walk over the bytes from record to record. The size that a local header
 * tells is believed only if another record begins where its data would end;
 * else the next signature counts, as for data whose size stands behind it. The
 * names of a zip that is stored in this one may so become names of this one,
 * which does no harm. Then each directory is followed from the record at its
 * end, as most programs do, and compared with the local headers it points to.
 *
 * The trap is quadratic time: a thousand ends may name the same directory, so
 * only the first few and the last one are followed.
 */
#include "inspect/zip.h"

#include <string.h>

#define LOCAL_BYTES     30
#define CENTRAL_BYTES   46
#define END_BYTES       22
#define SIGNATURE_BYTES 4
#define ENDS_MAX        4              /* directories that are followed */
#define END_REACH       (65536 + 1024) /* comment and junk behind the end */
#define EXTRA_PATH      0x7075         /* Info-ZIP Unicode path */
#define EXTRA_PATH_HEAD 5              /* version, CRC of the other name */
#define FLAG_ENCRYPTED  0x0001
#define FLAG_SIZE_LATER 0x0008
#define FLAG_MASKED     0x2000 /* the directory is encrypted */
#define UNKNOWN_32      0xffffffffu

struct zip {
	struct listing *listing;
	const struct source *source;
	size_t n_ends;
	uint64_t last_end;  /* where the last one is */
	size_t n_chained;   /* local headers with nothing between */
	size_t n_directory; /* records of the directory followed last */
	bool is_chained;    /* so far */
	bool has_end;
};

static unsigned
get_16(const char *p)
{
	return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8;
}

static uint32_t
get_32(const char *p)
{
	return get_16(p) | (uint32_t)get_16(p + 2) << 16;
}

static bool
has_signature(struct str bytes, const char *signature)
{
	return bytes.len >= SIGNATURE_BYTES &&
	       memcmp(bytes.p, signature, SIGNATURE_BYTES) == 0;
}

#define IS_LOCAL(bytes)   has_signature(bytes, "PK\3\4")
#define IS_CENTRAL(bytes) has_signature(bytes, "PK\1\2")
#define IS_END(bytes)     has_signature(bytes, "PK\5\6")

static bool
is_record(struct str bytes)
{
	return IS_LOCAL(bytes) || IS_CENTRAL(bytes) || IS_END(bytes) ||
	       has_signature(bytes, "PK\6\6") ||
	       has_signature(bytes, "PK\6\7") ||
	       has_signature(bytes, "PK\6\10") ||
	       has_signature(bytes, "PK\7\10");
}

static uint64_t
total_size(const struct source *source)
{
	return source->head.len + source->n_missing + source->tail.len;
}

/* What is there from an offset on, up to what is missing or the end. */
static struct str
bytes_at(const struct source *source, uint64_t at)
{
	uint64_t tail_at = source->head.len + source->n_missing;

	if (at < source->head.len)
		return str_from(source->head, (size_t)at);
	if (at >= tail_at && at < total_size(source))
		return str_from(source->tail, (size_t)(at - tail_at));
	return (struct str){ NULL, 0 };
}

/* Names that the extra field tells beside the name. */
static void
add_extra(struct zip *zip, struct str extra)
{
	while (extra.len >= 4) {
		size_t len = get_16(extra.p + 2);
		struct str field = str_sub(extra, 4, 4 + len);

		if (len > extra.len - 4)
			return;
		if (get_16(extra.p) == EXTRA_PATH && len > EXTRA_PATH_HEAD)
			listing_add(zip->listing, zip->source,
			    str_from(field, EXTRA_PATH_HEAD));
		extra = str_from(extra, 4 + len);
	}
}

static void
note_flags(struct zip *zip, unsigned flags)
{
	if (flags & (FLAG_ENCRYPTED | FLAG_MASKED))
		zip->listing->item->is_encrypted = true;
}

/*
 * A local header at the start of bytes; how many bytes to go on by. next_out:
 * the next record was found where it should be.
 */
static size_t
read_local(struct zip *zip, struct str bytes, bool *is_next_out)
{
	size_t name_len, header_len;
	uint64_t end;

	*is_next_out = false;
	if (bytes.len < LOCAL_BYTES)
		return SIGNATURE_BYTES;
	name_len = get_16(bytes.p + 26);
	header_len = LOCAL_BYTES + name_len + get_16(bytes.p + 28);
	if (LOCAL_BYTES + name_len > bytes.len)
		return SIGNATURE_BYTES;
	note_flags(zip, get_16(bytes.p + 6));
	listing_add(zip->listing, zip->source,
	    str_sub(bytes, LOCAL_BYTES, LOCAL_BYTES + name_len));
	if (header_len > bytes.len)
		return LOCAL_BYTES + name_len;
	add_extra(zip, str_sub(bytes, LOCAL_BYTES + name_len, header_len));
	end = header_len + (uint64_t)get_32(bytes.p + 18);
	if ((get_16(bytes.p + 6) & FLAG_SIZE_LATER) || end > bytes.len ||
	    !is_record(str_from(bytes, (size_t)end)))
		return header_len;
	*is_next_out = true;
	return (size_t)end;
}

/* A record of the directory at the start of bytes; its length, or 0. */
static size_t
read_central(struct zip *zip, struct str bytes)
{
	size_t name_end, extra_end, end;

	if (bytes.len < CENTRAL_BYTES || !IS_CENTRAL(bytes))
		return 0;
	name_end = CENTRAL_BYTES + get_16(bytes.p + 28);
	extra_end = name_end + get_16(bytes.p + 30);
	end = extra_end + get_16(bytes.p + 32);
	if (name_end > bytes.len)
		return 0;
	note_flags(zip, get_16(bytes.p + 8));
	listing_add(
	    zip->listing, zip->source, str_sub(bytes, CENTRAL_BYTES, name_end));
	if (end > bytes.len)
		return 0;
	add_extra(zip, str_sub(bytes, name_end, extra_end));
	return end;
}

/* Does the local header at this place tell the same name? Where there is none
 * because it is missing, yes. */
static bool
agrees(const struct zip *zip, uint64_t at, struct str name)
{
	struct str local = bytes_at(zip->source, at);
	size_t name_len;

	if (local.len < LOCAL_BYTES)
		return zip->source->n_missing > 0 || zip->source->is_cut;
	name_len = get_16(local.p + 26);
	return IS_LOCAL(local) && LOCAL_BYTES + name_len <= local.len &&
	       str_eq(
		   name, str_sub(local, LOCAL_BYTES, LOCAL_BYTES + name_len));
}

/* The records of the directory whose end stands at end_at. */
static void
follow_directory(struct zip *zip, uint64_t end_at)
{
	struct str end = bytes_at(zip->source, end_at);
	uint32_t size = get_32(end.p + 12), offset = get_32(end.p + 16);
	uint64_t prefix, at = end_at - size;
	bool is_wrong = false;
	size_t n, len;

	if (size == UNKNOWN_32 || offset == UNKNOWN_32)
		return; /* zip64: its directory was met on the way */
	if (size > end_at || offset > end_at - size) {
		zip->listing->item->is_broken = true;
		return;
	}
	prefix = end_at - size - offset;
	for (n = 0; at < end_at; n++, at += len) {
		struct str bytes = bytes_at(zip->source, at);

		if (listing_is_over(zip->listing))
			return;
		if ((len = read_central(zip, bytes)) == 0)
			break;
		if (get_32(bytes.p + 42) != UNKNOWN_32 &&
		    !agrees(zip, prefix + get_32(bytes.p + 42),
			str_sub(bytes, CENTRAL_BYTES,
			    CENTRAL_BYTES + get_16(bytes.p + 28))))
			is_wrong = true;
	}
	if (at != end_at || (n & 0xffff) != get_16(end.p + 10))
		is_wrong = zip->source->n_missing == 0 || is_wrong;
	zip->n_directory = n;
	if (is_wrong)
		zip->listing->item->is_broken = true;
}

static void
meet_end(struct zip *zip, uint64_t at)
{
	zip->has_end = true;
	zip->last_end = at;
	if (++zip->n_ends < ENDS_MAX)
		follow_directory(zip, at);
}

/* How far to go on from a record at the start of bytes, at offset at. */
static size_t
read_record(struct zip *zip, struct str bytes, uint64_t at)
{
	bool is_next = false;
	size_t len;

	if (IS_LOCAL(bytes)) {
		len = read_local(zip, bytes, &is_next);
		zip->is_chained = zip->is_chained && is_next;
		zip->n_chained += is_next ? 1 : 0;
		return len;
	}
	if (IS_END(bytes) && bytes.len >= END_BYTES)
		meet_end(zip, at);
	len = read_central(zip, bytes);
	return len > 0 ? len : SIGNATURE_BYTES;
}

static void
walk(struct zip *zip, struct str bytes, uint64_t at)
{
	const char *found;

	while ((found = memmem(bytes.p, bytes.len, "PK", 2)) != NULL) {
		size_t skipped = (size_t)(found - bytes.p), len = 2;

		if (listing_is_over(zip->listing))
			return;
		bytes = str_from(bytes, skipped);
		at += skipped;
		if (is_record(bytes))
			len = read_record(zip, bytes, at);
		bytes = str_from(bytes, len);
		at += len;
	}
}

/* An end near the end, and what it says of its directory is true. */
static bool
has_directory(const struct source *source)
{
	uint64_t total = total_size(source);
	uint64_t from = total > END_REACH ? total - END_REACH : 0;
	struct str bytes = source->tail.len > 0 ? source->tail : source->head;
	uint64_t at = total - bytes.len;
	const char *found;

	if (from > at) {
		bytes = str_from(bytes, (size_t)(from - at));
		at = from;
	}
	while ((found = memmem(bytes.p, bytes.len, "PK\5\6", 4)) != NULL) {
		struct str end = str_from(bytes, (size_t)(found - bytes.p));
		uint64_t end_at = at + (uint64_t)(found - bytes.p);

		if (end.len >= END_BYTES && get_32(end.p + 12) <= end_at &&
		    IS_CENTRAL(bytes_at(source, end_at - get_32(end.p + 12))))
			return true;
		bytes = str_from(end, SIGNATURE_BYTES);
		at = end_at + SIGNATURE_BYTES;
	}
	return false;
}

bool
zip_list(struct listing *listing, const struct source *source)
{
	struct zip zip = {
		.listing = listing, .source = source, .is_chained = true
	};

	if (!is_record(source->head) && !has_signature(source->head, "PK00") &&
	    !has_directory(source))
		return false;
	walk(&zip, source->head, 0);
	if (source->tail.len > 0) {
		zip.is_chained = false;
		walk(&zip, source->tail, total_size(source) - source->tail.len);
	}
	if (zip.n_ends >= ENDS_MAX)
		follow_directory(&zip, zip.last_end);
	if (listing->item->is_limited || source->is_cut)
		return true;
	/* Without its end it ends early; with more local headers than the
	 * directory knows, it hides some from those who read only that. */
	if ((!zip.has_end &&
		(source->n_missing == 0 || source->tail.len > 0)) ||
	    (zip.is_chained && zip.n_directory > 0 &&
		zip.n_chained > zip.n_directory))
		listing->item->is_broken = true;
	return true;
}
