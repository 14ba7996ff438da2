#!/bin/sh
# sluice replay: mails of every kind of folder and file through the rules.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

REDIS_URL=memory
tool_make <<'END'
limit pace 1/1h messages by client.ip
table seen string redis
on mail { bounces: observe reject "no bounces" if bounce }
on rcpt {
	gone: reject 550 5.1.1 "no such user" if rcpt.to == "gone@example.org"
	slow: tempfail "wait" if over pace or helo.name in seen
}
on headers {
	friend: accept if from.address == "friend@example.net"
	lottery: reject "no lotteries" if subject =~ /lottery/i
}
on message {
	counted: remember helo.name in seen for 1h
	hello: score 2 if subject =~ /hello/i
	would: observe tempfail "score" if score >= 2
}
END
cd "$T" || exit 1

# mail SUBJECT [RECIPIENT [FROM]]: one on standard output
mail() {
	printf 'Return-Path: <%s>\nReceived: from h (n.example.net [198.51.100.7]) by mx\n' "${3-a@example.net}"
	printf 'Delivered-To: %s\nFrom: %s\nSubject: %s\n\nSome text\n' \
		"${2:-b@example.org}" "${3-a@example.net}" "$1"
}
from='From a@example.net Thu Jan  1 00:00:00 2026'
mkdir -p mails/deep/er maildir/cur maildir/new maildir/tmp maildir/.Sent/cur maildir/.Sent/new
mail Hello > mails/1.eml
mail "the Lottery" > mails/deep/2.eml
mail plain | sed 's/$/\r/' > mails/deep/er/3
mail hidden > mails/.hidden
mail x gone@example.org > maildir/cur/1:2,S
mail lottery b@example.org friend@example.net > maildir/new/2
mail not-yet > maildir/tmp/3
mail x b@example.org '' > maildir/.Sent/cur/4:2,
echo 3 V1 > maildir/dovecot-uidlist
{
	for n in 1 2 3; do
		echo "$from"
		mail "Hello $n"
		printf '>From here on\nContent-Length: 1\n\n'
	done
} > box
{ echo "$from"; mail lottery; } > one

run 0 "a folder" replay mails
is "  its mails, whatever they are called" "$(printf '%s\n' "$OUT" | sed -n '1s/ in .*//p')" "3 mails"
like "  a rule's hits, and an example" "$OUT" '^lottery +1 +- .* mails/deep/2\.eml$'
like "  would-have hits" "$OUT" '^would +- +1 .* mails/1\.eml$'
like "  one that never hit" "$OUT" '^gone +- +- +[<0-9.]+% +[0-9.]+us$'
like "  the verdicts" "$OUT" '^reject by lottery +1 +33\.3%$'
like "  accepted, by no rule" "$OUT" '^accept +2 +66\.7%$'
like "  each mail meets empty counters and tables" "$OUT" '^slow +- +- '
is "  no line ends with a blank" "$(printf '%s\n' "$OUT" | grep -c ' $')" 0
is "  nor is wider than 80 columns" "$(printf '%s\n' "$OUT" | awk 'length > 80' | wc -l)" 0

run 0 "a Maildir" replay maildir
is "  cur, new and its folders, nothing else" "$(printf '%s\n' "$OUT" | sed -n '1s/ in .*//p')" "3 mails"
like "  the recipient is from the mail" "$OUT" '^reject by gone +1 '
like "  so is the sender" "$OUT" '^bounces +- +1 .* maildir/\.Sent/cur/4:2,$'
like "  an accept ends the rules" "$OUT" '^accept by friend +1 '

run 0 "a mailbox" replay box
like "  its mails are named by number" "$OUT" '^hello +3 .* box:1$'
like "  at most three are named" "$OUT" '^ +box:3$'
run 0 "a mailbox of one mail" replay one
like "  needs no number" "$OUT" '^lottery +1 .* one$'
"$BUILD/sluice" -c "$tool_conf" replay - < box > "$T/stdout" 2> "$T/stderr"
is "standard input as a mailbox" $? 0
like "  is named so" "$(cat "$T/stdout")" '^hello +3 .* -:1$'
mail Hello | "$BUILD/sluice" -c "$tool_conf" replay - > "$T/stdout" 2> "$T/stderr"
is "standard input as one mail" $? 0
like "  is named so" "$(cat "$T/stdout")" '^hello +1 .* -$'
run 0 "several" replay mails box maildir
like "  all together" "$OUT" '^9 mails in '
is "  examples by argument and name" "$(printf '%s\n' "$OUT" | sed -n '/^hello/,/^would/s/.* //p' | head -n 3 | tr '\n' ' ')" \
	'mails/1.eml box:1 box:2 '

run 1 "what cannot be read is a finding" replay mails none.eml
like "  and is named with its reason" "$OUT" '^  none\.eml: No such file or directory$'
like "  the others are run" "$OUT" '^3 mails in '
: > empty
gzip -c one > one.gz
run 1 "an empty file and a compressed one" replay empty one.gz
like "  named, too" "$OUT" '^  empty: is empty$'
like "  with what to do" "$OUT" '^  one\.gz: is compressed \(zcat FILE'
mkfifo pipe
{ mail Hello; head -c 70000000 /dev/zero; } > pipe &
run 1 "a mail over 64 MB" replay pipe
like "  is not run" "$OUT" '^  pipe: is larger than 64 MB$'
run 1 "an empty folder" replay maildir/tmp/none "$T/maildir/.Sent/new"
like "  has no mails" "$OUT" '^0 mails in '
head -c 3000 /dev/urandom > noise
printf 'a\0b: c\n\n\0\n' > nul
run 0 "what is no mail is run all the same" replay noise nul
run 2 "no argument" replay
run 2 "a wrong address" replay --client 300.1.1.1 mails
like "  is named" "$ERR" "'300\.1\.1\.1'"
run 2 "no threads" replay --threads 0 mails
printf 'on mail { x: reject "x" if mail.form == "x" }\n' > broken.rules
run 1 "rules that are wrong" replay --against broken.rules mails
like "  are told as check does" "$ERR" '^broken\.rules:1:28: error: '

