/*
 * For people, 80 columns wide: what is wrong comes first, then a line or two a
 * matter, each beginning with its name.
 */
#include "tool/status.h"

#include "base/utf8.h"
#include "tool/show/grid.h"
#include "tool/show/when.h"

#include <stdio.h>

#define WIDTH      79
#define NAME_WIDTH 15
#define TEXT_MAX   400
#define SHOWN_MAX  10 /* troubles; --json has all */

struct page {
	const struct status *status;
	const struct status_reply *reply;
	struct buf *out;
};

/* The line is at column; what does not fit goes on below, at indent. A word
 * that is longer than a line has one of its own. */
static void
add_wrapped(struct buf *out, struct str text, size_t column, size_t indent)
{
	bool is_first = true;

	while (text.len > 0) {
		struct str word = str_take(&text, ' ');
		size_t width = utf8_length(word);

		if (!is_first && column + 1 + width > WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!is_first) {
			buf_byte(out, ' ');
			column++;
		}
		buf_add(out, word);
		column += width;
		is_first = false;
	}
	buf_byte(out, '\n');
}

/* name "": goes on with what was before. */
static void
add_entry(const struct page *page, const char *name, struct buf *text)
{
	struct buf line = { 0 };

	text_line(&line, buf_str(text), TEXT_MAX);
	buf_printf(page->out, "%-*s ", NAME_WIDTH, name);
	add_wrapped(page->out, buf_str(&line), NAME_WIDTH + 1, NAME_WIDTH + 1);
	buf_done(&line);
	buf_clear(text);
}

static unsigned long long
number(const struct page *page, const char *name)
{
	return (unsigned long long)status_number(page->reply, name);
}

void
status_count(struct buf *out, uint64_t n, const char *noun)
{
	buf_printf(
	    out, "%llu %s%s", (unsigned long long)n, noun, n == 1 ? "" : "s");
}

void
status_count_rules(const struct status_reply *reply, struct buf *out)
{
	status_count(out, status_number(reply, "rules"), "rule");
	buf_add_cstr(out, ", ");
	status_count(out, status_number(reply, "limits"), "limit");
	buf_add_cstr(out, ", ");
	status_count(out, status_number(reply, "tables"), "table");
}

/* "2h 5m ago" */
static void
add_ago(const struct page *page, struct buf *text, const char *name)
{
	int64_t at_ms = (int64_t)status_number(page->reply, name);
	char span[WHEN_MAX];

	buf_add(text, when_span(page->status->now_ms - at_ms, span));
	buf_add_cstr(text, " ago");
}

static void
print_head(const struct page *page)
{
	struct str findings[STATUS_FINDINGS_MAX];
	size_t n = status_findings(page->status, findings);
	int64_t started_ms = (int64_t)number(page, "started_ms");
	struct buf text = { 0 }, line = { 0 };
	char span[WHEN_MAX], at[WHEN_MAX];

	buf_printf(&text, "sluiced %.*s on %.*s, pid %llu, up %s since %s: %s",
	    STR_ARG(status_text(page->reply, "version")),
	    STR_ARG(status_text(page->reply, "host")), number(page, "pid"),
	    when_span((int64_t)number(page, "uptime_ms"), span).p,
	    when_text(started_ms, page->status->now_ms, at).p,
	    n == 0 ? "well" : "look at this:");
	text_line(&line, buf_str(&text), TEXT_MAX);
	add_wrapped(page->out, buf_str(&line), 0, 4);
	for (size_t i = 0; i < n; i++) {
		buf_add_cstr(page->out, "  ! ");
		add_wrapped(page->out, findings[i], 4, 4);
	}
	buf_byte(page->out, '\n');
	buf_done(&text);
	buf_done(&line);
}

static void
print_serving(const struct page *page)
{
	struct buf text = { 0 };

	buf_add(&text, status_text(page->reply, "listen"));
	add_entry(page, "listens on", &text);
	buf_printf(&text, "%llu of %llu, with ", number(page, "connections"),
	    number(page, "max_connections"));
	status_count(&text, number(page, "messages_open"), "open message");
	add_entry(page, "connections", &text);
	status_count(&text, number(page, "connections_ever"), "connection");
	buf_add_cstr(&text, ", ");
	status_count(&text, number(page, "messages"), "message");
	buf_add_cstr(&text, " to their end, ");
	status_count(&text, number(page, "refusals"), "refusal");
	if (number(page, "connections_refused") > 0) {
		buf_add_cstr(&text, ", ");
		status_count(
		    &text, number(page, "connections_refused"), "connection");
		buf_add_cstr(&text, " too many");
	}
	add_entry(page, "since the start", &text);
	buf_done(&text);
}

static void
print_disk(const struct page *page, struct buf *text)
{
	static const char *const words[] = {
		[DISK_SAME] = "the same as on disk",
		[DISK_DIFFERS] =
		    "those on disk differ ('sluice reload' loads them)",
		[DISK_WRONG] = "those on disk are wrong: ",
		[DISK_UNKNOWN] = "those on disk cannot be read by you",
	};

	buf_printf(text, "; %s", words[page->status->disk]);
	if (page->status->disk == DISK_WRONG)
		buf_add(text, page->status->disk_why);
}

