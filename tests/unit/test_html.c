/*
 * HTML as text: what is joined, what is kept apart, what is left out, and
 * which addresses are found; then hostile input, whose cost must be linear.
 * What is hidden has a file of its own.
 */
#include "base/utf8.h"
#include "html_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define SMALL_BYTES ((size_t)128 * 1024)
#define LARGE_TIMES 8
#define RATIO_MAX   40 /* 8 if linear, 64 if quadratic */
#define LEAST_US    2000

struct text_case {
	const char *what;
	const char *html;
	const char *want;
};

static const struct text_case texts[] = {
	/* entities */
	{ "entities", "&lt;b&gt; &amp; &quot;x&quot; &copy;", "<b> & \"x\" ©" },
	{ "numbers", "&#99;&#x68;&#X65;ap &#8364;", "cheap €" },
	{ "numbers without an end", "&#99heap &#x63 x", "cheap c x" },
	{ "leading zeros", "&#0000000000000000000000099;heap", "cheap" },
	{ "windows-1252 numbers", "&#150;&#x80;", "\xe2\x80\x93€" },
	{ "numbers that are none", "&#; &#x; &#xg; &#", "&#; &#x; &#xg; &#" },
	{ "numbers out of range", "&#0;&#1114112;&#xd800;&#99999999999999999;",
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "names without an end", "&ltb&gt &notit; &amp", "<b> ¬it; &" },
	{ "names that need one", "&hellip &hellip;", "&hellip …" },
	{ "no names", "&unknown; & &; &a", "&unknown; & &; &a" },
	{ "names of HTML 5", "&NewLine;x&Tab;y&period;&lpar;&fjlig;",
	    "x y.(fj" },
	{ "mathematical letters", "&Cfr;&hopf;",
	    "\xe2\x84\xad\xf0\x9d\x95\x99" },
	{ "decoded once", "&amp;lt;b&amp;gt;", "&lt;b&gt;" },
	{ "invisible ones stay", "vi&shy;ag&zwnj;ra",
	    "vi\xc2\xad"
	    "ag\xe2\x80\x8cra" },
	/* blanks */
	{ "blanks are one", "  you \r\n\t won  ", "you won" },
	{ "no-break spaces are blanks", "you&nbsp;&nbsp;won\xc2\xa0now",
	    "you won now" },
	{ "other letters with the same lead", "\xc2\xa9\xc2", "\xc2\xa9" },
	{ "NUL is nothing", "ch\\0eap", "ch\\0eap" },
	/* comments */
	{ "comment in a word", "ch<!-- x -->eap", "cheap" },
	{ "empty comments", "ch<!-->ea<!--->p<!---->!", "cheap!" },
	{ "comment with a wrong end", "ch<!-- x --!>eap", "cheap" },
	{ "comment with > in it", "ch<!-- a > b <b> -- -->eap", "cheap" },
	{ "comment with dashes", "ch<!-------->eap", "cheap" },
	{ "unclosed comment is read on", "a<!-- b>c", "ac" },
	{ "unclosed comment to the end", "a<!-- b", "a" },
	{ "declarations", "<!DOCTYPE html><?xml version='1.0'?>a<!x>b</>c",
	    "abc" },
	{ "CDATA is a comment", "ch<![CDATA[]]>eap", "cheap" },
	{ "bogus end tag", "ch</ x>eap", "cheap" },
	{ "conditions for others", "<![if !mso]>a<![endif]>b", "ab" },
	{ "not for Outlook", "<!--[if !mso]><!-->a<!--<![endif]-->b", "ab" },
	/* tags */
	{ "inline tags join", "ch<b></b>e<i>a</i><font size=1>p</font>",
	    "cheap" },
	{ "unknown tags join", "ch<x-y>e</x-y>a<o:p></o:p>p", "cheap" },
	{ "wbr joins", "ch<wbr>ea<wbr/>p", "cheap" },
	{ "end tags of nothing", "ch</b></span></x>eap", "cheap" },
	{ "br and blocks separate", "a<br>b<p>c</p><div>d</div>e",
	    "a\nb\nc\nd\ne" },
	{ "end tags that begin", "a</br>b</p>c", "a\nb\nc" },
	{ "cells separate",
	    "<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc" },
	{ "cells without end tags", "<table><tr><td>a<td>b<tr><td>c</table>d",
	    "a b\nc\nd" },
	{ "list items", "<ul><li>a<li>b</ul>", "a\nb" },
	{ "less-than signs", "1 < 2 <3 <", "1 < 2 <3 <" },
	{ "quotes in text", "a \"b\" 'c'", "a \"b\" 'c'" },
	{ "> in an attribute", "ch<b title=\"a > b\">eap", "cheap" },
	{ "> in single quotes", "ch<b title='a > \"b'>eap", "cheap" },
	{ "newlines in a tag", "ch<b\n\ttitle\n=\r\n'x'\n>eap</b\n>", "cheap" },
	{ "quote in a name", "ch<b \"x>eap", "cheap" },
	{ "slashes", "ch<b/////>e<b/x/>ap", "cheap" },
	{ "capital letters", "a<BR>b<P>c<SCRIPT>x</SCRIPT>", "a\nb\nc" },
	{ "unclosed quote", "a<b title=\"x>b c<i>d", "ab cd" },
	{ "unclosed tag", "a<b title=x", "a" },
	{ "display inline", "ch<div style='display:inline'>ea</div>p",
	    "cheap" },
	{ "boxes in a line",
	    "<div style='display:inline-block'>a</div><div "
	    "style='display:inline-block'>b</div><span "
	    "style='display:inline-block'>c</span>",
	    "a b c" },
	{ "spans in a line", "ch<span style='display:inline-block'>e</span>ap",
	    "cheap" },
	{ "display block", "a<span style='display: block'>b</span>c",
	    "a\nb\nc" },
	/* elements */
	{ "script and style",
	    "a<script>if (a<b) x()</script>b<style>p{}</style>c", "abc" },
	{ "script with tags", "a<script>'<b>' </b> <!--</script>b", "ab" },
	{ "no end of script", "a</scripty>b<script>c</script >d", "abd" },
	{ "unclosed script is read", "a<script>b", "ab" },
	{ "title is text", "<head><title>a &amp; <b></title></head>c",
	    "a & <b>\nc" },
	{ "textarea is text", "<textarea>a<b></textarea>c", "a<b>c" },
	{ "noscript is read", "<noscript>a<b>b</b></noscript>", "ab" },
	{ "alt texts join", "v<img src=x alt='i'>agra", "viagra" },
	{ "alt with entities", "<img alt=\"&#99;heap &amp; x\">", "cheap & x" },
	{ "buttons",
	    "<input type=submit value='Buy'><input type=hidden value=x>",
	    "Buy" },
	{ "svg text", "<svg><text x=1>ch</text><path d='M0'/>eap</svg>",
	    "cheap" },
	{ "pre keeps lines", "<pre>a\nb\n\n c</pre>d\ne", "a\nb\nc\nd e" },
	{ "nothing", "", "" },
};

