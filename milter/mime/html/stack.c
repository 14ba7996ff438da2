/*
 * Each open element has the look that all around it add up to, so the stack
 * may forget the outermost half when it is full. The trap is the cost of end
 * tags that belong to nothing: counters tell most of them, and the size of the
 * stack bounds the rest.
 */
#include "mime/html/stack.h"

#include "mime/html/color.h"

#include <string.h>

#define BLACK     0x000000
#define WHITE     0xffffff
#define LINK_BLUE 0x0000ee

void
html_stack_init(struct html_stack *stack)
{
	stack->n = 0;
	stack->floor = 0;
	stack->n_pre = 0;
	memset(stack->n_of, 0, sizeof(stack->n_of));
	stack->outermost = (struct html_look){
		.color = BLACK,
		.background = WHITE,
	};
}

const struct html_look *
html_stack_look(const struct html_stack *stack)
{
	return stack->n > 0 ? &stack->open[stack->n - 1].look
			    : &stack->outermost;
}

static bool
is_set_to(
    const struct html_style *style, enum html_property property, int32_t value)
{
	return (style->set >> property & 1) != 0 &&
	       style->values[property] == value;
}

/* A box of no size shows nothing if what runs over is cut off. */
static bool
is_clipped(const struct html_style *style)
{
	return is_set_to(style, HTML_OVERFLOW, HTML_UNSEEN) &&
	       (is_set_to(style, HTML_HEIGHT, HTML_TINY) ||
		   is_set_to(style, HTML_MAX_HEIGHT, HTML_TINY) ||
		   is_set_to(style, HTML_WIDTH, HTML_TINY) ||
		   is_set_to(style, HTML_MAX_WIDTH, HTML_TINY));
}

static void
set_display(struct html_look *look, const struct html_style *style)
{
	if ((style->set >> HTML_DISPLAY & 1) == 0)
		return;
	switch ((enum html_display)style->values[HTML_DISPLAY]) {
	case HTML_NONE:
		look->is_gone = true;
		break;
	case HTML_INLINE:
		look->is_block = look->is_cell = false;
		break;
	case HTML_BESIDE:
		/* A span so written still joins what it stands in. */
		look->is_cell = look->is_cell || look->is_block;
		look->is_block = false;
		break;
	case HTML_APART:
		look->is_block = !look->is_cell;
		break;
	}
}

static void
set_seen(bool *is_unseen, const struct html_style *style,
    enum html_property property)
{
	if ((style->set >> property & 1) != 0)
		*is_unseen = style->values[property] == HTML_UNSEEN;
}

static void
set_font_size(struct html_look *look, const struct html_style *style)
{
	if (is_set_to(style, HTML_FONT_SIZE, HTML_TINY))
		look->is_tiny = true;
	else if (is_set_to(style, HTML_FONT_SIZE, HTML_READABLE))
		look->is_tiny = false;
}

static void
set_colors(struct html_look *look, const struct html_style *style)
{
	int32_t behind = style->values[HTML_BEHIND];

	if ((style->set >> HTML_FOREGROUND & 1) != 0)
		look->color = style->values[HTML_FOREGROUND];
	if ((style->set >> HTML_BEHIND & 1) != 0 && behind != HTML_COLOR_CLEAR)
		look->background = behind;
}

struct html_look
html_look_of(const struct html_look *around, const struct html_tag *tag,
    const struct html_style *style)
{
	struct html_look look = *around;
	unsigned flags = tag->element->flags;

	look.is_block = (flags & HTML_BLOCK) != 0;
	look.is_cell = (flags & HTML_CELL) != 0;
	if ((flags & HTML_GONE) != 0)
		look.is_gone = true;
	if (tag->element->id == HTML_A && html_tag_has(tag, HTML_HREF))
		look.color = LINK_BLUE;
	if (style->set == 0)
		return look;
	set_display(&look, style);
	set_seen(&look.is_invisible, style, HTML_VISIBILITY);
	set_seen(&look.is_indented, style, HTML_INDENT);
	set_font_size(&look, style);
	set_colors(&look, style);
	if (is_set_to(style, HTML_OPACITY, HTML_UNSEEN) ||
	    is_set_to(style, HTML_MSO_HIDE, HTML_UNSEEN) ||
	    is_set_to(style, HTML_OFFSET, HTML_UNSEEN) || is_clipped(style))
		look.is_faded = true;
	return look;
}

bool
html_look_is_hidden(const struct html_look *look)
{
	return look->is_gone || look->is_faded || look->is_invisible ||
	       look->is_tiny || look->is_indented ||
	       look->color == HTML_COLOR_CLEAR ||
	       html_color_is_like(look->color, look->background);
}

static uint16_t *
counter_of(struct html_stack *stack, uint32_t hash)
{
	return &stack->n_of[hash % HTML_COUNTERS];
}

/* The outermost half; the look of the others goes on without it. */
static void
forget_half(struct html_stack *stack)
{
	size_t half = HTML_OPEN_MAX / 2;

	stack->outermost = stack->open[half - 1].look;
	for (size_t i = 0; i < half; i++) {
		--*counter_of(stack, stack->open[i].hash);
		if (stack->open[i].element->id == HTML_PRE)
			stack->n_pre--;
	}
	stack->n -= half;
	memmove(
	    stack->open, stack->open + half, stack->n * sizeof(stack->open[0]));
	stack->floor = stack->floor > half ? stack->floor - half : 0;
}

