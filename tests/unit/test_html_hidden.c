/*
 * Text that no reader sees: what is hidden, how, and what only looks as if it
 * were. Each case is HTML with what is visible and what is hidden of it.
 */
#include "html_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct hidden_case {
	const char *what;
	const char *html;
	const char *visible;
	const char *hidden;
};

/* In each of these "x" is hidden, and cuts no word in two. */
static const char *const styles[] = {
	"display:none",
	"DISPLAY : NONE ;",
	"color:red;display:none!important",
	"display: none ! important; display:block",
	"dis\\70 lay:none",
	"display:/* a;b */none",
	"a:'b;c';display:none",
	"a:url(b;c);display:none",
	"a:(b;display:none",
	"visibility:hidden",
	"visibility: collapse",
	"mso-hide:all",
	"opacity:0",
	"opacity: .01",
	"opacity:0%",
	"font-size:0",
	"font-size: 0px",
	"font-size:0.0em",
	"font-size:+0pt",
	"font-size:1px",
	"font-size:1%",
	"font:0/0 a",
	"font: bold 0px serif",
	"font:600 1px/2 serif",
	"max-height:0;overflow:hidden",
	"overflow:hidden;height:0px",
	"overflow:hidden;max-width:0",
	"width:1px;height:1px;overflow:hidden",
	"text-indent:-9999px",
	"text-indent:-999em",
	"position:absolute;left:-10000px",
	"margin-top:-5000px",
	"color:white",
	"color:#fff",
	"color:#FFFFFF",
	"color:#fefefe",
	"color:#fffd",
	"color:rgb(255, 255,255)",
	"color:rgb(100%,100%,100%)",
	"color:rgba(1,2,3,0)",
	"color:rgba(1,2,3,0.0)",
	"color:#12345600",
	"color:hsl(0,0%,100%)",
	"color:transparent",
	"color:red;background:red",
	"color:#f00;background-color:rgb(255,0,0)",
	"color:#123;background:#112233 none repeat",
};

static void
each_way_to_hide_is_known(void **state)
{
	struct html_result result;
	struct buf html = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(styles); i++) {
		buf_clear(&html);
		buf_printf(
		    &html, "ch<span style=\"%s\">x</span>eap", styles[i]);
		html_read_all(&result, buf_str(&html), 1000);
		if (!str_is(buf_str(&result.visible), "cheap") ||
		    !str_is(buf_str(&result.hidden), "x") ||
		    !result.reader.has_hidden)
			fail_msg("%s: visible '%.*s', hidden '%.*s'", styles[i],
			    STR_ARG(buf_str(&result.visible)),
			    STR_ARG(buf_str(&result.hidden)));
		html_result_done(&result);
	}
	buf_done(&html);
}

/* In these "x" is seen. */
static const char *const harmless[] = {
	"",
	"display:block",
	"display:none;display:inline",
	"xdisplay:none",
	"display:nonesuch",
	"color:red",
	"color:#ddd",
	"color:inherit",
	"color:var(--white)",
	"color:#fff;background:#000",
	"color:#fff;background:url(x.png)",
	"color:#fff;background:linear-gradient(red,blue)",
	"color:#fff;background-image:url(x.png)",
	"color:#fff;background:darkblue",
	"background:#fff;background:transparent",
	"font-size:10px",
	"font-size:0.9em",
	"font-size:small",
	"font:16px/1 serif",
	"font:600 16px/0 serif",
	"line-height:0",
	"height:0",
	"max-height:0",
	"height:20px;overflow:hidden",
	"text-indent:-18pt",
	"margin-left:-20px",
	"opacity:.9",
	"opacity:1",
	"visibility:visible",
	"/*display:none",
};

