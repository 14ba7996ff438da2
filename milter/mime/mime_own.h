/*
 * mime_own: what the files of the splitter share. Private to mime*.c.
 *
 *   mime.c           the interface, and blocks of bytes
 *   mime_tree.c      the parts
 *   mime_lines.c     a stream of bytes cut into lines
 *   mime_entity.c    where parts begin and end: the stack of levels
 *   mime_boundary.c  is this line a delimiter, and whose?
 *   mime_mark.c      the boundaries that are open
 *   mime_fields.c    the three fields of a header that matter here
 *   mime_meaning.c   what they say, by each reading
 *   mime_name.c      file names, by each reading
 *   mime_leaf.c      a leaf's bytes: decoded, counted, some of them kept
 *   mime_uu.c        files that stand inside of a text
 */
#ifndef SLUICE_MIME_MIME_OWN_H
#define SLUICE_MIME_MIME_OWN_H

#include "mime/mime.h"
#include "mime/parameter.h"

#define MIME_BLOCK_BYTES    16384 /* what is worked on at a time */
#define MIME_LINE_BYTES     1024  /* of a line, to know a delimiter by */
#define MIME_AGAIN_MAX      4     /* second readings at a time */
#define MIME_AGAIN_FACTOR   8     /* they get so much more than is kept */
#define MIME_SINKS_MAX      (MIME_AGAIN_MAX + 1) /* of a stream */
#define MIME_STREAMS_MAX    64  /* the body, and what was encoded in it */
#define MIME_BOUNDARIES_MAX 4   /* of one multipart, by each reading */
#define MIME_TYPE_BYTES     128 /* of a type or a charset */
#define MIME_SHORT_NAME     255 /* bytes of a name when memory is short */
#define MIME_GUESSES_MAX    4   /* in one header, see mime_entity.c */

/* Fields. */

enum mime_field {
	MIME_FIELD_TYPE,
	MIME_FIELD_ENCODING,
	MIME_FIELD_DISPOSITION,
	/* What names a file that has no other name. */
	MIME_FIELD_NAME,
	MIME_FIELD_DESCRIPTION,
	MIME_FIELD_LOCATION,
	MIME_FIELDS
};

/* Of several fields of one name the first and the last. */
struct mime_values {
	struct buf first;
	struct buf last;
	unsigned n;
};

struct mime_fields {
	struct mime_values values[MIME_FIELDS];
	struct buf *open; /* the field whose lines are read; or NULL */
	bool has_any;     /* some field or other was there */
	bool is_again;    /* its lines are given to a second reading, too */
	unsigned n_guesses;
	uint64_t damage;
};

enum mime_field_answer {
	MIME_LINE_FIELD,    /* a field, or more of one */
	MIME_LINE_DOUBTFUL, /* none, for some or all programs */
};

enum mime_field_answer mime_fields_line(
    struct mime_fields *fields, struct str line, struct mime *mime);
/* One of the message's own fields. */
void mime_fields_add(struct mime_fields *fields, struct str name,
    struct str value, struct mime *mime);
void mime_fields_done(struct mime_fields *fields);

/* What they mean. */

struct mime_reading {
	struct str type; /* in the meaning's arena */
	struct str charset;
	enum mime_kind kind;
};

struct mime_boundary {
	struct str text; /* without "--"; in the meaning's arena */
	bool is_cut;     /* it was longer */
};

/* Where readings differ: the one that has a structure is the first. */
struct mime_meaning {
	struct arena *arena; /* for this header only */
	struct mime_reading types[2];
	size_t n_types;
	enum transfer_encoding encodings[2];
	size_t n_encodings;
	struct mime_boundary boundaries[MIME_BOUNDARIES_MAX];
	size_t n_boundaries;
	bool is_attachment;
	bool is_message_file; /* programs open it as a message, by its name */
	struct str *names;
	size_t n_names;
	uint64_t damage;
};

void mime_meaning_init(struct mime_meaning *meaning, struct mime_fields *fields,
    const struct mime *mime, bool is_in_digest);