void
html_stack_push(struct html_stack *stack, const struct html_tag *tag,
    const struct html_look *look)
{
	if (stack->n == HTML_OPEN_MAX)
		forget_half(stack);
	stack->open[stack->n++] = (struct html_open){
		.element = tag->element,
		.hash = tag->hash,
		.look = *look,
	};
	++*counter_of(stack, tag->hash);
	if (tag->element->id == HTML_PRE)
		stack->n_pre++;
}

void
html_stack_pop(struct html_stack *stack)
{
	const struct html_open *top = &stack->open[--stack->n];

	--stack->n_of[top->hash % HTML_COUNTERS];
	if (top->element->id == HTML_PRE)
		stack->n_pre--;
}

/* How many are above and with the innermost one of these names, if nothing
 * with one of the flags stands between; 0: there is none. */
static size_t
depth_of(const struct html_stack *stack, const enum html_id *ids, size_t n_ids,
    unsigned stop_flags)
{
	for (size_t i = stack->n; i > stack->floor; i--) {
		const struct html_element *element = stack->open[i - 1].element;

		for (size_t j = 0; j < n_ids; j++)
			if (element->id == ids[j])
				return stack->n - i + 1;
		if ((element->flags & stop_flags) != 0)
			return 0;
	}
	return 0;
}

/* A list item ends where the next one begins, but for one in a list in it:
 * what has a block around it is not looked for. */
static size_t
item_depth(
    const struct html_stack *stack, const enum html_id *ids, size_t n_ids)
{
	return depth_of(stack, ids, n_ids, HTML_SPECIAL);
}

/* Parts of a table end where the next such part begins. Of what is looked for
 * the outermost is taken that is still in this table. */
static size_t
table_depth(const struct html_stack *stack, const enum html_id *ids, size_t n)
{
	size_t found = 0;

	for (size_t i = stack->n; i > stack->floor; i--) {
		enum html_id id = stack->open[i - 1].element->id;

		if (id == HTML_TABLE)
			break;
		for (size_t j = 0; j < n; j++)
			if (id == ids[j])
				found = stack->n - i + 1;
	}
	return found;
}

static size_t
ended_by_start(
    const struct html_stack *stack, const struct html_element *element)
{
	static const enum html_id paragraph[] = { HTML_P };
	static const enum html_id link[] = { HTML_A };
	static const enum html_id item[] = { HTML_LI };
	static const enum html_id term[] = { HTML_DD, HTML_DT };
	static const enum html_id option[] = { HTML_OPTION };
	static const enum html_id parts[] = { HTML_TD, HTML_TR, HTML_ROWS };
	size_t depth = 0;

	switch (element->id) {
	case HTML_TD:
		return table_depth(stack, parts, 1);
	case HTML_TR:
		return table_depth(stack, parts, 2);
	case HTML_ROWS:
		return table_depth(stack, parts, 3);
	case HTML_A:
		return depth_of(stack, link, 1, HTML_SCOPE);
	case HTML_OPTION:
		return depth_of(stack, option, 1, HTML_SPECIAL);
	case HTML_LI:
		depth = item_depth(stack, item, 1);
		break;
	case HTML_DD:
	case HTML_DT:
		depth = item_depth(stack, term, 2);
		break;
	case HTML_OTHER:
	case HTML_BASE:
	case HTML_BODY:
	case HTML_BR:
	case HTML_BUTTON:
	case HTML_IMG:
	case HTML_INPUT:
	case HTML_META:
	case HTML_P:
	case HTML_PRE:
	case HTML_STYLE:
	case HTML_TABLE:
	case HTML_XML:
		break;
	}
	if (depth == 0 && (element->flags & HTML_ENDS_P) != 0 &&
	    stack->n_of[(uint32_t)str_hash(STR("p")) % HTML_COUNTERS] > 0)
		depth = depth_of(stack, paragraph, 1, HTML_SCOPE);
	return depth;
}

/* What an end tag of such an element does not reach through. */
static unsigned
barrier_of(const struct html_element *element)
{
	if ((element->flags & (HTML_SPECIAL | HTML_FORMAT | HTML_BLOCK)) != 0)
		return HTML_SCOPE;
	return HTML_SPECIAL;
}

static bool
is_of_table(enum html_id id)
{
	return id == HTML_TD || id == HTML_TR || id == HTML_ROWS;
}

static size_t
ended_by_end(const struct html_stack *stack, const struct html_tag *tag)
{
	unsigned barrier = barrier_of(tag->element);
	bool is_table = tag->element->id == HTML_TABLE;
	bool is_part = is_of_table(tag->element->id);

	if (stack->n_of[tag->hash % HTML_COUNTERS] == 0)
		return 0;
	for (size_t i = stack->n; i > stack->floor; i--) {
		const struct html_open *open = &stack->open[i - 1];

		if (open->hash == tag->hash)
			return stack->n - i + 1;
		/* Cells and rows are no barrier for those around them. */
		if ((is_part || is_table) && is_of_table(open->element->id))
			continue;
		if ((open->element->flags & barrier) != 0)
			return 0;
	}
	return 0;
}

size_t
html_stack_ended_by(const struct html_stack *stack, const struct html_tag *tag)
{
	if (tag->is_end)
		return ended_by_end(stack, tag);
	return ended_by_start(stack, tag->element);
}