static void
fail_text(const char *what, const char *list, struct str got, const char *want)
{
	fail_msg(
	    "%s: %s: got '%.*s', want '%s'", what, list, STR_ARG(got), want);
}

static void
html_becomes_what_a_reader_sees(void **state)
{
	struct html_result result;

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		html_read_all(&result, str_of(texts[i].html), 1000);
		if (!str_is(buf_str(&result.visible), texts[i].want))
			fail_text(texts[i].what, "visible",
			    buf_str(&result.visible), texts[i].want);
		assert_int_equal(result.hidden.len, 0);
		assert_false(result.reader.has_hidden);
		assert_false(result.reader.is_cut);
		html_result_done(&result);
	}
}

static const struct text_case links[] = {
	{ "href", "<a href='http://a.example/'>Buy <b>now</b></a>.",
	    "http://a.example/|Buy now\n" },
	{ "unquoted", "<a href=http://a.example/?x=1&y=2>b</a>",
	    "http://a.example/?x=1&y=2|b\n" },
	{ "entities", "<a href='http&#58;//a&period;example/?a=1&copy=2'>b</a>",
	    "http://a.example/?a=1&copy=2|b\n" },
	{ "blanks around", "<a href=' \n http://a.example/ '>b</a>",
	    "http://a.example/|b\n" },
	{ "the first counts", "<a href=x:1 href=x:2>b</a>", "x:1|b\n" },
	{ "no end tag", "<a href=x:1>b <a href=x:2>c", "x:1|b\nx:2|c\n" },
	{ "name only", "<a href=x:1>b<a name=x>c</a>", "x:1|b\n" },
	{ "an image in it", "<a href=x:1><img src=x:2 alt=c></a>",
	    "x:2\nx:1|c\n" },
	{ "a block in it", "<a href=x:1><div>a</div><div>b</div></a>c",
	    "x:1|a\nb\n" },
	{ "hidden in it", "<a href=x:1><i style='display:none'>a</i>b</a>",
	    "x:1|b\n" },
	{ "a tag that never ends", "<a href='x:1", "x:1\n" },
	{ "forms and others",
	    "<form action=x:1><button formaction=x:2><body background=x:3>"
	    "<object data=x:4><video poster=x:5><iframe src=x:6><link href=x:7>"
	    "<area href=x:8><svg><image xlink:href=x:9>",
	    "x:1\nx:2\nx:3\nx:4\nx:5\nx:6\nx:7\nx:8\nx:9\n" },
	{ "srcset", "<img srcset='x:1 1x, x:2 2x,x:3, x:4'>",
	    "x:1\nx:2\nx:3\nx:4\n" },
	{ "srcset with nothing", "<img srcset=', ,'>", "" },
	{ "CSS", "<td style=\"background: url( 'x:1' )\">", "x:1\n" },
	{ "CSS with entities", "<td style='background:url&#40;x:1)'>",
	    "x:1\n" },
	{ "sheets", "<style>@import \"x:1\"; p{background:URL(x:2)}</style>",
	    "x:2\nx:1\n" },
	{ "refresh",
	    "<meta http-equiv=Refresh content=\"0; URL='http://a.example/'\">",
	    "http://a.example/\n" },
	{ "refresh without url=",
	    "<meta http-equiv=Refresh content='0.5;http://a.example/?b=c'>",
	    "http://a.example/?b=c\n" },
	{ "no refresh", "<meta http-equiv=x content='0;url=x:1'>", "" },
	{ "base",
	    "<base href='http://a.example/b/c?d/e'><a href=f>1</a><img src=/g>"
	    "<img src=//h/><img src=http://i/><img src=?j><img src='#k'>",
	    "http://a.example/b/c?d/e\nhttp://a.example/b/f|1\n"
	    "http://a.example/g\n//h/\nhttp://i/\nhttp://a.example/b/?j\n"
	    "#k\n" },
	{ "the first base counts",
	    "<base href=http://a.example><base href=http://b/><img src=c>",
	    "http://a.example\nhttp://b/\nhttp://a.example/c\n" },
	{ "for Outlook", "<!--[if mso]><a href=x:1>b</a><![endif]-->",
	    "x:1\n" },
	{ "XLink by another name", "<svg><a q:href=x:1>b</a>", "x:1|b\n" },
	{ "in a comment", "<!-- <a href=x:1>b</a> -->", "" },
	{ "in a script", "<script>'<a href=x:1>'</script>", "" },
};