static void
what_is_seen_is_not_hidden(void **state)
{
	struct html_result result;
	struct buf html = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(harmless); i++) {
		buf_clear(&html);
		buf_printf(&html, "a <i style=\"%s\">x</i> b", harmless[i]);
		html_read_all(&result, buf_str(&html), 1000);
		for (size_t at = 0; at < result.visible.len; at++)
			if (result.visible.p[at] == '\n')
				result.visible.p[at] = ' ';
		if (!str_is(buf_str(&result.visible), "a x b") ||
		    result.hidden.len > 0 || result.reader.has_hidden)
			fail_msg("%s: visible '%.*s', hidden '%.*s'",
			    harmless[i], STR_ARG(buf_str(&result.visible)),
			    STR_ARG(buf_str(&result.hidden)));
		html_result_done(&result);
	}
	buf_done(&html);
}

static const struct hidden_case cases[] = {
	/* attributes and elements */
	{ "hidden", "ch<p hidden>x</p>eap", "cheap", "x" },
	{ "hidden, but shown", "<i hidden style='display:block'>x</i>", "x",
	    "" },
	{ "template", "ch<template>x<b>y</b></template>eap", "cheap", "xy" },
	{ "style with entities", "<p style='display&#58;none'>x</p>y", "y",
	    "x" },
	{ "font", "<font color=white>x</font>y", "y", "x" },
	{ "font without a hash", "<font color=ffffff>x</font>y", "y", "x" },
	{ "background of the page",
	    "<body bgcolor=#000000 text=black>x<b style='color:#fff'>y</b>",
	    "y", "x" },
	{ "background of a cell",
	    "<table bgcolor=black><tr><td bgcolor='#FF0000'><font color=red>x"
	    "</font>y<td style='color:#000'>z</table>",
	    "y", "x\nz" },
	{ "white on a dark cell",
	    "<td bgcolor=navy><font color=white>x</font></td>", "x", "" },
	{ "white on a picture",
	    "<td background=x.png><font color=white>x</font></td>", "x", "" },
	{ "links have a colour of their own",
	    "<p style='color:#fff'>x<a href=y:>z</a></p>", "z", "x" },
	{ "a white link", "<a href=y: style='color:#fff'>z</a>x", "x", "z" },
	{ "alt text", "ch<img alt=x style='display:none'>eap", "cheap", "" },
	{ "alt text in what is hidden", "<i hidden><img alt=x></i>", "", "x" },
	/* nesting */
	{ "inherited", "<div hidden><p>x</p><b>y</b></div>z", "z", "x\ny" },
	{ "inner end tags", "<div hidden><div>x</div>y</div>z", "z", "x\ny" },
	{ "wrong end tags", "<div hidden><b>x</i></span>y</div>z", "z", "xy" },
	{ "end tag of what is around", "<div>a<span hidden>x</div>b", "a\nb",
	    "x" },
	{ "inline end tags do not reach out",
	    "<span hidden><div>x</span>y</div></span>z", "z", "xy" },
	{ "formatting end tags do", "<font color=#fff><p>x</font>y", "y", "x" },
	{ "a paragraph ends where one begins", "<p hidden>x<p>y", "y", "x" },
	{ "or a block", "<p hidden>x<div>y</div>", "y", "x" },
	{ "not in a cell", "<p hidden>x<table><td><p>y</table>z</p>a", "a",
	    "x\ny\nz" },
	{ "cells end where one begins",
	    "<table><tr><td hidden>x<td>y<tr hidden><td>z<tr><td>a</table>",
	    "y\na", "x\nz" },
	{ "a table in a cell",
	    "<table><td hidden>x<table><td>y</table>z<td>a</table>", "a",
	    "x\ny\nz" },
	{ "list items end where one begins",
	    "<ul><li hidden>x<li>y<li hidden>z<ul><li>a</ul></ul>b", "y\nb",
	    "x\nz\na" },
	{ "shown again",
	    "<p style='visibility:hidden'>x<b "
	    "style='visibility:visible'>y</b>z</p>",
	    "y", "x\nz" },
	{ "readable again",
	    "<td style='font-size:0'>x<p style='font-size:12px'>y</p></td>",
	    "y", "x" },
	{ "times nothing is nothing",
	    "<td style='font-size:0'>x<b style='font-size:2em'>y</b></td>", "",
	    "xy" },
	{ "gone stays gone",
	    "<p style='display:none'><b style='display:block'>x</b></p>y", "y",
	    "x" },
	{ "a gone block breaks no line", "ch<div hidden>x</div>eap", "cheap",
	    "x" },
	{ "a faint one does", "a<div style='opacity:0'>x</div>b", "a\nb", "x" },
	{ "what is hidden stands apart", "a<i hidden>x</i>b<i hidden>y</i>",
	    "ab", "x\ny" },
	/* sheets */
	{ "class", "<style>.a{display:none}</style>ch<b class=a>x</b>eap",
	    "cheap", "x" },
	{ "one of several",
	    "<style>p, .a , #b{display:none}</style>"
	    "<i class=' c a '>x</i><i id=b>y</i><p>z</p><i class=aa>1</i>",
	    "1", "x\ny\nz" },
	{ "tag and class",
	    "<style>td.a{display:none}</style><i class=a>1</i><td class=a>x",
	    "1", "x" },
	{ "without case", "<STYLE>.A{Display:None}</STYLE><B CLASS=a>x</B>y",
	    "y", "x" },
	{ "in old comments",
	    "<style><!-- .a{display:none} --></style><b class=a>x</b>y", "y",
	    "x" },
	{ "with comments and escapes",
	    "<style>/*}*/.\\61 {dis/**/play:none}</style><b class=a>x</b>y",
	    "xy", "" },
	{ "with escapes",
	    "<style>.\\61 {d\\69splay:none}</style><b class=a>x</b>y", "y",
	    "x" },
	{ "the later one counts",
	    "<style>.a{display:none}.a{display:inline}</style><b class=a>x</b>",
	    "x", "" },
	{ "the style of a tag counts more",
	    "<style>.a{display:none}</style><b class=a "
	    "style='display:inline'>x</b>",
	    "x", "" },
	{ "unless it is less important",
	    "<style>.a{display:none !important}</style><b class=a "
	    "style='display:inline'>x</b>",
	    "", "x" },
	{ "white on white by class",
	    "<style>.a{color:#fff}</style><b class=a>x</b>y", "y", "x" },
	{ "white on black by class",
	    "<style>.a{color:#fff}.b{background:#000}</style><div class=b><b "
	    "class=a>x</b>y</div>",
	    "x", "y" },
	{ "white on what a longer selector says",
	    "<style>.f td.g:hover{background:#123}</style><td class=g><font "
	    "color=#fff>x</font>",
	    "x", "" },
	{ "for small screens",
	    "<style>@media only screen and (max-width:600px){.a{display:none} "
	    ".b{display:none}} .c{display:none}</style><b class=a>1</b><b "
	    "class=c>x</b>",
	    "1", "x" },
	{ "for all screens",
	    "<style>@media screen{.a{display:none}}.b{display:none}</style><b "
	    "class=a>x</b><b class=b>y</b>",
	    "", "x\ny" },
	{ "for printers",
	    "<style>@media print{.a{display:none}}</style><b class=a>x</b>",
	    "x", "" },
	{ "other rules with @",
	    "<style>@charset 'x';@import url(y);@font-face{a:b}"
	    ".a{display:none}</style><b class=a>x</b>y",
	    "y", "x" },
	{ "selectors that are too long",
	    "<style>.a .b{display:none}.a>i{display:none}</style><b "
	    "class=b>x</b>",
	    "x", "" },
	{ "a sheet that does not end",
	    "<style>.a{display:none</style><b class=a>x</b>y", "y", "x" },
	/* for Outlook alone; no trick */
	{ "for Outlook", "ch<!--[if mso]><p>x<div hidden><![endif]-->eap",
	    "cheap", "x" },
	{ "for Outlook's pictures", "ch<!--[if gte VML 1]>x<![endif]-->eap",
	    "cheap", "x" },
	{ "for all but browsers", "ch<!--[if !IE]>x<![endif]-->eap", "cheap",
	    "x" },
	{ "text of a picture", "ch<![CDATA[x<y]]>eap<![CDATA[z]]>", "cheap",
	    "x<y\nz" },
	{ "settings of Word",
	    "a<!--[if gte mso 9]><xml><w:x>Normal</w:x></xml><![endif]-->b",
	    "ab", "" },
	{ "end tags for Outlook",
	    "<i hidden>x<!--[if mso]></i></p><![endif]-->y</i>z", "z", "x\ny" },
};

