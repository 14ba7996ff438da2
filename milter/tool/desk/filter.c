/*
 * A name that no event has would wait for ever and never say why, so it is
 * refused; a value can be anything.
 */
#include "tool/desk/filter.h"

#include "base/ip.h"
#include "rules/suggest.h"
#include "tool/desk/event.h"

/* What sluice-redis(7) says of events; fact.NAME besides. */
static const char *const names[] = { "event", "host", "ref", "queue", "stage",
	"action", "observed", "code", "rule", "at", "text", "client", "user",
	"from", "rcpt", "limit", "key", "used", "before", "max", "window",
	"retry", "crossing", "locked", "did", "table", "entry", "raise",
	"until", "reason", "by" };

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static int
check_name(struct str name, struct buf *error)
{
	struct suggestion near = { .wrong = name };

	if (str_starts(name, STR("fact.")) && name.len > 5)
		return 0;
	for (size_t i = 0; i < N_NAMES; i++) {
		if (str_is(name, names[i]))
			return 0;
		suggest(&near, str_of(names[i]));
	}
	buf_printf(error, "no event has a field '%.*s'", STR_ARG(name));
	if (near.best.len > 0)
		buf_printf(error, "; did you mean '%.*s'?", STR_ARG(near.best));
	return -1;
}

static int
check_value(struct str name, struct str value, struct buf *error)
{
	if (str_is(name, "observed") && !str_is(value, "yes") &&
	    !str_is(value, "no")) {
		buf_add_cstr(error, "'observed' is yes or no");
		return -1;
	}
	if (value.len > 0)
		return 0;
	buf_printf(error, "'%.*s=' needs a value", STR_ARG(name));
	return -1;
}

int
filters_parse(struct arena *arena, int n, char *const *words,
    const char *sasl_domain, struct filters *filters_out, struct buf *error)
{
	struct filters filters = { .n = 0 };

	if (n > FILTERS_MAX) {
		buf_printf(error, "more than %d filters", FILTERS_MAX);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		struct str word = str_of(words[i]);
		ptrdiff_t equals = str_find(word, '=');
		struct str name, value;

		if (equals <= 0) {
			buf_printf(error,
			    "'%s' is no filter: expected KEY=VALUE, such as "
			    "rule=pace",
			    words[i]);
			return -1;
		}
		name = str_sub(word, 0, (size_t)equals);
		value = str_from(word, (size_t)equals + 1);
		if (check_name(name, error) == -1 ||
		    check_value(name, value, error) == -1)
			return -1;
		if (str_is(name, "user") && sasl_domain != NULL &&
		    str_find(value, '@') < 0)
			value = arena_printf(
			    arena, "%.*s@%s", STR_ARG(value), sasl_domain);
		filters.items[filters.n++] =
		    (struct store_field){ name, value };
	}
	*filters_out = filters;
	return 0;
}

/* An address in a network, or as it is written in another way. */
static bool
is_in_network(struct str value, struct str wanted)
{
	struct ip_net net;
	struct ip ip;

	if (ip_parse(value, &ip) == -1 || ip_net_parse(wanted, &net) == -1)
		return false;
	return ip_net_has(&net, &ip);
}

/* Not being observed is a field that is not there. */
static bool
holds(const struct store_field *filter, const struct store_event *event)
{
	struct str value;

	if (str_is(filter->name, "observed"))
		return event_is_observed(event) == str_is(filter->value, "yes");
	if (str_is(filter->name, "ref"))
		return event_has_ref(event, filter->value);
	for (size_t i = 0; i < event->n_fields; i++) {
		if (!str_eq(event->fields[i].name, filter->name))
			continue;
		value = event->fields[i].value;
		if (str_eq_nocase(value, filter->value) ||
		    is_in_network(value, filter->value))
			return true;
	}
	return false;
}

/* One of those of the same name is enough. */
static bool
has_alternative(const struct filters *filters, const struct str name,
    const struct store_event *event)
{
	for (size_t i = 0; i < filters->n; i++)
		if (str_eq(filters->items[i].name, name) &&
		    holds(&filters->items[i], event))
			return true;
	return false;
}

bool
filters_take(const struct filters *filters, const struct store_event *event)
{
	for (size_t i = 0; i < filters->n; i++)
		if (!has_alternative(filters, filters->items[i].name, event))
			return false;
	return true;
}
