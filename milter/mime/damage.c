#include "mime/damage.h"

#include <assert.h>

static const char *const words[DAMAGE_N] = {
	[DAMAGE_ENCODED_WORD] = "encoded-word",
	[DAMAGE_CHARSET] = "charset",
	[DAMAGE_RAW_8BIT] = "raw-8bit",
	[DAMAGE_CONTROL] = "control",
	[DAMAGE_ADDRESS] = "address",
	[DAMAGE_ADDRESS_COUNT] = "address-count",
	[DAMAGE_HEADER_SIZE] = "header-size",
	[DAMAGE_HEADER_COUNT] = "header-count",
	[DAMAGE_DUPLICATE_HEADER] = "duplicate-header",
	[DAMAGE_MIME_DEPTH] = "mime-depth",
	[DAMAGE_PART_COUNT] = "part-count",
	[DAMAGE_PART_HEADER] = "part-header",
	[DAMAGE_BOUNDARY] = "boundary",
	[DAMAGE_UNCLOSED] = "unclosed",
	[DAMAGE_PARAMETER] = "parameter",
	[DAMAGE_AMBIGUOUS] = "ambiguous",
	[DAMAGE_BARE_NEWLINE] = "bare-newline",
	[DAMAGE_PARTIAL] = "partial-message",
	[DAMAGE_FILE_NAME] = "file-name",
	[DAMAGE_TRANSFER_ENCODING] = "transfer-encoding",
	[DAMAGE_BASE64] = "base64",
	[DAMAGE_QUOTED_PRINTABLE] = "quoted-printable",
	[DAMAGE_UUENCODE] = "uuencode",
	[DAMAGE_PART_CUT] = "part-cut",
	[DAMAGE_HIDDEN_TEXT] = "hidden-text",
	[DAMAGE_LINK_MISMATCH] = "link-mismatch",
	[DAMAGE_URL_COUNT] = "url-count",
	[DAMAGE_ARCHIVE] = "archive",
	[DAMAGE_ARCHIVE_LIMIT] = "archive-limit",
	[DAMAGE_INSPECTION] = "inspection",
	[DAMAGE_BODY_CUT] = "body-cut",
	[DAMAGE_REGEX_LIMIT] = "regex-limit",
	[DAMAGE_SCAN_BUDGET] = "scan-budget",
};

const char *
damage_word(enum damage damage)
{
	assert(damage < DAMAGE_N && words[damage] != NULL);
	return words[damage];
}
