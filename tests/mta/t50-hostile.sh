#!/bin/sh
# Hostile bytes in HELO, addresses and headers, through a real MTA: they
# break no log line, no reply and no Redis key.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit senders 1000/1h messages by mail.from, helo.name
limit quota   2/1h recipients by rcpt.to
on helo {
	logged: log "helo is ${helo.name}" if helo.name
}
on rcpt {
	never: tempfail 450 4.7.1 "${helo.name} ${mail.from} ${rcpt.to}" if over quota or over senders
	echo:  reject 550 5.7.1 "100% sure: ${helo.name} says ${mail.from} to ${rcpt.to}" if rcpt.to.local =~ /^echo/
}
on headers {
	word: reject 550 5.7.1 "subject: ${subject}" if header["X-Refuse"]
}
on message {
	list: add-header "X-Seen" "${subject}" if subject
}
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)" \
	'postfix: strict_rfc821_envelopes = no' \
	"sendmail: define(\`confALLOW_BOGUS_HELO', \`true')" \
	"sendmail: define(\`confMAX_HEADERS_LENGTH', \`200000')"

long=$(printf '%0900d' 0)
# HELO and sender are hostile; every reply is one line of printable ASCII.
try() { # NAME HELO SENDER RECIPIENT
	smtp "$MX" "EHLO $2" "MAIL FROM:<$3>" "RCPT TO:<$4>" RSET NOOP QUIT
	unlike "$1: no reply is broken" "$SMTP" '^S: .*\\x|^S: [^0-9]|^E: '
	like "$1: the dialogue goes on" "$CODES" '250 221$'
}
try "control characters" 'a\x01\x02\x1b[31mb' 'x\x07y\x1b[2J@example.org' 'echo\x08@example.net'
try "percent signs" '%s%n%d%%' '%s%s%n@example.org' 'echo%s%n%x%%@example.net'
like "  each is said once" "$SMTP" \
	'^S: 550 5\.7\.1 <?.*100% sure: %s%n%d%% says %s%s%n@example\.org to echo%s%n%x%%@'
try "quotes" '"quoted"' '"a\\"b c"@example.org' '"echo \\" rule=fake"@example.net'
try "8-bit" 'h\xe4\xff' 'm\xfc@example.org' 'echo\xff\xfe@example.net'
try "UTF-8" 'gr\xc3\xbc\xc3\x9f' 'm\xc3\xbcller@example.org' 'echo\xc3\xa9@ex\xc3\xa4mple.net'
try "braces and globs" '{a}:{b}' '{x}*?[a]@example.org' 'echo{*}@example.net'
try "equal signs" 'a=b=c' 'action=accept@example.org' 'echo=x@example.net'
try "very long" "$long" "x$long@example.org" "echo$long@example.net"
try "empty" '' '' 'echo@example.net'

mail() { # NAME HEADER...: accepted by Postfix, refused by X-Refuse
	name=$1
	shift
	smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
		'RCPT TO:<b@example.net>' DATA 'X-Refuse: yes' "$@" '' 'Body.' . QUIT
	like "$name: answered" "$CODES" '354 550 221$'
	unlike "$name: by a whole reply" "$SMTP" '^S: .*\\x|^S: [^0-9]|^E: '
}
mail "a header of control characters" 'Subject: a\x01\x1b[31m\x7fb'
mail "a header of percent signs" 'Subject: %s%n%% 100% ${rcpt.to}'
mail "an 8-bit header" 'Subject: \xff\xfe \xe4\xf6'
mail "encoded words with CR LF in them" \
	'Subject: =?utf-8?Q?x=0D=0A250_ok=0D=0Arule=3Dfake?='
mail "encoded words with NUL" 'Subject: =?utf-8?Q?a=00b?='
python3 -c 'print("Subject: " + "\n ".join("x" * 900 for i in range(72)))' > "$T/big"
mail "a header of 64 KiB" "@file $T/big"
python3 -c 'print("Subject: " + "=?utf-8?B?" * 6000)' > "$T/words"
mail "a header of broken encoded words" "@file $T/words"
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' 'RCPT TO:<b2@example.net>' \
	DATA "@file $T/big" '' 'Body.' . QUIT
like "64 KiB of subject in an added header: accepted" "$CODES" '354 250 221$'

log=$(sluiced_log daemon)
is "every line of the log is one of ours" \
	"$(printf '%s\n' "$log" | grep -Evc '^sluiced\[[0-9]+\]: ')" 0
is "none has a control character" \
	"$(sluiced_log daemon | tr -d '\n' | tr -cd '\000-\037\177' | wc -c)" 0
is "none is longer than 4 kB" "$(printf '%s\n' "$log" | awk 'length > 4096' | wc -l)" 0
# what is left of a line without its quoted values
unlike "no value begins a key" \
	"$(printf '%s\n' "$log" | sed -E 's/"([^"\\]|\\.)*"//g')" 'fake'
refused=$(printf '%s\n' "$log" | grep -c ' rule=echo ')
at_least "refusals were logged" "$refused" 4
is "each value has its end" \
	"$(printf '%s\n' "$log" | grep ' rule=echo ' | grep -Evc ' rcpt="([^"\\]|\\.)*"( |$)')" 0

rcli --scan > "$T/keys"
is "keys are of the allowed characters" \
	"$(grep -Ev '^sluice:(generation|events|rules|hosts|(rule|hot|host):[a-zA-Z0-9.-]+)$' \
		"$T/keys" | grep -Evc '^sluice:limit:[a-z-]+:\{[A-Za-z0-9.@_+=:/,%-]*(~[0-9a-f]{32})?\}$')" 0
at_most "and none is long" "$(awk 'length > n { n = length } END { print n + 0 }' "$T/keys")" 400
ok "the daemon lives" is_running "$(sluiced_pid daemon)"
done_testing
