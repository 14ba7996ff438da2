#!/bin/sh
# From the rules the daemon asks for the steps it needs and no others, within
# what the MTA offers; its macros come with it.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

talk() { # as milter
	TALK=$(milter "$@")
}
steps() { # the number, in decimal
	printf '%d' "$(printf '%s\n' "$TALK" | sed -n 's/^negotiated: .* steps \(0x[0-9a-f]*\).*/\1/p')"
}
has() { # NAME BIT: that bit was asked for
	ok "$1" test $(($(steps) & $2)) != 0
}
lacks() {
	ok "$1" test $(($(steps) & $2)) = 0
}

sluiced_make envelope <<'END'
on rcpt { r: reject 550 5.7.1 "no" if rcpt.to == "x@example.net" and macro["{odd}"] != "y" }
END
sluiced_start envelope
talk "$T/envelope/sock" 'connect h.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' 'rcpt <x@example.net>' 'rcpt <y@example.net>' data \
	'header Subject x' eoh 'body x' end
printf '%s\n' "$TALK" | diag
lacks "rules of recipients want RCPT" 0x8
lacks "with its reply" 0x8000
lacks "and MAIL with its reply" 0x4004
has "but no body" 0x10
has "no headers" 0x20
has "no unknown commands" 0x100
lacks "no recipients that the MTA refused" 0x800
like "the macros of the rules are asked for" "$TALK" 'macros-[0-9] \[[^]]*\{odd\}'
like "and they refuse" "$TALK" '^rcpt: reply 550 5\.7\.1 no'
like "one of the two" "$TALK" '^rcpt: continue'
like "and the end is answered" "$TALK" '^end: (continue|accept)'

sluiced_make headers <<'END'
on headers { s: reject 550 5.7.1 "subject" if subject =~ /refuse/ }
END
sluiced_start headers
talk "$T/headers/sock" 'connect h.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' 'rcpt <x@example.net>' data \
	'header Subject please refuse' eoh 'body x' end
lacks "rules of headers want them" 0x20
has "without a reply to each" 0x80
lacks "and one at their end" 0x40040
has "but no body" 0x10
like "and they refuse there" "$TALK" '^eoh: reply 550 5\.7\.1 subject'

sluiced_make body <<'END'
on message { b: reject 550 5.7.1 "body" if body.raw =~ /refuse/ }
END
sluiced_set body 'scan_limit = 100k'
sluiced_start body
talk "$T/body/sock" 'connect h.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' 'rcpt <x@example.net>' data 'header Subject x' eoh \
	'fill 60000' 'fill 60000' 'fill 60000' 'body refuse' end
lacks "rules of the body want it" 0x10
has "and say skip" 0x400
like "behind scan_limit they do" "$TALK" '^body: skip'
like "and what comes behind it is not looked at" "$TALK" '^end: (continue|accept)'
talk "$T/body/sock" 'connect h.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' 'rcpt <x@example.net>' data 'header Subject x' eoh \
	'fill 60000' 'body refuse' end
like "before it is" "$TALK" '^(body|end): reply 550 5\.7\.1 body'

# An MTA of 2003: version 2, no step may be left out but the first seven.
for daemon in envelope headers body; do
	talk --version 2 --actions 0x3f --steps 0x7f "$T/$daemon/sock" \
		'connect h.example 192.0.2.1' 'helo h' 'mail <a@example.org>' \
		'rcpt <x@example.net>' 'header Subject please refuse' eoh 'body refuse' end
	like "an old MTA, $daemon: agreed" "$TALK" '^negotiated: version 2 '
	is "  on nothing that it did not offer" $(($(steps) & ~0x7f)) 0
	like "  and it is refused there, too" "$TALK" ': reply 550 5\.7\.1'
done
# (Steps 0 would be read as the ones of 2003.)
talk --version 6 --steps 0x100000 "$T/body/sock" 'connect h.example 192.0.2.1' \
	'helo h' 'mail <a@example.org>' 'rcpt <x@example.net>' data \
	'header Subject x' eoh 'fill 60000' 'fill 60000' 'body refuse' end
is "an MTA that leaves out nothing gets answers to all" "$(steps)" 0
like "and its message goes on" "$TALK" '^end: (continue|accept)'
unlike "without skip, which it does not know" "$TALK" '^body: skip'

sluiced_make changes <<'END'
on message { a: add-header "X-A" "b" if mail.from == "a@example.org" }
END
sluiced_start changes
talk --actions 0x8 "$T/changes/sock" 'connect h.example 192.0.2.1' \
	'helo h' 'mail <a@example.org>' 'rcpt <x@example.net>' data eoh end
like "an MTA that allows no changes gets none" "$TALK" '^end: (continue|accept)'
unlike "  for sure" "$TALK" 'add-header'
like "  and the log says so" "$(sluiced_log changes)" 'header|change'
talk "$T/changes/sock" 'connect h.example 192.0.2.1' \
	'helo h' 'mail <a@example.org>' 'rcpt <x@example.net>' data eoh end
like "others get them" "$TALK" '^end: (add|insert)-header .*X-A \| b'
done_testing