static void
links_are_found_with_their_text(void **state)
{
	struct html_result result;

	(void)state;
	for (size_t i = 0; i < N_OF(links); i++) {
		html_read_all(&result, str_of(links[i].html), 1000);
		if (!str_is(buf_str(&result.links), links[i].want))
			fail_text(links[i].what, "links",
			    buf_str(&result.links), links[i].want);
		html_result_done(&result);
	}
}

/* Of "€" 1024 bytes are no whole number of characters. */
static void
a_long_text_of_a_link_is_cut_between_characters(void **state)
{
	struct html_result result;
	struct buf page = { 0 };

	(void)state;
	buf_add_cstr(&page, "<a href=x:1>");
	for (size_t i = 0; i < 400; i++)
		buf_add_cstr(&page, "€");
	html_read_all(&result, buf_str(&page), 2000);
	assert_int_equal(result.links.len, strlen("x:1|\n") + 1023);
	assert_int_equal(utf8_bad(buf_str(&result.links)), -1);
	html_result_done(&result);
	buf_done(&page);
}

/* A host of its own is longer than what is kept of a base. */
static void
a_long_base_is_cut_between_characters(void **state)
{
	struct html_result result;
	struct buf page = { 0 };

	(void)state;
	for (size_t n_before = 0; n_before < 3; n_before++) {
		buf_clear(&page);
		buf_add_cstr(&page, "<base href=http://");
		for (size_t i = 0; i < n_before; i++)
			buf_byte(&page, 'a');
		for (size_t i = 0; i < 400; i++)
			buf_add_cstr(&page, "€");
		buf_add_cstr(&page, "/><img src=/x>");
		html_read_all(&result, buf_str(&page), 1000);
		assert_int_equal(utf8_bad(buf_str(&result.links)), -1);
		html_result_done(&result);
	}
	buf_done(&page);
}