void mime_meaning_done(struct mime_meaning *meaning);

/* Appends each reading of a file name that the parameter gives, at most
 * limits.names in all. *n counts the list. */
void mime_names_add(struct mime_meaning *meaning,
    const struct parameter *const *parameters, size_t n,
    const struct mime_limits *limits);

/* Levels. */

enum mime_phase { MIME_PREAMBLE, MIME_PARTS, MIME_EPILOGUE };

struct mime_level {
	struct mime_part *part;
	struct mime_boundary *boundaries; /* in the message's arena */
	size_t n_boundaries;              /* 0: a message */
	enum mime_phase phase;
	bool is_digest;
	bool wants_boundary; /* it named none: the first that looks like one */
};

struct mime_delimiter {
	size_t level;
	bool is_closing;
	bool is_doubtful; /* there is more behind the boundary */
};

#define MIME_MARK_WORDS 4 /* of 64 bits: for each length of a boundary one */

struct mime_mark {
	const struct mime_boundary *boundary; /* NULL: a free slot */
	uint64_t hash;
	size_t level;
};

struct mime_marks {
	struct mime_mark *slots;
	size_t n_slots;
	uint64_t seed;
	uint64_t lengths[MIME_MARK_WORDS]; /* that some boundary has */
	size_t longest;
	bool is_old; /* levels or their boundaries have changed since */
};

void mime_marks_init(
    struct mime_marks *marks, const struct mime_limits *limits);
void mime_marks_done(struct mime_marks *marks);

/* All zero to begin with. */
struct mime_mark_walk {
	size_t len;
	uint64_t hash;
};

struct mime_stream {
	struct mime *mime;
	struct mime_level *levels;
	size_t n_levels;
	struct mime_marks marks;
	struct mime_sink *sinks[MIME_SINKS_MAX]; /* outer ones first */
	size_t n_sinks;
	/* Of the header that is read: */
	bool is_in_header;
	struct mime_part *part;
	struct mime_fields fields;
	/* Of the body between parts: bytes are no part's, unless they say
	 * something; then they are text of this role. */
	bool is_between;
	/* Lines: */
	struct buf line;  /* so far, if it is needed whole */
	size_t line_len;  /* with what went beyond the cap */
	bool has_cr;      /* ended by CR; LF may follow */
	bool is_mid_line; /* body: what comes next is no line's beginning */
	bool is_skipping; /* the rest of an overlong delimiter */
	char held[2];     /* the line end before the next byte */
	unsigned n_held;
	uint64_t at;      /* offset of what is given to the sinks next */
	bool is_decoded;  /* then at does not move: it is that of the part */
	bool is_over;     /* over a cap: nothing more is looked at */
	struct buf queue; /* decoded for it, by a stream before it */
	bool is_ending;   /* … which will not bring more */
};

/* NULL: there are too many. */
struct mime_stream *mime_stream_new(struct mime *mime);
void mime_stream_free(struct mime_stream *stream);
void mime_stream_feed(struct mime_stream *stream, struct str bytes);
void mime_stream_end(struct mime_stream *stream);

/* The next longer open boundary with which text begins; NULL: no more. */
const struct mime_mark *mime_marks_next(
    struct mime_stream *stream, struct str text, struct mime_mark_walk *walk);

/* The line is one that ends a part, or looks like the first to. */
bool mime_delimiter_find(struct mime_stream *stream, struct str line,
    struct mime_delimiter *found_out);
bool mime_boundary_fits(const struct mime_meaning *meaning, struct str line);

/* A line of a header, neither empty nor a delimiter. */
void mime_entity_header_line(struct mime_stream *stream, struct str line);
/* Could the line be a delimiter of the part whose header this is? */
bool mime_entity_is_own_delimiter(struct mime_stream *stream, struct str line);
/* The header is complete: what it describes begins. */
void mime_entity_header_end(struct mime_stream *stream);
/* A delimiter: first what it ends, then what it begins. */
void mime_entity_close(
    struct mime_stream *stream, const struct mime_delimiter *delimiter);
