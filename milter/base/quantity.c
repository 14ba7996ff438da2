/*
 * Three tables of units and one reader for them. What is printed is always read back as
 * the same number, so a text takes the largest unit that leaves no rest.
 */
#include "base/quantity.h"

#include <stdio.h>

#define DURATION_MAX_SEC (UINT32_C(3660) * 86400)

struct unit {
	const char *name;
	uint64_t factor;
};

/* The largest first: that is the order in which texts try them. */
static const struct unit duration_units[] = {
	{ "w", 604800 },
	{ "d", 86400 },
	{ "h", 3600 },
	{ "m", 60 },
	{ "s", 1 },
};

static const struct unit duration_units_ms[] = {
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

static const struct unit amount_units[] = {
	{ "G", 1000000000 },
	{ "M", 1000000 },
	{ "k", 1000 },
	{ "", 1 },
};

#define N_UNITS(units) (sizeof(units) / sizeof((units)[0]))

int
number_parse(struct str text, uint64_t max, uint64_t *number_out)
{
	uint64_t number = 0, room = max;

	for (size_t i = 0; i < text.len; i++, room /= 10) {
		unsigned char digit = (unsigned char)(text.p[i] - '0');

		if (digit > 9 || room == 0 || number > max / 10 ||
		    digit > max - number * 10)
			return -1;
		number = number * 10 + digit;
	}
	if (text.len == 0)
		return -1;
	*number_out = number;
	return 0;
}

static int
parse(struct str text, const struct unit *units, size_t n, uint64_t *out)
{
	uint64_t number = 0;
	size_t at = 0;

	while (at < text.len && text.p[at] >= '0' && text.p[at] <= '9') {
		if (number > UINT64_C(1000000000000000))
			return -1;
		number = number * 10 + (uint64_t)(text.p[at++] - '0');
	}
	if (at == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!str_is(str_from(text, at), units[i].name))
			continue;
		if (number > UINT64_C(1000000000000000) / units[i].factor)
			return -1;
		*out = number * units[i].factor;
		return 0;
	}
	return -1;
}

int
amount_parse(struct str text, uint64_t *amount_out)
{
	return parse(text, amount_units, N_UNITS(amount_units), amount_out);
}

int
duration_parse(struct str text, uint32_t *seconds_out)
{
	uint64_t seconds;

	if (parse(text, duration_units, N_UNITS(duration_units), &seconds) ==
		-1 ||
	    seconds == 0 || seconds > DURATION_MAX_SEC)
		return -1;
	*seconds_out = (uint32_t)seconds;
	return 0;
}

int
duration_parse_ms(struct str text, uint32_t *ms_out)
{
	uint64_t ms;

	if (parse(text, duration_units_ms, N_UNITS(duration_units_ms), &ms) ==
		-1 ||
	    ms == 0 || ms > UINT32_MAX)
		return -1;
	*ms_out = (uint32_t)ms;
	return 0;
}

static struct str
print(uint64_t number, const struct unit *units, size_t n, char *text)
{
	size_t i = 0;

	while (i + 1 < n && (number == 0 || number % units[i].factor != 0))
		i++;
	snprintf(text, QUANTITY_TEXT_MAX, "%llu%s",
	    (unsigned long long)(number / units[i].factor), units[i].name);
	return str_of(text);
}

struct str
duration_text(uint32_t seconds, char text[QUANTITY_TEXT_MAX])
{
	return print(seconds, duration_units, N_UNITS(duration_units), text);
}

struct str
amount_text(uint64_t amount, char text[QUANTITY_TEXT_MAX])
{
	return print(amount, amount_units, N_UNITS(amount_units), text);
}
