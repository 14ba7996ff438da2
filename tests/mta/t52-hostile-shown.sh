#!/bin/sh
# What strangers say - clients, mails, and whoever can write to Redis - through
# all that is printed: logs, replies, events, and each command of the tool, for
# people and as JSON. Nothing steers a terminal, nothing hides.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

hostile() {
	timeout 100 python3 "$TOP/tests/lib/hostile.py" "$@"
}
redis_start
SLUICED_STORE=$REDIS_URL
for name in one two; do
	sluiced_make $name <<'END'
limit pace 10/1h recipients by mail.from
limit pairs 5/1h messages by helo.name, client.ip
table seen string redis
on helo { h: log "helo ${helo.name}" if helo.name }
on mail { tagged: tag "mail", remember helo.name in seen for 1h if helo.name and not helo.name in seen }
on rcpt {
	echo: reject 550 5.7.1 "100% ${helo.name} ${mail.from} ${rcpt.to} ${sasl.user}" if rcpt.to.local =~ /^echo/
	pace: observe tempfail 450 4.7.1 "${limit.max}" if over pace or over pairs
}
on headers { from: log "${from.name} ${from.address} ${header["Subject"]}" if from.name or subject }
on message {
	hold: quarantine "${subject} ${attachment.name}" if subject
	names: log "${attachment.name} ${archive.name}" if attachment.name
	exe:  reject 552 5.7.0 "no ${match}" if archive.name =~ /.*exe$/i
	zips: observe reject 552 5.7.0 "no ${attachment.name}" if attachment.name =~ /zip$/i
}
END
	sluiced_set $name "host = $name.example.org"
	sluiced_set $name "control = unix:$T/$name/control.sock"
	sluiced_set $name 'log_level = debug'
done
sluiced_set two 'log_format = json'
mkdir "$T/out" "$T/logs"
timeout 100 "$BUILD/sluice" -c "$T/one/sluice.conf" tail --json \
	< /dev/null > "$T/out/tail.lines.json" 2> "$T/out/tail-json.err" &
at_exit "kill $! 2> /dev/null"
timeout 100 "$BUILD/sluice" -c "$T/one/sluice.conf" tail \
	< /dev/null > "$T/out/tail" 2>&1 &
at_exit "kill $! 2> /dev/null"
wait_for 5 redis_has_waiting 2 || bail "no two tails wait"
sluiced_start one
sluiced_start two
for name in one two; do
	ok "a client says it all ($name)" hostile smtp "$(sluiced_address $name)"
	cp "$T/tap.out" "$T/out/replies-$name"
done
like "  and is answered" "$(cat "$T/out/replies-one")" '^rcpt: reply 550 5\.7\.1 '
hostile mail "$T/mail.eml"
told() {
	[ "$(rcli xlen sluice:events)" -ge 4 ] && [ "$(wc -l < "$T/out/tail")" -ge 4 ]
}
ok "events are told" wait_for 10 told
hostile redis "$REDIS_PORT" sluice

tool_conf=$T/one/sluice.conf
say() { # NAME COMMAND...: its output into a file; it must not die
	name=$1
	shift
	timeout 30 "$BUILD/sluice" -c "$tool_conf" "$@" < /dev/null \
		> "$T/out/$name" 2> "$T/out/$name.err"
	status=$?
	[ $status -le 2 ] || fail "sluice $* ended with $status"
	[ -s "$T/out/$name" ] || [ -s "$T/out/$name.err" ] || echo "$name" >> "$T/silent"
}
for command in counters grants user why stats hosts top explain replay status; do
	case $command in
	user) arguments=anna@example.org ;;
	why) arguments=$(sed -n 's/.* ref=\([^ ]*\) .*rule=echo.*/\1/p' "$T/one/log" | tail -n 1) ;;
	explain | replay) arguments=$T/mail.eml ;;
	*) arguments= ;;
	esac
	# shellcheck disable=SC2086 # a word, or none
	say $command $command $arguments
	# shellcheck disable=SC2086
	say $command.json $command --json $arguments
done
say table table list seen
say explain-full explain --full "$T/mail.eml"
say counters-limit counters pace
bytes=$(printf 'a\033[2J\302\233b\342\200\256c\377')
say table-add table add seen "$bytes" "$bytes"
say grant grant pace "$bytes@example.org" x5 for 1h reason "$bytes"
say observe observe echo for 1h reason "$bytes"
say reset reset pace "$bytes" reason "$bytes"
say unknown "$bytes"
say user-unknown user "$bytes"
say why-unknown why "$bytes"
say tail-unknown tail "$bytes=1"
printf 'on rcpt { a: reject "%s" if rcpt.to == "%s" nonsense }\n' "$bytes" "$bytes" > "$T/bad.rules"
say check check "$T/bad.rules"
printf 'test "%s"\n\tmail %s\n' "$bytes" "$bytes" > "$T/bad.test"
say test test "$T/bad.test"
say reload reload
printf 'store = memory\nhost = %s\n%s = 1\n' "$bytes" "$bytes" > "$T/bad.conf"
"$BUILD/sluiced" -n -c "$T/bad.conf" > "$T/out/sluiced" 2>&1
"$BUILD/sluiced" -n -c "$T/none-$bytes.conf" >> "$T/out/sluiced" 2>&1
sluiced_log one > "$T/logs/text"
sluiced_log two > "$T/logs/two.lines.json"

ok "logs are clean, text and JSON" hostile judge "$T/logs/text" "$T/logs/two.lines.json"
at_least "  and long" "$(cat "$T/logs/text" "$T/logs/two.lines.json" | wc -l)" 60
like "  marks of direction are written out" "$(cat "$T/logs/text")" 'invoice\\u\{202e\}fdp\.exe'
ok "so is all that the commands said, text and JSON" hostile judge "$T/out/"*
like "and nothing was left out: all was there to be shown" \
	"$(cat "$T/out/tail")" 'x1b\[2J'
is "no command was silent" "$(sort "$T/silent" 2> /dev/null | tr '\n' ' ')" ''
done_testing
