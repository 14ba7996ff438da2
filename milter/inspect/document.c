/*
 * No parser: each kind has a mark that stands in the clear, and nothing else
 * in such a file looks like it. Names in an OLE2 file are UTF-16.
 */
#include "inspect/document.h"

#include <string.h>

#define OLE2_MAGIC      "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#define OLE2_SECTOR     ((size_t)512)
#define PDF_REACH       ((size_t)1024) /* "%PDF-" may stand so far in */
#define WORD_MAGIC      0xa5ec
#define WORD_FLAGS      10
#define WORD_ENCRYPTED  0x0100
#define EXCEL_BOF_BYTES 20 /* the record with its head, since Excel 97 */
#define EXCEL_FILEPASS  0x2f

static const char *
find(struct str bytes, struct str what)
{
	return bytes.len == 0 ? NULL
			      : memmem(bytes.p, bytes.len, what.p, what.len);
}

static unsigned
get_16(struct str bytes, size_t at)
{
	if (at + 2 > bytes.len)
		return 0;
	return (unsigned char)bytes.p[at] |
	       (unsigned)(unsigned char)bytes.p[at + 1] << 8;
}

/* The whole name, not the beginning of /EncryptMetadata. */
static bool
has_pdf_key(struct str bytes)
{
	const struct str key = STR("/Encrypt");
	const char *found;

	while ((found = find(bytes, key)) != NULL) {
		bytes = str_from(bytes, (size_t)(found - bytes.p) + key.len);
		if (bytes.len == 0 || !ascii_is_alnum(bytes.p[0]))
			return true;
	}
	return false;
}

static bool
is_pdf(struct str head)
{
	struct str begin = head;

	if (begin.len > PDF_REACH)
		begin.len = PDF_REACH;
	return find(begin, STR("%PDF-")) != NULL;
}

/* Streams that only documents with a password have. */
static bool
has_stream(struct str bytes)
{
	/* "EncryptedPackage" and "EncryptedSummary" */
	static const char package[] =
	    "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
	static const char summary[] =
	    "E\0n\0c\0r\0y\0p\0t\0e\0d\0S\0u\0m\0m\0a\0r\0y";

	return find(bytes, (struct str){ package, sizeof(package) }) != NULL ||
	       find(bytes, (struct str){ summary, sizeof(summary) }) != NULL;
}

/* Word's main stream is the first one of the file, nearly always. */
static bool
is_word_encrypted(struct str head)
{
	return get_16(head, OLE2_SECTOR) == WORD_MAGIC &&
	       (get_16(head, OLE2_SECTOR + WORD_FLAGS) & WORD_ENCRYPTED) != 0;
}

/* Excel tells it in the record behind the first, which begins a workbook. */
static bool
is_excel_encrypted(struct str head)
{
	static const char begin[] = "\x09\x08\x10\0\0\x06\x05";
	const char *found = find(head, (struct str){ begin, sizeof(begin) });

	return found != NULL &&
	       get_16(head, (size_t)(found - head.p) + EXCEL_BOF_BYTES) ==
		   EXCEL_FILEPASS;
}

bool
document_is_encrypted(struct str head, struct str tail)
{
	if (is_pdf(head))
		return has_pdf_key(head) || has_pdf_key(tail);
	if (!str_starts(head, STR(OLE2_MAGIC)))
		return false;
	return has_stream(head) || has_stream(tail) ||
	       is_word_encrypted(head) || is_excel_encrypted(head);
}