static void
what_is_hidden_stands_in_a_text_of_its_own(void **state)
{
	struct html_result result;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		html_read_all(&result, str_of(cases[i].html), 1000);
		if (!str_is(buf_str(&result.visible), cases[i].visible) ||
		    !str_is(buf_str(&result.hidden), cases[i].hidden))
			fail_msg("%s: visible '%.*s', hidden '%.*s'",
			    cases[i].what, STR_ARG(buf_str(&result.visible)),
			    STR_ARG(buf_str(&result.hidden)));
		html_result_done(&result);
	}
}

struct letter_case {
	const char *html;
	bool has_hidden;
};

static const struct letter_case letters[] = {
	{ "<i hidden>x</i>", true },
	{ "<i hidden> 1 </i>", true },
	{ "<i hidden>\xd0\xb6</i>", true },
	{ "<i hidden></i>", false },
	{ "<i hidden> &nbsp;&#847;&zwnj;&shy;&#8199; - . \xef\xbb\xbf</i>",
	    false },
	{ "<td style='font-size:1px;line-height:1px'>&nbsp;</td>", false },
	{ "<!--[if mso]>x<![endif]-->", false },
	{ "<img style='display:none' alt=x>", false },
	{ "x", false },
};

static void
only_letters_and_digits_make_hidden_text(void **state)
{
	struct html_result result;

	(void)state;
	for (size_t i = 0; i < N_OF(letters); i++) {
		html_read_all(&result, str_of(letters[i].html), 1000);
		if (result.reader.has_hidden != letters[i].has_hidden)
			fail_msg("%s", letters[i].html);
		html_result_done(&result);
	}
}

