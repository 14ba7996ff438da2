/*
 * Nothing is cleared before it is drawn over, and all of it is one write: so
 * nothing flickers. Signals are told by a pipe, since a store has threads of
 * its own and any of them may be the one that is interrupted.
 */
#include "tool/show/screen.h"

#include "base/utf8.h"
#include "tool/show/grid.h"
#include "tool/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define HOME       "\033[H"
#define TO_EDGE    "\033[K"               /* clears the rest of the line */
#define TO_END     "\033[J"               /* and of the screen */
#define BEGIN      "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define END        "\033[?25h\033[?1049l"
#define ROWS_ELSE  24
#define WIDTH_ELSE 80

static struct termios before;
static volatile sig_atomic_t is_open;
static int news[2] = { -1, -1 }; /* a pipe: 'e' for end, 'r' for resized */

/* Safe in a signal handler. */
static void
restore(void)
{
	ssize_t unused;

	if (!is_open)
		return;
	is_open = 0;
	unused = write(STDOUT_FILENO, END, sizeof(END) - 1);
	(void)unused;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void
tell(int signal_number)
{
	int error = errno;
	ssize_t unused =
	    write(news[1], signal_number == SIGWINCH ? "r" : "e", 1);

	(void)unused;
	errno = error;
}

/* A bug must not leave a terminal that nobody can type in. */
static void
restore_and_die(int signal_number)
{
	restore();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void
catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGWINCH };
	static const int bugs[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE };
	struct sigaction action = { .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	action.sa_handler = tell;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	action.sa_handler = restore_and_die;
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
		sigaction(bugs[i], &action, NULL);
}

static void
write_all(struct str text)
{
	while (text.len > 0) {
		ssize_t n = write(STDOUT_FILENO, text.p, text.len);

		if (n <= 0 && errno != EINTR)
			return;
		text = str_from(text, n > 0 ? (size_t)n : 0);
	}
}

int
screen_open(void)
{
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) == -1 ||
	    pipe2(news, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	/* Stopped by Ctrl-Z it would leave its screen to the shell. */
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	catch_signals();
	atexit(restore);
	is_open = 1;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	write_all(STR(BEGIN));
	return 0;
}

void
screen_close(void)
{
	restore();
}

/* At most columns characters of a line; what would steer becomes '?'. */
static void
add_cut(struct buf *out, struct str line, unsigned columns)
{
	struct buf shown = { 0 };
	size_t end = 0;
	unsigned n = 0;

	text_line(&shown, line, line.len * 4);
	line = buf_str(&shown);
	while (end < line.len && n < columns) {
		size_t len = utf8_sequence(str_from(line, end));

		end += len > 0 ? len : 1;
		n++;
	}
	buf_add(out, str_sub(line, 0, end));
	buf_done(&shown);
}

void
screen_frame(struct str text, unsigned rows, unsigned columns, struct buf *out)
{
	buf_add_cstr(out, HOME);
	for (unsigned row = 0; row < rows && text.len > 0; row++) {
		struct str line = str_take(&text, '\n');

		/* A newline behind the last row would move all of it up. */
		if (row > 0)
			buf_add_cstr(out, "\r\n");
		add_cut(out, line, columns);
		buf_add_cstr(out, TO_EDGE);
	}
	buf_add_cstr(out, TO_END);
}

unsigned
screen_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return WIDTH_ELSE;
	return size.ws_col;
}

void
screen_draw(struct str text)
{
	struct winsize size = { 0 };
	struct buf out = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_row == 0 ||
	    size.ws_col == 0)
		size = (struct winsize){ .ws_row = ROWS_ELSE,
			.ws_col = WIDTH_ELSE };
	screen_frame(text, size.ws_row, size.ws_col, &out);
	write_all(buf_str(&out));
	buf_done(&out);
}

static bool
is_quit(short what)
{
	char keys[64];
	ssize_t n;

	if ((what & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		return true;
	if ((what & POLLIN) == 0)
		return false;
	n = read(STDIN_FILENO, keys, sizeof(keys));
	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == '\003' ||
		    keys[i] == '\004')
			return true;
	/* Readable, and nothing to read: it is gone. */
	return n == 0;
}

enum screen_event
screen_wait(unsigned ms)
{
	struct pollfd polled[2] = { { STDIN_FILENO, POLLIN, 0 },
		{ news[0], POLLIN, 0 } };
	char letters[64];
	ssize_t n;

	if (poll(polled, 2, (int)ms) <= 0)
		return SCREEN_TIME_OUT;
	if (is_quit(polled[0].revents))
		return SCREEN_END;
	n = read(news[0], letters, sizeof(letters));
	for (ssize_t i = 0; i < n; i++)
		if (letters[i] == 'e')
			return SCREEN_END;
	return n > 0 ? SCREEN_RESIZED : SCREEN_TIME_OUT;
}