void mime_entity_open(
    struct mime_stream *stream, const struct mime_delimiter *delimiter);
void mime_entity_end(struct mime_stream *stream);
/* Where bare line ends and the like are noted. */
struct mime_part *mime_entity_part(const struct mime_stream *stream);

/* Bytes in order, for every leaf that is open. */
void mime_emit(struct mime_stream *stream, struct str bytes);
/* The line end that no delimiter took. */
void mime_emit_held(struct mime_stream *stream);

/* Leaves. */

/* A file inside of a text, and the search for one. */
struct mime_uu {
	struct buf line;  /* the beginning of what may be its first line */
	bool is_mid_line; /* what comes next is no line's beginning */
	struct mime_sink *file;
};

struct mime_sink {
	struct mime *mime;
	struct mime_part *part;
	size_t n_levels; /* of the stream, when it was opened */
	struct transfer transfer;
	struct buf head;
	bool keeps_all;    /* text or an archive; else a sample */
	bool is_full;      /* head gets no more */
	bool is_short;     /* because memory was used up */
	size_t again_left; /* of a second reading: bytes that it still gets */
	char *tail;        /* a ring */
	size_t tail_size;
	uint64_t n_tail;            /* bytes that went through it */
	struct mime_uu *uu;         /* of a text; else NULL */
	struct mime_stream *stream; /* gets what is decoded; or NULL */
};

struct mime_sink *mime_sink_new(struct mime *mime, struct mime_part *part);
void mime_sink_push(struct mime_sink *sink, struct str bytes);
/* The part has all its bytes now; frees the sink. */
void mime_sink_end(struct mime_sink *sink);
/* Without the search for files in it; returns what was decoded, valid until
 * the next call. */
struct str mime_sink_take(struct mime_sink *sink, struct str bytes);

struct mime_uu *mime_uu_new(void);
void mime_uu_push(struct mime_sink *text, struct str decoded);
void mime_uu_end(struct mime_sink *text);

/* The message. */

/* content and tail of a part are its own, on the heap. */
struct mime_node {
	struct mime_part part; /* first */
	struct mime_part *last_child;
	struct mime_node *made_before; /* of all, for freeing */
};

struct mime {
	struct mime_limits limits;
	struct arena *arena;
	struct mime_part *root;
	struct mime_part *last_root; /* root, or it read again */
	struct mime_node *made_last;
	size_t n_parts;
	bool has_begun;
	bool has_ended;
	struct buf block; /* less than MIME_BLOCK_BYTES that wait */
	struct mime_stream *streams[MIME_STREAMS_MAX]; /* outer ones first */
	size_t n_streams;
	size_t decoded_left;
	size_t edges_left;
	size_t headers_left; /* bytes */
	size_t n_again;      /* second readings that go on */
	size_t again_left;   /* bytes that no second reading has taken */
	size_t n_fields;
	size_t n_kept;
	struct buf *texts; /* what was made of parts; see mime_keep */
	size_t n_texts;
	struct buf scratch;
};

static inline void
mime_note(struct mime_part *part, enum damage damage)
{
	part->damage |= DAMAGE_BIT(damage);
}

/* NULL: there are too many, but for one last part; it was noted. parent NULL:
 * the root, or the root read again. */
struct mime_part *mime_part_new(
    struct mime *mime, struct mime_part *parent, enum mime_role role);
/* The last one there may be. */
struct mime_part *mime_part_last(struct mime *mime);
/* Copies what the reading says. */
void mime_part_set(struct mime *mime, struct mime_part *part,
    const struct mime_reading *reading, enum transfer_encoding encoding);

/* Copies the readings of its name, shortened if memory is used up. */
void mime_part_name(struct mime *mime, struct mime_part *part,
    const struct str *names, size_t n);
/* Numbers all, and links them by ->following. */
void mime_tree_number(struct mime *mime);

/* All bytes of the body up to the end of a block: any cut into blocks gives
 * the same parts, and the same bytes of them unless memory is used up. For
 * mime_body and tests. */
void mime_feed(struct mime *mime, struct str bytes);

#endif