/* What honest senders write that comes near to hiding: pixels, spacers, white
 * on dark in every way, rules for phones and for Outlook. */
static const char *const newsletter[] = {
	"<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x'>",
	"<html xmlns:v='urn:schemas-microsoft-com:vml'><head>",
	"<meta http-equiv='Content-Type' content='text/html; charset=utf-8'>",
	"<!--[if gte mso 9]><xml><o:AllowPNG/><o:PixelsPerInch>96",
	"</o:PixelsPerInch></xml><![endif]--><title></title>",
	"<style type='text/css'>/* resets */ body,table,td{margin:0}",
	"img{border:0;height:auto} .ExternalClass,.ExternalClass p{",
	"line-height:100%} #outlook a{padding:0} .footer td{background:#222}",
	"a[x-apple-data-detectors]{color:inherit!important}",
	".button{background-color:#0a5;color:#ffffff;border-radius:3px}",
	".button a{color:#fff !important} .dark{background:#123 url(x.png)}",
	"@media only screen and (max-width:480px){.desktop{display:none",
	"!important}.mobile{display:block!important;max-height:none}}",
	"@media (prefers-color-scheme:dark){p{color:#fff!important}}",
	"</style></head><body bgcolor='#f4f4f4' style='margin:0'>",
	"<table width='100%' bgcolor=\"#f4f4f4\"><tr><td align=center>",
	"<!--[if mso]><table><tr><td width='600'><![endif]-->",
	"<table style='background-color:#fff'><tr><td class=desktop>News</td>",
	"<tr><td height=20 style='font-size:1px;line-height:1px'>&nbsp;</td>",
	"<tr><td style='font-size:0;text-align:center'><div ",
	"style='display:inline-block;font-size:16px'>Left</div><div ",
	"style='display:inline-block;font-size:16px'>Right</div></td></tr>",
	"<tr><td class=dark style='color:#fff'>On a picture</td></tr>",
	"<tr><td bgcolor='#333333'><p style='color:#FFFFFF;margin:0'>White",
	"</p></td></tr><tr><td class=button><a href='x:' style='color:#fff'>",
	"Buy</a></td></tr><tr><td background='y.png'><font color=white>Sky",
	"</font></td></tr><tr class=footer><td><span style='color:#ffffff'>",
	"Leave</span></td></tr><tr><td style='background:linear-gradient(red,",
	"blue);color:white'>Fade</td></tr><tr><td style='overflow:hidden;",
	"height:auto;max-height:300px;max-width:600px;width:100%'>Box</td>",
	"<tr><td style=\"font:normal 12px/18px 'Open Sans',Arial;",
	"color:#fefefe;background:#000000\">Small</td></tr></table>",
	"<!--[if mso]></td></tr></table><![endif]-->",
	"<!--[if !mso]><!--><p>Others</p><!--<![endif]-->",
	"<img src='t.gif' width=1 height=1 style='display:none' alt='' />",
	"</td></tr></table></body></html>",
};