static void
nul_bytes_are_dropped_from_text(void **state)
{
	struct html_result result;

	(void)state;
	html_read_all(&result, STR("ch\0e\0\0ap"), 1000);
	assert_true(str_is(buf_str(&result.visible), "cheap"));
	html_result_done(&result);
	/* In names they are part of the name. */
	html_read_all(&result, STR("ch<p\0\0\0 xlink:href\0\0=x:1>eap"), 1000);
	assert_true(str_is(buf_str(&result.visible), "cheap"));
	assert_int_equal(result.links.len, 0);
	html_result_done(&result);
}

static void
text_over_the_cap_is_cut_between_characters(void **state)
{
	struct html_result result;

	(void)state;
	for (size_t max = 0; max < 24; max++) {
		size_t kept;

		html_read_all(&result,
		    STR("<p>a€€<i hidden>b€€</i> c<img src=x:1 alt=€>"), max);
		kept = result.visible.len + result.hidden.len;
		assert_true(kept <= max);
		assert_true(result.reader.is_cut == (max < 19));
		assert_int_equal(utf8_bad(buf_str(&result.visible)), -1);
		assert_int_equal(utf8_bad(buf_str(&result.hidden)), -1);
		assert_true(str_is(buf_str(&result.links), "x:1\n"));
		html_result_done(&result);
	}
}

static void
a_text_is_added_to_what_was_there(void **state)
{
	struct buf visible = { 0 }, hidden = { 0 };
	struct html_reader reader = {
		.visible = &visible,
		.hidden = &hidden,
		.max_bytes = 100,
	};

	(void)state;
	buf_add_cstr(&visible, "x");
	html_read(&reader, STR(" a <a href=y>b</a>"));
	assert_true(str_is(buf_str(&visible), "xa b"));
	buf_done(&visible);
	buf_done(&hidden);
}

/* Hostile input: pieces that are repeated, around them a head and a tail. */
struct hostile_case {
	const char *head;
	const char *piece;
};

