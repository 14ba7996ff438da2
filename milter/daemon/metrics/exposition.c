#include "daemon/metrics/exposition.h"

#include "base/utf8.h"

void
exposition_family(
    struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct sample
sample_begin(struct buf *out, const char *name)
{
	buf_add_cstr(out, name);
	return (struct sample){ .out = out };
}

static void
put_escaped(struct buf *out, struct str value)
{
	while (value.len > 0) {
		size_t len = utf8_sequence(value);

		if (len == 0)
			buf_byte(out, '?');
		else if (*value.p == '\n')
			buf_add_cstr(out, "\\n");
		else if (*value.p == '"' || *value.p == '\\')
			buf_printf(out, "\\%c", *value.p);
		else
			buf_add(out, str_sub(value, 0, len));
		value = str_from(value, len > 0 ? len : 1);
	}
}

void
sample_label(struct sample *sample, const char *name, struct str value)
{
	buf_byte(sample->out, sample->has_labels ? ',' : '{');
	sample->has_labels = true;
	buf_printf(sample->out, "%s=\"", name);
	put_escaped(sample->out, value);
	buf_byte(sample->out, '"');
}

void
sample_end(struct sample *sample, uint64_t number)
{
	if (sample->has_labels)
		buf_byte(sample->out, '}');
	buf_printf(sample->out, " %llu\n", (unsigned long long)number);
}

void
sample_end_decimal(struct sample *sample, double number)
{
	if (sample->has_labels)
		buf_byte(sample->out, '}');
	buf_printf(sample->out, " %.16g\n", number);
}