run 0 "the envelope by options" replay --client 203.0.113.9 --from '<>' --rcpt gone@example.org mails
like "  the recipient" "$OUT" '^reject by gone +3 '
like "  the sender" "$OUT" '^bounces +- +3 '
run 0 "two recipients, of whom one is there" replay --rcpt gone@example.org --rcpt b@example.org mails
like "  the rule hits" "$OUT" '^gone +3 '
like "  the mail goes on" "$OUT" '^accept +2 '
run 0 "--json" replay --json mails box
json_ok "  is JSON" '(it["mails"] == 6 and it["unreadable"] == 0 and
	[r["examples"] for r in it["rules"] if r["rule"] == "lottery"] == [["mails/deep/2.eml"]] and
	{(v["verdict"], v["rule"]): v["mails"] for v in it["verdicts"]} ==
	{("accept", None): 5, ("reject", "lottery"): 1})'
run 0 "one thread finds the same" replay --json --threads 1 mails box
cp stdout one.json
run 0 "  as nine" replay --json --threads 9 mails box
ok "  but for the time" python3 - <<-'END'
	import json
	def found(path):
	    it = json.load(open(path))
	    return it["mails"], it["verdicts"], [
	        (r["rule"], r["hits"], r["would"], r["examples"]) for r in it["rules"]]
	assert found("one.json") == found("stdout")
END

printf 'on message { packed: reject "${1}" if archive.name =~ /([a-z]+\.exe)$/ }\n' > packed.rules
run 1 "attachments are looked into" replay --json --against packed.rules "$TOP/tests/replay/mail/archives.eml"
json_ok "  by helper processes" '([v["rule_is"] for v in it["verdicts"]] == ["packed"])'

# Against other rules: only what changes.
sed 's,/lottery/,/lottery|hello/,; s/hello: score 2/hello: score 1/' "$T/conf/rules/site.rules" > other.rules
run 1 "other rules" replay --against other.rules mails box
like "  a verdict that changes" "$OUT" '^accept +reject by lottery +4 +mails/1\.eml$'
like "  a rule that hits others" "$OUT" '^lottery +1 +5 +4 +mails/1\.eml$'
like "  one that is not reached any more" "$OUT" '^would +4 would +- +4 '
unlike "  no other rule" "$OUT" '^(gone|bounces|friend)'
run 1 "  as JSON" replay --json --against other.rules mails box
json_ok "    the same" '([(v["was"], v["is"], v["rule_is"], v["mails"]) for v in it["verdicts"]] ==
	[("accept", "reject", "lottery", 4)] and
	[r["rule"] for r in it["rules"]] == ["lottery", "counted", "hello", "would"])'
run 0 "the same rules" replay --against "$T/conf/rules/site.rules" mails box maildir
like "  change nothing" "$OUT" '^Nothing changes: '
printf 'on rcpt { new: observe reject "x" if rcpt.to == "b@example.org" }\n' > more.rules
run 1 "several files take the place of all rules" replay --against "$T/conf/rules/site.rules" --against more.rules mails
like "  a rule that is new" "$OUT" '^new +no rule +3 would +3 '
unlike "  no verdict changes" "$OUT" '^VERDICT'

# A terminal.
{
	i=0
	while [ $i -lt 15 ]; do
		cat box
		i=$((i + 1))
	done
} > piece
: > large
i=0
while [ $i -lt 100 ]; do
	cat piece >> large
	i=$((i + 1))
done
# term ROWS COLUMNS STEP...: $SCREEN, of a replay that goes on until it is ended
term() {
	rm -f endless
	mkfifo endless
	(while cat large; do :; done) > endless 2> /dev/null &
	SCREEN=$(TERM=xterm timeout 30 python3 "$TOP/tests/lib/terminal.py" "$@" -- \
		sh -c 'trap : INT; "$@"; status=$?; sleep 0.3; exit $status' - \
		"$BUILD/sluice" -c "$tool_conf" replay endless 2>&1)
}
term 40 40 1.5 'key \x03' 10
like "Ctrl-C ends a replay with what was found" "$SCREEN" 'Interrupted\. .* mails in '
like "  it is a finding" "$SCREEN" '^status=1$'
like "  the terminal is as it was" "$SCREEN" '^restored=yes$'
like "  rules were counted" "$SCREEN" '^hello +[0-9]+ '
SCREEN=$(TERM=xterm timeout 30 python3 "$TOP/tests/lib/terminal.py" 40 60 5 -- \
	sh -c '"$0" -c "$1" replay --threads 1 large large large | head -n 1 | sed "s/^/found /"; sleep 0.3' \
	"$BUILD/sluice" "$tool_conf" 2>&1)
like "on a terminal a bar tells how far it is" "$SCREEN" '[0-9]+%  \[[#.]{10,}\]  [0-9]+ mails'
is "  it never wraps" "$(printf '%s\n' "$SCREEN" | head -n 1 | sed 's/found.*//' |
	tr '%' '\n' | awk 'length > 62' | wc -l)" 0
like "  and is gone at the end" "$SCREEN" 'found 13500 mails'
is "without a terminal there is none" "$("$BUILD/sluice" -c "$tool_conf" replay large 2>&1 > "$T/stdout" | wc -c)" 0
before=$(now_ms)
run 0 "a corpus larger than its memory" replay large large large large
at_most "  in good time (ms)" $(($(now_ms) - before)) 20000
done_testing
