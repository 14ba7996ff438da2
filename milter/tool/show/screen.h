/*
 * screen: a terminal that is drawn again and again. One at a time; whatever
 * ends the program but SIGKILL, the terminal is as it was before.
 */
#ifndef SLUICE_TOOL_SHOW_SCREEN_H
#define SLUICE_TOOL_SHOW_SCREEN_H

#include "base/buf.h"

enum screen_event {
	SCREEN_TIME_OUT,
	SCREEN_RESIZED,
	SCREEN_END /* q, Ctrl-C, SIGTERM, or the terminal is gone */
};

/* 0, or -1: standard input and output are no terminal. */
int screen_open(void);
void screen_close(void); /* nothing if it is not open */
/* In place of what was drawn before: as many lines of text as there is room
 * for, each cut at the edge. */
void screen_draw(struct str text);
enum screen_event screen_wait(unsigned ms);

/* Columns of the terminal at fd; 80 where there is none. */
unsigned screen_width(int fd);

/* What is sent to draw text on a terminal of this size. Pure. */
void screen_frame(
    struct str text, unsigned rows, unsigned columns, struct buf *out);

#endif
