/*
 * jobs: mails on their way from the one thread that reads them to those that
 * run them. As many wait as there is room for, in slots and in bytes.
 */
#ifndef SLUICE_TOOL_CORPUS_JOBS_H
#define SLUICE_TOOL_CORPUS_JOBS_H

#include "tool/corpus/corpus.h"

/* Room is passed on with the job: bufs go round and are seldom allocated. */
struct job {
	unsigned argument;
	uint64_t number;
	struct buf path;
	struct buf text;
};

struct jobs;

struct jobs *jobs_new(size_t n_slots);
void jobs_free(struct jobs *jobs);

/* Takes the text and leaves an empty buf in its place. False: there was no room
 * for wait_ms, and nothing was taken. */
bool jobs_put(struct jobs *jobs, const struct corpus_name *name,
    struct buf *text, unsigned wait_ms);
/* No more will be put. */
void jobs_end(struct jobs *jobs);
/* Waits for one, and takes what is in *job (all zero, or one that was got
 * before) in exchange. False: there will be none. */
bool jobs_get(struct jobs *jobs, struct job *job);
/* After jobs_end: have all that were put been got? Waits for wait_ms. */
bool jobs_are_gone(struct jobs *jobs, unsigned wait_ms);

void job_done(struct job *job);

#endif
