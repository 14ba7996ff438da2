/*
 * complete: what may stand next on a command line; the scripts in
 * contrib/completion ask for it. Hidden from `sluice help`.
 *
 * Everything comes from the table of commands: `[--store URL]` is an option
 * that takes a value, `add|remove` a choice, LIMIT one of the names in the
 * rules. So a new command completes as soon as it has its row. Nothing is asked
 * of the store: people press the key often.
 *
 * The trap is an argument that may be left out: what stands behind it may come
 * in its place, so all of them are offered up to the first that must be there.
 */
#include "tool/desk/names.h"

#include <assert.h>
#include <string.h>

#define SHAPES_MAX 32
#define FILES      ":files" /* the shell knows better which there are */

/* One word of a command's `arguments`, without its brackets. */
struct shape {
	struct str text;
	bool is_optional;
	bool has_value; /* an option; the next shape is its value */
	bool is_value;
	bool repeats;
};

struct completion {
	struct tool *tool;
	struct str begun; /* what was typed of the word */
	struct shape shapes[SHAPES_MAX];
	size_t n;
	struct buf out;
};

static void
offer(struct completion *c, struct str word, const char *help)
{
	if (!str_starts(word, c->begun))
		return;
	buf_add(&c->out, word);
	if (help != NULL)
		buf_printf(&c->out, "\t%s", help);
	buf_add_cstr(&c->out, "\n");
}

static void
offer_commands(struct completion *c)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (command->run != NULL && command->help != NULL)
			offer(c, str_of(command->name), command->help);
}

static void
offer_limits(struct completion *c, const struct program *program)
{
	for (size_t i = 0; i < program->n_limits; i++)
		offer(c, program->limits[i]->name, NULL);
}

static void
offer_rules(struct completion *c, const struct program *program)
{
	for (size_t i = 0; i < program->n_rules; i++)
		offer(c, program->rules[i]->name, NULL);
}

static void
offer_redis_tables(struct completion *c, const struct program *program)
{
	for (size_t i = 0; i < program->n_tables; i++)
		if (program->tables[i]->is_redis)
			offer(c, program->tables[i]->name, NULL);
}

/* Rules that cannot be loaded have no names; what is wrong was said. */
static void
offer_names(struct completion *c,
    void (*offer_some)(struct completion *c, const struct program *program))
{
	struct ruleset *rules = names_rules(c->tool);

	if (rules != NULL)
		offer_some(c, ruleset_program(rules));
	ruleset_put(rules);
}

/* One of the words between bars; those in capitals stand for something. What
 * is not known here, such as KEY, is for people to write. */
static void
offer_choice(struct completion *c, struct str choice)
{
	static const char *const files[] = { "FILE", "FILE.rules", "MAIL",
		"MBOX", "DIR", "PROGRAM" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (str_is(choice, files[i])) {
			buf_add_cstr(&c->out, FILES "\n");
			return;
		}
	if (str_is(choice, "LIMIT"))
		offer_names(c, offer_limits);
	else if (str_is(choice, "RULE"))
		offer_names(c, offer_rules);
	else if (str_is(choice, "NAME"))
		offer_names(c, offer_redis_tables);
	else if (str_is(choice, "COMMAND"))
		offer_commands(c);
	else if (choice.p[0] >= 'a' && choice.p[0] <= 'z')
		offer(c, choice, NULL);
}

static void
offer_shape(struct completion *c, const struct shape *shape)
{
	struct str rest = shape->text;
	ptrdiff_t bar;

	while ((bar = str_find(rest, '|')) > 0) {
		offer_choice(c, str_sub(rest, 0, (size_t)bar));
		rest = str_from(rest, (size_t)bar + 1);
	}
	if (rest.len > 0)
		offer_choice(c, rest);
}

static bool
is_option(const struct shape *shape)
{
	return shape->text.len > 1 && shape->text.p[0] == '-';
}

static void
offer_options(struct completion *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (is_option(&c->shapes[i]))
			offer(c, c->shapes[i].text, NULL);
}

/* "[ENTRY" and "[VALUE]]" without brackets and dots; *depth_io is how many
 * brackets are open. A lone "..." is said of the word before it. */
static void
add_shape(struct completion *c, struct str word, int *depth_io)
{
	struct shape *before = c->n > 0 ? &c->shapes[c->n - 1] : NULL;
	struct shape shape = { .text = word };
	int n_closed = 0;

	while (shape.text.len > 0 && shape.text.p[0] == '[') {
		shape.text = str_from(shape.text, 1);
		++*depth_io;
	}
	shape.is_optional = *depth_io > 0;
	while (shape.text.len > 0 && shape.text.p[shape.text.len - 1] == ']') {
		shape.text.len--;
		n_closed++;
	}
	*depth_io -= n_closed;
	if (shape.text.len >= 3 &&
	    memcmp(shape.text.p + shape.text.len - 3, "...", 3) == 0) {
		shape.text.len -= 3;
		shape.repeats = true;
	}
	shape.has_value = is_option(&shape) && n_closed == 0;
	shape.is_value = before != NULL && before->has_value;
	if (shape.text.len == 0 && before != NULL) {
		before->repeats = true;
		return;
	}
	assert(c->n < SHAPES_MAX);
	c->shapes[c->n++] = shape;
}

static void
read_shapes(struct completion *c, const char *arguments)
{
	struct str rest = str_of(arguments);
	int depth = 0;

	while (rest.len > 0) {
		add_shape(c, str_take(&rest, ' '), &depth);
		rest = str_trim(rest);
	}
}

/* The value that the option of that name takes, or NULL. */
static const struct shape *
value_of(const struct completion *c, const char *option)
{
	for (size_t i = 0; i + 1 < c->n; i++)
		if (c->shapes[i].has_value && str_is(c->shapes[i].text, option))
			return &c->shapes[i + 1];
	return NULL;
}

/* What may come behind so many arguments that are no options. */
static void
offer_arguments(struct completion *c, size_t n_before)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct shape *shape = &c->shapes[i];

		if (is_option(shape) || shape->is_value)
			continue;
		if (n_before > 0 && !shape->repeats) {
			n_before--;
			continue;
		}
		offer_shape(c, shape);
		if (!shape->is_optional)
			return;
	}
}

/* words: the command's name, what stands behind it, and the word begun. */
static void
complete(struct completion *c, const struct command *command, int n_words,
    char **words)
{
	const struct shape *value = NULL;
	size_t n_before = 0;

	read_shapes(c, command->arguments);
	for (int i = 1; i < n_words - 1; i++) {
		if (value != NULL)
			value = NULL; /* this word is it */
		else if (words[i][0] == '-' && words[i][1] != '\0')
			value = value_of(c, words[i]);
		else
			n_before++;
	}
	if (value != NULL)
		offer_shape(c, value);
	else if (c->begun.len > 0 && c->begun.p[0] == '-')
		offer_options(c);
	else
		offer_arguments(c, n_before);
}

int
complete_run(struct tool *tool, int argc, char **argv)
{
	struct completion c = { .tool = tool };
	const struct command *command;

	if (argc > 0 && strcmp(argv[0], "--") == 0) {
		argc--;
		argv++;
	}
	buf_init(&c.out);
	c.begun = str_of(argc > 0 ? argv[argc - 1] : NULL);
	if (argc <= 1)
		offer_commands(&c);
	else if ((command = command_find(str_of(argv[0]))) != NULL &&
		 command->run != NULL)
		complete(&c, command, argc, argv);
	tool_out(buf_str(&c.out));
	buf_done(&c.out);
	return TOOL_FINE;
}
