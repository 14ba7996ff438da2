/*
 * Any bytes as a header value: nothing crashes, what comes out is UTF-8 and
 * bounded in size, addresses are consistent, and what is encoded for an MTA
 * is safe for it and decodes to what it was made from.
 *
 * Beyond the sanitizers this aborts where a property does not hold. Time is
 * left to libFuzzer (-timeout) and to the unit tests.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "mime/charset.h"
#include "mime/header.h"

#include <stdlib.h>

#define INPUT_MAX  65536
#define ARENA_SLOP 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert would be silent in a build with NDEBUG. */
static void
require(bool is_true)
{
	if (!is_true)
		abort();
}

static void
check_decoded(struct str text)
{
	require(utf8_bad(text) < 0);
	require(str_find(text, '\0') < 0);
	require(str_find(text, '\r') < 0);
	require(str_find(text, '\n') < 0);
}

static void
check_unfolded(struct str text, struct str raw)
{
	require(text.len <= raw.len);
	require(str_find(text, '\0') < 0);
	require(str_find(text, '\r') < 0);
	require(str_find(text, '\n') < 0);
}

/* Lines over 78 columns have no blank at which they could be folded. */
static void
check_line(struct str line, bool is_first, size_t name_len)
{
	size_t column = line.len + (is_first ? name_len + 2 : 0);

	require(column <= 998);
	require(is_first || (line.len > 0 && line.p[0] == ' '));
	require(str_trim(line).len > 0);
	if (column > 78)
		require(str_find(str_trim(line), ' ') < 0);
	for (size_t i = 0; i < line.len; i++)
		require(line.p[i] >= ' ' && line.p[i] <= '~');
}

static void
check_encoded(struct str value, size_t name_len)
{
	bool is_first = true;
	ptrdiff_t end;

	if (value.len == 0)
		return;
	while ((end = str_find(value, '\n')) >= 0) {
		check_line(str_sub(value, 0, (size_t)end), is_first, name_len);
		value = str_from(value, (size_t)end + 1);
		is_first = false;
	}
	check_line(value, is_first, name_len);
}

static void
check_round_trip(struct arena *arena, struct str text, size_t name_len)
{
	struct str value = header_encode(arena, text, name_len);
	struct buf clean = { 0 };
	uint64_t damage = 0;

	check_encoded(value, name_len);
	charset_read(&clean, text);
	for (size_t i = 0; i < clean.len; i++)
		if ((unsigned char)clean.p[i] < ' ' || clean.p[i] == 0x7f)
			clean.p[i] = ' ';
	require(str_eq(
	    header_decode(arena, value, &damage), str_trim(buf_str(&clean))));
	require(damage == 0);
	buf_done(&clean);
}

static void
check_address(const struct mime_address *address)
{
	size_t rest = address->address.len - address->local.len;

	check_decoded(address->name);
	check_decoded(address->address);
	require(address->name.len + address->address.len > 0);
	require(str_starts(address->address, address->local));
	require(str_ends_nocase(address->address, address->domain));
	require(rest == 0 || rest == address->domain.len + 1);
}

static void
check_addresses(struct arena *arena, struct str raw)
{
	struct mime_address *list;
	uint64_t damage = 0;
	size_t n = address_list(arena, raw, &list, &damage);

	require(n <= ADDRESSES_MAX);
	require(damage < DAMAGE_BIT(DAMAGE_N));
	for (size_t i = 0; i < n; i++)
		check_address(&list[i]);
}

static void
check_path(struct str raw)
{
	struct str local, domain;
	struct str path = address_of_path(raw, &local, &domain);

	require(path.len <= raw.len);
	require(local.len + domain.len <= path.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str raw = { (const char *)data, size };
	struct arena *arena;
	uint64_t damage = 0;
	struct str text;

	if (size > INPUT_MAX)
		return 0;
	arena = arena_new(4096);
	check_unfolded(header_unfold(arena, raw), raw);
	text = header_decode(arena, raw, &damage);
	require(damage < DAMAGE_BIT(DAMAGE_N));
	check_decoded(text);
	check_round_trip(arena, text, size % 50);
	check_round_trip(arena, raw, 9);
	check_addresses(arena, raw);
	check_path(raw);
	require(arena_used(arena) < 64 * size + ARENA_SLOP);
	arena_free(arena);
	return 0;
}