static const struct hostile_case hostile[] = {
	{ "", "<" },
	{ "", "&" },
	{ "", "&a" },
	{ "", "&notnotno" },
	{ "", "&#" },
	{ "", "<a " },
	{ "", "<a b=\"" },
	{ "", "<a b=\">\"c" },
	{ "", "<a b='\">" },
	{ "", "<!--" },
	{ "", "<!-- >" },
	{ "", "<!--[if mso]>" },
	{ "", "<!--[if mso]><a b=\"<style><![endif]-->" },
	{ "", "<![" },
	{ "", "<?" },
	{ "", "</" },
	{ "", "</a" },
	{ "", "<script>" },
	{ "", "<style>" },
	{ "", "<style><title><textarea><script>" },
	{ "", "<style></styl" },
	{ "", "<div>" },
	{ "", "<b>" },
	{ "", "<p><b>" },
	{ "", "<table><tr><td>" },
	{ "", "<table><b>" },
	{ "<b><i><u><s>", "<div></x></b>" },
	{ "", "<a href=x>" },
	{ "", "<x style=color:red>" },
	{ "", "<x class='a a a a a a a a a a'>" },
	{ "<p style=\"", "a:(;" },
	{ "<p style=\"", "a:'b;" },
	{ "<p style=\"", "url(" },
	{ "<p style=\"", "/*" },
	{ "<p style=\"", "\\" },
	{ "<style>", "@a{" },
	{ "<style>", "@a{}" },
	{ "<style>", "a{b:c}" },
	{ "<style>", ".a{color:red}" },
	{ "<style>", "a," },
	{ "<style>", "@import '" },
	{ "<style>", "}" },
	{ "<style>p{", "display:none;" },
	{ "<p style='background:", "red " },
	{ "<p class='", "a " },
	{ "<img srcset='", "," },
	{ "<img srcset='", "a " },
	{ "", " \n" },
	{ "", "\xc2\xa0" },
	{ "<pre>", "\n" },
	{ "<i hidden>", "\xe2\x80\x8c" },
	{ "", "<i hidden></i>a" },
};

static uint64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t
time_of(const struct hostile_case *c, size_t bytes)
{
	struct buf source = { 0 };
	struct html_result result;
	uint64_t since, took;

	buf_add_cstr(&source, c->head);
	while (source.len < bytes)
		buf_add_cstr(&source, c->piece);
	if (strncmp(c->head, "<style>", 7) == 0)
		buf_add_cstr(&source, "</style>");
	since = cpu_us();
	html_read_all(&result, buf_str(&source), bytes);
	took = cpu_us() - since;
	assert_true(result.visible.len + result.hidden.len <= bytes);
	assert_int_equal(utf8_bad(buf_str(&result.visible)), -1);
	assert_int_equal(utf8_bad(buf_str(&result.hidden)), -1);
	html_result_done(&result);
	buf_done(&source);
	return took;
}

static void
hostile_input_costs_linear_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(hostile); i++) {
		uint64_t small = time_of(&hostile[i], SMALL_BYTES);
		uint64_t large =
		    time_of(&hostile[i], SMALL_BYTES * LARGE_TIMES);

		if (small < LEAST_US)
			small = LEAST_US;
		if (getenv("SHOW") != NULL)
			printf("# %8lu us %s%s\n", (unsigned long)large,
			    hostile[i].head, hostile[i].piece);
		if (large > small * RATIO_MAX)
			fail_msg("'%s%s…': %lu us for 128 KiB, %lu for 1 MiB",
			    hostile[i].head, hostile[i].piece,
			    (unsigned long)small, (unsigned long)large);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_becomes_what_a_reader_sees),
		cmocka_unit_test(links_are_found_with_their_text),
		cmocka_unit_test(
		    a_long_text_of_a_link_is_cut_between_characters),
		cmocka_unit_test(a_long_base_is_cut_between_characters),
		cmocka_unit_test(nul_bytes_are_dropped_from_text),
		cmocka_unit_test(text_over_the_cap_is_cut_between_characters),
		cmocka_unit_test(a_text_is_added_to_what_was_there),
		cmocka_unit_test(hostile_input_costs_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
