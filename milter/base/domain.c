#include "base/domain.h"

#include "base/utf8.h"

#include <idn2.h>

static struct str
strip_dot(struct str name)
{
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	return name;
}

struct str
domain_normal(struct arena *arena, struct str name)
{
	char *copy, *ace = NULL;
	struct str normal;

	name = strip_dot(name);
	copy = arena_cstr(arena, name);
	for (size_t i = 0; i < name.len; i++)
		copy[i] = ascii_lower(copy[i]);
	normal = (struct str){ copy, name.len };
	if (name.len > DOMAIN_MAX || utf8_is_ascii(normal) ||
	    utf8_bad(normal) >= 0 || str_find(normal, '\0') >= 0)
		return normal;
	if (idn2_to_ascii_8z(copy, &ace, IDN2_NONTRANSITIONAL) == IDN2_OK)
		/* U+3002 has become a dot by now. */
		normal = arena_str(arena, strip_dot(str_of(ace)));
	idn2_free(ace);
	return normal;
}