static void
print_observed(const struct page *page)
{
	unsigned long long n_written = number(page, "rules_observed");
	const struct status_line *line;
	struct buf text = { 0 };
	char span[WHEN_MAX];
	size_t at = 0;

	if (str_is(status_text(page->reply, "mode"), "observe"))
		buf_add_cstr(&text, "all rules (mode = observe)");
	else if (n_written > 0)
		buf_printf(
		    &text, "%llu of the rules, as they are written", n_written);
	while ((line = status_next(page->reply, "observed", &at)) != NULL) {
		struct str rule = line->value;
		int64_t until_ms = (int64_t)status_take_number(&rule);

		buf_printf(
		    &text, "%s%.*s", text.len > 0 ? ", " : "", STR_ARG(rule));
		if (until_ms > 0)
			buf_printf(&text, " (for %s more)",
			    when_span(until_ms - page->status->now_ms, span).p);
	}
	if (text.len > 0)
		add_entry(page, "observed", &text);
	buf_done(&text);
}

static void
print_rules(const struct page *page)
{
	struct str result = status_text(page->reply, "reload");
	struct buf text = { 0 };

	status_count_rules(page->reply, &text);
	buf_printf(&text, ", hash %.*s, loaded ",
	    STR_ARG(status_text(page->reply, "hash")));
	add_ago(page, &text, "loaded_ms");
	print_disk(page, &text);
	add_entry(page, "rules", &text);
	print_observed(page);
	if (result.len > 0) {
		buf_printf(&text, "%.*s ", STR_ARG(result));
		add_ago(page, &text, "reload_ms");
		buf_printf(
		    &text, " in %llu ms", number(page, "reload_took_ms"));
		if (str_is(result, "refused"))
			buf_printf(&text, ": %.*s",
			    STR_ARG(status_text(page->reply, "reload_why")));
		add_entry(page, "last reload", &text);
	}
	buf_done(&text);
}

static void
print_store(const struct page *page)
{
	bool is_up = str_is(status_text(page->reply, "store_state"), "up");
	unsigned long long answer_us = number(page, "store_answer_us");
	struct buf text = { 0 };
	char span[WHEN_MAX];
	int64_t since_ms = (int64_t)number(page, "store_since_ms");

	buf_printf(&text, "%.*s, %s for %s",
	    STR_ARG(status_text(page->reply, "store")), is_up ? "up" : "AWAY",
	    when_span(page->status->now_ms - since_ms, span).p);
	if (is_up && answer_us > 0)
		buf_printf(
		    &text, ", answers in %.1f ms", (double)answer_us / 1000.0);
	buf_printf(&text, "; %llu calls", number(page, "store_calls"));
	if (number(page, "store_failures") > 0)
		buf_printf(
		    &text, ", %llu failed", number(page, "store_failures"));
	add_entry(page, "store", &text);
	if (number(page, "local_calls") > 0) {
		status_count(&text, number(page, "local_calls"), "call");
		buf_add_cstr(&text, " while the store was away; ");
		status_count(&text, number(page, "local_merged"), "counter");
		buf_add_cstr(&text, " given to it later");
		add_entry(page, "counted here", &text);
	}
	buf_done(&text);
}

static void
print_build(const struct page *page)
{
	struct buf text = { 0 };
	struct str scanner = status_text(page->reply, "scanner");

	if (number(page, "inspections") > 0) {
		status_count(&text, number(page, "inspections"), "time");
		buf_add_cstr(&text, "; ");
		status_count(&text, number(page, "helpers_started"), "helper");
		buf_printf(&text, " started, %llu died, %llu too late",
		    number(page, "helpers_died"), number(page, "helpers_late"));
		add_entry(page, "looked inside", &text);
	}
	buf_add(&text, status_text(page->reply, "inspectors"));
	buf_printf(&text, ", %slibhs %.*s",
	    str_is(scanner, "none") ? "no " : "",
	    STR_ARG(str_is(scanner, "none") ? STR("") : scanner));
	buf_printf(&text, ", %sTLS to Redis",
	    str_is(status_text(page->reply, "tls"), "yes") ? "" : "no ");
	add_entry(page, "built with", &text);
	if (number(page, "log_lost") > 0) {
		status_count(&text, number(page, "log_lost"), "line");
		buf_add_cstr(&text, " lost since the start: nobody took them");
		add_entry(page, "log", &text);
	}
	buf_done(&text);
}

/* "error 3 FIRST LAST TEXT" */
static void
print_trouble(const struct page *page, struct str value)
{
	struct str level = str_take(&value, ' ');
	unsigned long long times = status_take_number(&value);
	struct buf head = { 0 }, line = { 0 };
	char at[WHEN_MAX];
	int64_t last_ms;

	str_take(&value, ' ');
	last_ms = (int64_t)status_take_number(&value);
	buf_printf(&head,
	    "  %s  %.*s: ", when_text(last_ms, page->status->now_ms, at).p,
	    STR_ARG(level));
	if (times > 1)
		buf_printf(&head, "(%llu times) ", times);
	text_line(&line, value, TEXT_MAX);
	buf_add(page->out, buf_str(&head));
	add_wrapped(page->out, buf_str(&line), head.len, 12);
	buf_done(&head);
	buf_done(&line);
}

static void
print_troubles(const struct page *page)
{
	const struct status_line *line;
	size_t at = 0, n = 0;

	while ((line = status_next(page->reply, "trouble", &at)) != NULL) {
		if (n++ == 0)
			buf_add_cstr(page->out,
			    "\nLatest errors and warnings of the log:\n");
		if (n <= SHOWN_MAX)
			print_trouble(page, line->value);
	}
	if (n > SHOWN_MAX)
		buf_printf(
		    page->out, "  and %zu before (--json)\n", n - SHOWN_MAX);
}

void
status_print(const struct status *status, struct buf *out)
{
	const struct page page = { status, &status->reply, out };

	print_head(&page);
	print_serving(&page);
	print_rules(&page);
	print_store(&page);
	print_build(&page);
	print_troubles(&page);
}
