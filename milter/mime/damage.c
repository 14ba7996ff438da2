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
