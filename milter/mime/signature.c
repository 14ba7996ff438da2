/*
 * Three tables: first bytes, types, ends of names. Better one too many: what
 * is taken for an archive and is none only costs memory, within scan_limit.
 */
#include "mime/signature.h"

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
#define BYTES(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static const struct {
	size_t at;
	struct str bytes;
} signatures[] = {
	/* zip, and all that is one: docx, jar, … */
	{ 0, BYTES("PK\3\4") },
	{ 0, BYTES("PK\5\6") },
	{ 0, BYTES("PK\7\x08") },
	{ 0, BYTES("PK00PK\3\4") },
	{ 0, BYTES("7z\xbc\xaf\x27\x1c") },
	{ 0, BYTES("Rar!\x1a\7") },
	/* gzip, compress, bzip2, xz, zstd, lzma, lzip, lz4 */
	{ 0, BYTES("\x1f\x8b") },
	{ 0, BYTES("\x1f\x9d") },
	{ 0, BYTES("\x1f\xa0") },
	{ 0, BYTES("BZh") },
	{ 0, BYTES("\xfd\x37zXZ") },
	{ 0, BYTES("\x28\xb5\x2f\xfd") },
	{ 0, BYTES("\x5d\0\0") },
	{ 0, BYTES("LZIP") },
	{ 0, BYTES("\4\x22\x4d\x18") },
	/* cab, xar, ar, arj, lha, ace, cpio, tar */
	{ 0, BYTES("MSCF") },
	{ 0, BYTES("xar!") },
	{ 0, BYTES("!<arch>\n") },
	{ 0, BYTES("\x60\xea") },
	{ 2, BYTES("-lh") },
	{ 2, BYTES("-lz") },
	{ 7, BYTES("**ACE**") },
	{ 0, BYTES("0707") },
	{ 257, BYTES("ustar") },
};

/* Without "application/" and "x-". */
static const char *const types[] = { "7z-compressed", "ace", "ace-compressed",
	"apple-diskimage", "arj", "bzip", "bzip2", "cab", "cd-image",
	"compress", "compressed", "cpio", "gtar", "gzip", "gzip-compressed",
	"iso9660-image", "java-archive", "lha", "lz4", "lzh", "lzh-compressed",
	"lzip", "lzma", "rar", "rar-compressed", "tar", "tgz", "ustar",
	"vnd.ms-cab-compressed", "vnd.rar", "xz", "zip", "zip-compressed",
	"zstd", "zstd-compressed" };

static const char *const endings[] = { ".7z", ".ace", ".apk", ".ar", ".arj",
	".bz2", ".cab", ".cpio", ".ear", ".gz", ".img", ".iso", ".jar", ".lha",
	".lz", ".lz4", ".lzh", ".lzma", ".rar", ".tar", ".taz", ".tbz", ".tbz2",
	".tgz", ".tlz", ".txz", ".tz", ".tzst", ".udf", ".war", ".xar", ".xpi",
	".xz", ".z", ".zip", ".zipx", ".zst" };

bool
signature_is_archive(struct str head)
{
	for (size_t i = 0; i < N_OF(signatures); i++)
		if (head.len >= signatures[i].at &&
		    str_starts(
			str_from(head, signatures[i].at), signatures[i].bytes))
			return true;
	return false;
}

bool
signature_type_is_archive(struct str type)
{
	const struct str prefix = STR("application/");

	if (!str_starts(type, prefix))
		return false;
	type = str_from(type, prefix.len);
	if (str_starts(type, STR("x-")))
		type = str_from(type, 2);
	for (size_t i = 0; i < N_OF(types); i++)
		if (str_is(type, types[i]))
			return true;
	return str_ends_nocase(type, STR("+zip"));
}

bool
signature_name_is_archive(struct str name)
{
	/* Windows drops these from the end of a name. */
	while (name.len > 0 && (name.p[name.len - 1] == '.' ||
				   ascii_is_space(name.p[name.len - 1])))
		name.len--;
	for (size_t i = 0; i < N_OF(endings); i++)
		if (str_ends_nocase(name, str_of(endings[i])))
			return true;
	return false;
}
