#!/bin/sh
# Many patterns: what check says of them, and that compiling a thousand holds up
# no mail: the old rules answer until the new ones are whole.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

REDIS_URL=memory
tool_make <<'END'
table bad regex { /(x+x+)+y/, m{fine} }
on message {
    explodes: tag "a" if body.raw =~ /(a+)+$/
    either:   tag "a" if body.raw =~ /(?:a|b)*[cd]/
    harmless: tag "a" if body.raw =~ /\byou (have )?won\b/i
    script:   tag "a" if body.raw =~ /<script\b[^>]{0,200}>/i
    address:  tag "a" if body.raw =~ /[a-z]{1,20}@[a-z.]{1,40}\.example/i
    verb:     tag "a" if body.raw =~ /(*COMMIT)abc/
    empty:    tag "a" if body.raw =~ /x?/
    looks:    tag "a" if body.raw =~ /foo(?!bar)(?<=o)/
    again:    tag "a" if body.raw =~ /(q)\1/ and "${subject}" in bad
    name:     tag "a" if attachment.name =~ /[^\/]*\.exe$/
}
END
run 0 "check -v" check -v
if printf '%s\n' "$OUT" | grep -q '^libhs: .*; patterns are tried one by one$'; then
	has_libhs=no
	like "  says that libhs is not there" "$OUT" '^scan of body\.raw: 9 patterns, one by one$'
	unlike "  and that it refuses nothing" "$OUT" 'by itself'
else
	has_libhs=yes
	like "  tells which fact is scanned" "$OUT" '^scan of body\.raw: 9 patterns, together; tried by themselves: 2$'
	like "  and which patterns are not, and why" "$OUT" \
		'site\.rules:8: rule verb: /\(\*COMMIT\)abc/ is tried by itself: a verb, at byte 1$'
	is "  no others" "$(printf '%s\n' "$OUT" | grep -c 'by itself')" 2
fi
like "  and tables" "$OUT" '^scan of table bad: 2 patterns, one by one: they are few$'
run 0 "check" check
unlike "  without -v says nothing of it" "$OUT" 'scan of|libhs'
run 0 "check --slow warns" check --slow
like "  of what explodes" "$ERR" \
	'site\.rules:3: warning: rule explodes: /\(a\+\)\+\$/ .*regex_match_limit = 10000 on 20000 times "a" and a control character'
like "  on what its own text says" "$ERR" 'site\.rules:4: warning: rule either: '
like "  in tables, too" "$ERR" 'site\.rules:1: warning: table bad: /\(x\+x\+\)\+y/ .* times "x"'
# A name has at most 1 KiB, of which this one makes nothing much.
unlike "  and of nothing harmless" "$ERR" 'harmless|script|address|fine|again|name'
like "  and counts" "$OUT" '^12 patterns tried, 3 slow$'
cat > "$T/conf/rules/bad.txt" <<'END'
# words
/fine/
/^(z|z)*$/  value
END
echo 'table words regex file "bad.txt" on headers { t: tag "t" if subject in words }' \
	> "$T/conf/rules/site.rules"
run 0 "check --slow of a table's file" check --slow
like "  names its line" "$ERR" 'bad\.txt:3: warning: table words: '

sluiced_make daemon <<'END'
on message { word: reject 550 5.7.1 "old word" if body.raw =~ /forbidden/ }
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
send() {
	smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
		'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'forbidden' . QUIT
}
send
like "the old rules" "$SMTP" '^S: 550 5\.7\.1 old word'
awk 'BEGIN {
	print "on message {"
	for (i = 0; i < 1000; i++)
		printf "r%d: tag \"t\" if body.raw =~ /\\b(?:word%dx|%dth\\s+offer)\\b.{0,20}(?:now|today)/i\n", i, i * 7919 % 10007, i
	print "word: reject 550 5.7.1 \"new word\" if body.raw =~ /forbidden/"
	print "}"
}' > "$T/daemon/rules/test.rules"
# An open connection across the change.
python3 "$TOP/tests/lib/smtp.py" talk "$MX" 'EHLO a.example' \
	'MAIL FROM:<a@example.org>' '@wait 3' 'RCPT TO:<b@example.net>' DATA \
	'Subject: x' '' 'forbidden' . QUIT > "$T/open" 2>&1 &
open_pid=$!
wait_for 10 grep -q '^S: 250 2\.1\.0' "$T/open" || bail "no open connection"
load "$MX" --clients 2 --messages 5 --recipients 1 --seconds 4 \
	> "$T/load" 2> "$T/load.err" &
load_pid=$!
sluiced_mark daemon
kill -HUP "$(sluiced_pid daemon)"
since=$(now_ms)
send
took=$(($(now_ms) - since))
is_loaded=no
! sluiced_says daemon 'reload result=good' || is_loaded=yes
if [ $has_libhs = yes ]; then
	is "a thousand patterns are still being compiled" $is_loaded no
	like "  when a mail is answered, by the old rules" "$SMTP" '^S: 550 5\.7\.1 old word'
else
	like "a mail is answered meanwhile" "$SMTP" '^S: 550 5\.7\.1 (old|new) word'
fi
at_most "  soon (ms)" $took 1500
ok "the new rules come" wait_for 30 sluiced_says daemon 'reload result=good rules=1001 '
wait $load_pid
wait $open_pid
got=$(cat "$T/load")
is "no connection was dropped meanwhile" "$(count lost "$got")" 0
at_most "nobody waited long (ms)" "$(count slowest_ms "$got")" 3000
is "the open connection has the old rules" \
	"$(grep -c '^S: 550 5\.7\.1 old word' "$T/open")" 1
send
like "a new one has the new rules" "$SMTP" '^S: 550 5\.7\.1 new word'
done_testing
