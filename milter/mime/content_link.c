/*
 * A text that names a host: an address with its scheme, "www.…", or one word
 * that is a name and ends in a domain that exists. The trap is names of files
 * ("invoice.pdf", "setup.sh"): those that look like both are taken for a host
 * only with three labels.
 */
#include "mime/content_own.h"
#include "mime/url.h"
#include "mime/url_host.h"

/* Domains in which names are shown to people; all of countries have two
 * letters. */
static const char *const domains[] = { "com", "net", "org", "info", "biz",
	"edu", "gov", "mil", "int", "name", "pro", "app", "dev", "online",
	"shop", "site", "store", "xyz", "club", "top", "bank", "cloud", "email",
	"live", "news", "page", "link", "click", "example", "test", "tech",
	"support", "website", "finance", "money", "asia", "mobi", "travel" };

/* Countries that are also kinds of files. */
static const char *const files[] = { "ai", "as", "cc", "cs", "gz", "hs", "id",
	"is", "js", "md", "ml", "mm", "pl", "pm", "ps", "pt", "py", "rb", "rs",
	"sh", "so", "tf", "ts", "vb", "vi", "xz" };

static bool
is_one_of(struct str label, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(label, str_of(list[i])))
			return true;
	return false;
}

static bool
is_name_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' ||
	       (unsigned char)c >= 0x80;
}

/* host: as it stands in the text, nothing but it. */
static bool
is_public_name(struct str host)
{
	size_t n_dots = 0;
	ptrdiff_t dot = str_find_last(host, '.');
	struct str last;

	if (dot <= 0)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		if (!is_name_byte(host.p[i]) ||
		    (host.p[i] == '.' && i + 1 < host.len &&
			host.p[i + 1] == '.'))
			return false;
		n_dots += host.p[i] == '.';
	}
	last = str_from(host, (size_t)dot + 1);
	if (last.len == 2 && !ascii_is_alnum(last.p[0]))
		return false;
	if (last.len == 2 && ascii_lower(last.p[0]) >= 'a' &&
	    ascii_lower(last.p[1]) >= 'a')
		return n_dots > 1 || !is_one_of(last, files,
					 sizeof(files) / sizeof(files[0]));
	return is_one_of(last, domains, sizeof(domains) / sizeof(domains[0]));
}

/* One word, without quotes and brackets around it, up to its path or port. */
static struct str
only_name(struct str text)
{
	size_t len = 0;

	while (text.len > 0 && !is_name_byte(text.p[0]))
		text = str_from(text, 1);
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_space(text.p[i]) || text.p[i] == '@')
			return (struct str){ "", 0 };
	while (len < text.len && is_name_byte(text.p[len]))
		len++;
	while (len > 0 && text.p[len - 1] == '.')
		len--;
	return str_sub(text, 0, len);
}

/* The host that the text names; empty: none. */
static struct str
host_in_text(struct arena *scratch, struct str text)
{
	struct str url, host = { "", 0 };
	size_t at = 0;

	if (url_next(text, &at, &url))
		return url_normal(scratch, url, &url, &host) == -1
			   ? (struct str){ "", 0 }
			   : host;
	text = only_name(text);
	if (!is_public_name(text))
		return host;
	return url_host(scratch, text);
}

bool
content_link_misleads(struct arena *scratch, struct str text, struct str host)
{
	struct str shown;

	if (text.len == 0 || host.len == 0)
		return false;
	shown = host_in_text(scratch, text);
	return shown.len > 0 && !url_host_is_kin(shown, host);
}
