"""bounds.py - what limits may do at most while Redis is troubled.

Each key of a conversation is its own, so two bounds hold whatever happens:

  too many  Each trouble may forget what was counted (a failover, a restart
            without a disk), and this daemon then counts by itself: what is let
            through is at most N, and 2 N more for each trouble.
  wrongly   A Redis that was stopped may yet do what it was asked last, and a
            batch that is merged may count twice; so nobody is refused by a
            limit of N who has not used half of it.
"""

# Rule: the step that uses up its limit, and N (the lower one of two).
USES = {"c-conns": ("connect", 3), "m-msgs": ("mail", 3),
        "m-strict": ("mail", 2), "m-loose": ("mail", 2),
        "r-guesses": ("unknown", 3), "r-rcpts": ("rcpt", 9)}
RECIPIENTS = 9


def events_of(conversation):
    for events in conversation.connections:
        yield from events


def step_of(event):
    """What was used: the step if it was let through, `unknown` if the MTA knew
    nobody of that name."""
    if event.word == "rcpt" and event.args[0].startswith("nobody") \
            and event.code == 550:
        return "unknown"
    return event.word if event.code in (220, 250) else None


def wrongly_refused(conversation, rule_of):
    used = {}
    for event in events_of(conversation):
        step, n = USES.get(rule_of(event), (None, 0))
        if step is not None and used.get(step, 0) * 2 < n:
            yield "%s after %d of %d" % (rule_of(event), used.get(step, 0), n)
        used[step_of(event)] = used.get(step_of(event), 0) + 1


def too_many(conversation, n_troubles):
    """Recipients of messages that were accepted in the end; rules accept some
    before the limit is asked."""
    total = open_now = 0
    if conversation.plan.sender.startswith("gone-"):
        return
    for event in events_of(conversation):
        if event.word in ("mail", "connect", "helo"):
            open_now = 0
        elif event.word == "rcpt" and event.code == 250 \
                and not event.args[0].startswith("exempt@"):
            open_now += 1
        elif event.word == "end" and event.code == 250:
            total += open_now
    most = RECIPIENTS * (1 + 2 * n_troubles)
    if total > most:
        yield "%d recipients, at most %d in %d troubles" % (
            total, most, n_troubles)
