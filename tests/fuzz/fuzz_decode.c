/*
 * Any bytes through the transfer decoders and the charsets: nothing crashes,
 * pieces give what the whole gives, what comes out is bounded, and text is
 * UTF-8. The first two bytes choose the encoding, the cut and the charset.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/transfer.h"

#include <stdlib.h>

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const charsets[] = { "utf-8", "utf-7", "utf-16", "utf-16le",
	"utf-32", "iso-2022-jp", "iso-2022-jp-3", "iso-2022-kr", "iso-2022-cn",
	"iso-2022-cn-ext", "hz-gb-2312", "gb18030", "big5", "big5-hkscs",
	"shift_jis", "euc-jp", "euc-kr", "euc-tw", "johab", "koi8-r",
	"windows-1251", "windows-1258", "viscii", "cp437", "none-such" };

/* assert would be silent in a build with NDEBUG. */
static void
require(bool is_true)
{
	if (!is_true)
		abort();
}

static uint64_t
decode(enum transfer_encoding encoding, struct str bytes, size_t step,
    struct buf *out)
{
	struct transfer transfer = { .encoding = encoding };
	uint64_t damage = 0;

	for (size_t i = 0; i < bytes.len; i += step)
		transfer_push(&transfer,
		    str_sub(
			bytes, i, i + step < bytes.len ? i + step : bytes.len),
		    out, &damage);
	transfer_end(&transfer, out, &damage);
	return damage;
}

static void
check_transfer(enum transfer_encoding encoding, struct str bytes, size_t step)
{
	struct buf whole = { 0 }, pieces = { 0 };
	uint64_t damage =
	    decode(encoding, bytes, bytes.len > 0 ? bytes.len : 1, &whole);

	require(damage == decode(encoding, bytes, step, &pieces));
	require(str_eq(buf_str(&whole), buf_str(&pieces)));
	require(whole.len <= bytes.len);
	buf_done(&whole);
	buf_done(&pieces);
}

static void
check_charset(const char *name, struct str bytes)
{
	struct buf out = { 0 };

	charset_decode(&out, str_of(name), bytes);
	require(utf8_bad(buf_str(&out)) < 0);
	require(out.len <= 4 * bytes.len + 4);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data + 2, size - 2 };

	if (size < 2 || size > INPUT_MAX)
		return 0;
	check_transfer(
	    (enum transfer_encoding)(data[0] % 4), bytes, 1 + data[1] % 80u);
	check_charset(
	    charsets[data[1] % (sizeof(charsets) / sizeof(charsets[0]))],
	    bytes);
	return 0;
}
