/*
 * limits: the caps on what the bytes of one message can make this layer keep
 * or do. Reaching one is a word of mime.damage, never an error.
 */
#ifndef SLUICE_MIME_LIMITS_H
#define SLUICE_MIME_LIMITS_H

#include <stddef.h>

struct mime_limits {
	size_t depth;          /* multiparts and messages in one another */
	size_t parts;          /* of a message, of any kind */
	size_t headers;        /* fields of all parts together */
	size_t header_bytes;   /* one field of a part */
	size_t headers_bytes;  /* fields of all parts that are kept */
	size_t boundary_bytes; /* of one boundary parameter */
	size_t parameters;     /* of one Content-Type or Content-Disposition */
	size_t name_bytes;     /* one file name */
	size_t names;          /* readings of one attachment's name */
	/* Decoded bytes that are kept of all parts together: scan_limit. What
	 * is no text and no archive keeps sample_bytes only. */
	size_t decoded_bytes;
	size_t sample_bytes; /* for libmagic */
	/* Once decoded_bytes are used up, each part still keeps so much of its
	 * beginning and of its end, up to a sum: who pads does not hide. */
	size_t edge_bytes;
	size_t edges_bytes;
	/* What texts become; each in sum over the parts. */
	size_t text_bytes; /* body; body.html; body.folded: each so much */
	size_t urls;
	size_t url_bytes;
};

/* The defaults, with decoded_bytes and text_bytes from scan_limit. */
struct mime_limits mime_limits_of(size_t scan_limit);

#endif
