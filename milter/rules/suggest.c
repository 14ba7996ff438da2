#include "rules/suggest.h"

#define WORD_MAX 64

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment; three rows of the matrix are enough. */
static unsigned
edit_distance(struct str a, struct str b)
{
	unsigned rows[3][WORD_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char ca = ascii_lower(a.p[i - 1]);
			char cb = ascii_lower(b.p[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1,
			    above[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == ascii_lower(b.p[j - 2]) &&
			    cb == ascii_lower(a.p[i - 2]) &&
			    above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
	}
	return rows[a.len % 3][b.len];
}

void
suggest(struct suggestion *suggestion, struct str candidate)
{
	struct str wrong = suggestion->wrong;
	size_t longer = wrong.len > candidate.len ? wrong.len : candidate.len;
	unsigned near = longer / 3 > 3 ? 3 : (unsigned)(longer / 3);
	unsigned distance;

	if (longer > WORD_MAX || wrong.len == 0 || candidate.len == 0)
		return;
	distance = edit_distance(wrong, candidate);
	if (distance > near)
		return;
	if (suggestion->best.len > 0 && distance >= suggestion->distance)
		return;
	suggestion->best = candidate;
	suggestion->distance = distance;
}
