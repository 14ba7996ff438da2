#!/bin/sh
# contrib/sendmail/both.mc is what m4 and sendmail.mc take: no quote is left
# open, and it says what the shipped rules rely on. A real Sendmail is not
# started here.
#
# MTA: none
. "$(dirname "$0")/../lib/tap.sh"

# The macros of sendmail-cf, as far as the snippet needs them: each prints
# what it was given.
cat > "$T/macros.m4" <<'END'
divert(-1)
define(`FEATURE', `feature $1
')
define(`DAEMON_OPTIONS', `daemon $1
')
define(`INPUT_MAIL_FILTER', `filter $1 = $2
')
divert(0)dnl
END
expanded=$(m4 "$T/macros.m4" "$TOP/contrib/sendmail/both.mc" 2>&1)
is "m4 takes it" "$?" 0
like "the filter is ours" "$expanded" '^filter sluice = S=unix:/'
like "it waits no longer than Sendmail's 10 s for an answer" "$expanded" 'R:10s'
like "mail waits while sluiced is away" "$expanded" 'F=T'
like "the service mx has its name" "$expanded" '^daemon .*Name=mx,'
like "the service submission, too" "$expanded" '^daemon .*Name=submission,'
unlike "and nothing was left over" "$expanded" '[a-z] *m4:|dnl|`'
done_testing
