#!/bin/sh
# The same without Postfix in between, which lets few bytes through: any byte
# in any place of the milter protocol, and events in an order that no MTA has.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit senders 1000/1h messages by mail.from, helo.name
limit ips     1000/1h connections by client.ip
on connect { c: tempfail 450 4.7.1 "c" if over ips }
on helo    { h: log "${helo.name}" if helo.name }
on mail    { m: tempfail 450 4.7.1 "m" if over senders }
on rcpt    { echo: reject 550 5.7.1 "100% ${helo.name} ${mail.from} ${rcpt.to}" if rcpt.to }
on headers { s: reject 550 5.7.1 "subject: ${subject}" if subject =~ /refuse/ }
on message { b: reject 550 5.7.1 "body" if body.raw =~ /refuse/
             x: add-header "X-Subject" "${subject}" if subject }
END
sluiced_start daemon
socket=$(sluiced_address daemon)

raw() {
	RAW=$(timeout 60 python3 "$TOP/tests/lib/milter.py" --rude --wait "${wait:-10}" \
		"$socket" "$@" 2>&1)
}
whole() { # NAME: what came back is whole and printable
	# a folded header has line feeds, each before a blank
	unlike "$1" "$RAW" '\\x0[0-9b-f]|\\x0a[^ ]|\\x1|\\x7f|\\x[89a-f]|^error|: \? '
}

all=$(python3 -c 'print("".join("\\x%02x" % c for c in range(1, 256)))')
raw 'connect h.example 192.0.2.1' "helo $all" "mail <$all@example.org>" \
	"rcpt <$all@example.net>" data "header Subject refuse $all" eoh
like "every byte in HELO, MAIL and RCPT: a reply" "$RAW" '^rcpt: reply 550 5\.7\.1 '
whole "  that is whole"
like "  with its percent sign doubled, as libmilter wants" "$RAW" '100%% '
like "every byte in the subject: a reply" "$RAW" '(eoh|end): reply 550 5\.7\.1 subject'

raw 'connect h.example 192.0.2.1' 'helo a' "mail <a@example.org>" \
	'rcpt <>' data "header Subject fine $all" eoh 'body x' end
like "every byte in a header that is copied: accepted" "$RAW" '^end: (continue|accept)'
whole "  and what is added has no control characters"

raw 'connect h.example [::ffff:192.0.2.1]' 'helo a' quit
whole "a mapped IPv4 address"
raw "connect $all -" 'helo a' 'mail <>' 'rcpt <x>' abort quit
whole "a client without an address"
raw 'connect h.example 999.0.2.1' 'helo a' 'mail <a>' quit
ok "an address that is none: it lives" is_running "$(sluiced_pid daemon)"
# libmilter leaves steps without an answer that stand where they cannot.
for steps in 'end abort abort' 'abort data' 'eoh end' 'data end' 'abort end' \
	'abort abort abort quit' 'end end' 'data data'; do
	# shellcheck disable=SC2086 # words
	wait=0.2 raw $steps
	# shellcheck disable=SC2086
	wait=0.2 raw 'connect h.example 192.0.2.1' 'mail <a@example.org>' \
		'mail <b@example.org>' $steps
	# shellcheck disable=SC2086
	wait=0.2 raw 'connect h.example 192.0.2.1' 'helo a' 'helo b' \
		'mail <a@example.org>' 'rcpt <>' $steps
done
ok "steps in no order: it lives" is_running "$(sluiced_pid daemon)"
wait=0.2 raw 'connect h.example 192.0.2.1' 'helo a' 'mail' 'rcpt' drop
raw 'connect h.example 192.0.2.1' "mail <a@example.org> SIZE=99999999999999999999 =x A= $all" \
	'rcpt <>' 'header \x3a value' 'header  ' 'header X' eoh end
ok "parameters and fields that are none: it lives" is_running "$(sluiced_pid daemon)"
raw 'connect h.example 192.0.2.1' 'helo a' 'mail <a@example.org>' 'rcpt <>' \
	data 'header Subject fine' eoh 'body re' 'body fuse' end
like "a word across two chunks of the body is found" "$RAW" '^(body|end): reply 550 5\.7\.1 body'
raw 'connect h.example 192.0.2.1' 'helo a' 'mail <a@example.org>' 'rcpt <>' \
	data eoh 'body a\x00b refuse' end
like "a word behind a NUL is found" "$RAW" '^(body|end): reply 550 5\.7\.1 body'

# libmilter takes macros two by two; of what lies behind a name without a
# value it makes an address. Other lengths lie in other places.
for n in 0 1 2 3 4 5 6 7; do
	pairs=$(printf '%*s' $n '' | sed 's/ /a b /g')
	for _ in 1 2 3; do
		set -- "$@" "macro mail ${pairs}c" 'mail <a@example.org>' abort
	done
	wait=2 raw 'connect h.example 192.0.2.1' 'helo a' "$@"
	set --
done
ok "macros without a value: it lives" is_running "$(sluiced_pid daemon)"

# A client that speaks no milter at all.
python3 - "$socket" <<'END'
import os, socket, sys
for data in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1O", b"GET / HTTP/1.0\r\n\r\n",
             b"\0\0\0\5Oabcd", os.urandom(5000)):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendall(data)
    s.close()
END
raw 'connect h.example 192.0.2.1' 'helo a' 'mail <a@example.org>' quit
like "after a client that speaks no milter it answers others" "$RAW" '^mail: continue'

log=$(sluiced_log daemon)
is "every line of the log is one of ours" \
	"$(printf '%s\n' "$log" | grep -Evc '^sluiced\[[0-9]+\]: ')" 0
is "none has a control character" \
	"$(sluiced_log daemon | tr -d '\n' | tr -cd '\000-\037\177' | wc -c)" 0
rcli --scan > "$T/keys"
is "keys are of the allowed characters" \
	"$(grep -Ev '^sluice:(generation|events|rules|hosts|(rule|hot|host):[a-zA-Z0-9.-]+)$' \
		"$T/keys" | grep -Evc '^sluice:limit:[a-z-]+:\{[A-Za-z0-9.@_+=:/,%-]*(~[0-9a-f]{32})?\}$')" 0
done_testing