static void
honest_mail_hides_nothing(void **state)
{
	struct html_result result;
	struct buf html = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(newsletter); i++)
		buf_add_cstr(&html, newsletter[i]);
	html_read_all(&result, buf_str(&html), 10000);
	if (result.hidden.len > 0 || result.reader.has_hidden)
		fail_msg("hidden: %.*s", STR_ARG(buf_str(&result.hidden)));
	assert_true(str_is(buf_str(&result.visible),
	    "News\nLeft Right\nOn a picture\nWhite\nBuy\nSky\nLeave\nFade\n"
	    "Box\nSmall\nOthers"));
	html_result_done(&result);
	buf_done(&html);
}

static void
what_is_deeper_than_the_stack_is_still_hidden(void **state)
{
	static const size_t depths[] = { 10, 255, 256, 257, 1000, 5000 };
	struct html_result result;
	struct buf html = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(depths); i++) {
		buf_clear(&html);
		buf_add_cstr(&html, "<div hidden>x");
		for (size_t j = 0; j < depths[i]; j++)
			buf_add_cstr(&html, "<div>");
		buf_add_cstr(&html, "y<span hidden>z</span>");
		html_read_all(&result, buf_str(&html), 1000);
		assert_int_equal(result.visible.len, 0);
		assert_true(str_is(buf_str(&result.hidden), "x\nyz"));
		html_result_done(&result);

		buf_clear(&html);
		for (size_t j = 0; j < depths[i]; j++)
			buf_add_cstr(&html, "<div>");
		buf_add_cstr(&html, "ch<span hidden>x</span>eap");
		html_read_all(&result, buf_str(&html), 1000);
		assert_true(str_is(buf_str(&result.visible), "cheap"));
		html_result_done(&result);
	}
	buf_done(&html);
}

static void
a_sheet_has_a_cap(void **state)
{
	struct html_result result;
	struct buf html = { 0 };

	(void)state;
	buf_add_cstr(&html, "<style>");
	for (int i = 0; i < 5000; i++)
		buf_printf(&html, ".a%d{display:none}", i);
	buf_add_cstr(&html, "</style><b class=a1>x</b><b class=a4999>y</b>");
	html_read_all(&result, buf_str(&html), 1000);
	assert_true(str_is(buf_str(&result.visible), "y"));
	assert_true(str_is(buf_str(&result.hidden), "x"));
	html_result_done(&result);
	buf_done(&html);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_hide_is_known),
		cmocka_unit_test(what_is_seen_is_not_hidden),
		cmocka_unit_test(what_is_hidden_stands_in_a_text_of_its_own),
		cmocka_unit_test(only_letters_and_digits_make_hidden_text),
		cmocka_unit_test(honest_mail_hides_nothing),
		cmocka_unit_test(what_is_deeper_than_the_stack_is_still_hidden),
		cmocka_unit_test(a_sheet_has_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
