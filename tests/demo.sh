#!/bin/sh
# demo.sh - Sluice at work: a Redis, a Postfix and sluiced with the shipped
# rules, all private to this run, and real mails between them.
#
#   make demo            shows it, then stays until Ctrl-C
#   make demo ONCE=1     shows it and ends
#   make demo PORT=3025  Postfix there (and on the next port for submission)
#
# Everything lives in one folder under ${TMPDIR:-/tmp} and is gone at the end.
TOP=$(cd "$(dirname "$0")/.." && pwd)
PORT=${PORT:-2525}
TAP_NAME=sluice-demo
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/redis.sh"
. "$TOP/tests/lib/sluiced.sh"
. "$TOP/tests/lib/smtp.sh"
. "$TOP/tests/lib/postfix.sh"

# What the shipped rules call the things that the demo shows.
LIMIT='[^-]recipients +by +sasl\.user' # its first rate becomes DEMO_RATE
DEMO_RATE=5/1m
BLOCKED=spammer@spam.example # in rules/tables/blocked-senders.txt

if [ -t 1 ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m')
	good=$(printf '\033[32m') bad=$(printf '\033[31m') plain=$(printf '\033[0m')
else
	bold='' dim='' good='' bad='' plain=''
fi

bail() {
	printf '%s\n' "${bad}make demo: $*$plain" >&2
	tail -n 5 "$T/demo/log" 2>/dev/null >&2
	exit 1
}

title() {
	printf '\n%s\n' "$bold$*$plain"
}

note() {
	printf '   %s\n' "$*"
}

# The dialogue without greetings, what EHLO tells, and commands that came too
# late because one before them was refused.
show_dialogue() {
	printf '%s\n' "$SMTP" | awk -v good="$good" -v bad="$bad" -v plain="$plain" '
		/^S: (220|250-|221|354|503)/ { if ($2 == 503) said = ""; next }
		/^C: / {
			hello = $2 == "EHLO"
			said = "   " $0 "\n"
			if ($0 ~ /^C: (QUIT|DATA)/)
				said = ""
			else if ($0 ~ /^C: \(/)
				said = "   C: Subject: " subject ", " substr($0, 4) "\n"
			else if ($2 == "XCLIENT" || hello) {
				printf "%s", said
				said = ""
			}
			next
		}
		hello && /^S: 250/ { next }
		{ printf "%s", said; said = "" }
		{ print "   " ($2 < 400 ? good : bad) substr($0, 1, 110) plain }
		' subject="$shown_subject"
}

# The rule that decided, from the log, and where it stands.
show_rule() {
	line=$(sluiced_since demo | grep 'verdict .*rule=' | tail -n 1)
	rule=$(printf '%s\n' "$line" | sed -n 's/.* rule=\([^ ]*\).*/\1/p')
	if [ -z "$rule" ]; then
		note "=> accepted: no rule refused it"
		return
	fi
	place=$(cd "$T/demo" && grep -n "^[[:space:]]*$rule:" rules/*.rules |
		head -n 1 | cut -d : -f 1,2)
	note "=> decided by rule=$bold$rule$plain ($place)"
	printf '%s\n' "$line" | sed 's/.*: verdict //' |
		fold -s -w 100 | sed "s/^/      $dim/; s/\$/$plain/"
}

# send TITLE WANTED PORT LINE...: one connection; WANTED is a pattern for the
# codes of its replies.
send() {
	title "$1"
	wanted=$2
	shift 2
	sluiced_mark demo
	shown_subject=$(printf '%s\n' "$@" | sed -n 's/^Subject: //p')
	smtp "$@" QUIT
	show_dialogue
	show_rule
	# shellcheck disable=SC2254 # a pattern
	case $CODES in
	$wanted) ;;
	*) bail "this should have been answered $wanted, but was: $CODES" ;;
	esac
}

# A whole mail of the world to example.org.
world() { # TITLE WANTED; helo, from, subject and body are variables
	send "$1" "$2" "$PORT" 'XCLIENT ADDR=203.0.113.9 NAME=mail.example.com' \
		"EHLO ${helo:-mail.example.com}" \
		"MAIL FROM:<${from:-carol@example.com}>" \
		'RCPT TO:<anna@example.org>' DATA \
		'From: Carol <carol@example.com>' 'To: anna@example.org' \
		"Subject: ${subject:-Minutes of the meeting}" \
		'Message-ID: <demo@example.com>' '' \
		"${body:-Dear Anna, here they are.}" .
}

# A mail of the world whose attachment is a zip.
packed() { # TITLE WANTED
	zip=$(python3 -c 'import base64, io, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    archive.writestr("holiday/setup.exe", "MZ")
print(base64.b64encode(out.getvalue()).decode())')
	send "$1" "$2" "$PORT" 'XCLIENT ADDR=203.0.113.9 NAME=mail.example.com' \
		'EHLO mail.example.com' 'MAIL FROM:<carol@example.com>' \
		'RCPT TO:<anna@example.org>' DATA \
		'From: Carol <carol@example.com>' 'Subject: My holiday' \
		'Message-ID: <demo@example.com>' 'MIME-Version: 1.0' \
		'Content-Type: image/jpeg; name="beach.jpg"' \
		'Content-Transfer-Encoding: base64' '' "$zip" .
}

# anna, logged in, writes to N people at once.
anna() { # TITLE WANTED FIRST-NAME N
	send "$1" "$2" $((PORT + 1)) \
		'XCLIENT ADDR=198.51.100.7 NAME=home.example.net LOGIN=anna@example.org' \
		'EHLO laptop.example.net' 'MAIL FROM:<anna@example.org>' \
		"@repeat $4 RCPT TO:<$3%d@example.net>" DATA \
		'From: Anna <anna@example.org>' 'Subject: Hello' '' 'Hello to all.' .
}

for port in "$PORT" $((PORT + 1)); do
	! is_listening "$port" ||
		bail "port $port is in use; choose another by: make demo PORT=3025"
done
[ "$(id -u)" = 0 ] || bail "Postfix can only be started by root"
[ -x "$BUILD/sluiced" ] || bail "$BUILD/sluiced is not there; run make first"

title "Starting a private Redis, sluiced and Postfix"
redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make demo < /dev/null
cp -r "$TOP/rules/." "$T/demo/rules/"
rm "$T/demo/rules/test.rules"
rules=$T/demo/rules/submission.rules
sed -i -E "/^limit .*$LIMIT/ s#[0-9]+[kM]?/[0-9]+[smhdw]#$DEMO_RATE#" "$rules"
grep -q "^limit .*$DEMO_RATE" "$rules" ||
	bail "no limit of recipients by sasl.user in rules/submission.rules"
sluiced_start demo
postfix_port_mx=$PORT postfix_port_submission=$((PORT + 1))
postfix_start postfix "$(sluiced_milter demo)"
note "Redis on port $REDIS_PORT, sluiced on $(sluiced_milter demo)"
note "Postfix on 127.0.0.1:$PORT (mx) and $((PORT + 1)) (submission); it throws mail away"
note "rules: those of rules/, with one limit lowered to $DEMO_RATE"

world "1. A mail that nobody minds" '*354 250 221'
helo=localhost world "2. A client that calls itself localhost" '220 220 250 550 *'
from=$BLOCKED world \
	"3. A sender of the table blocked-senders.txt" '220 220 250 550 *'
subject='You are the lucky lottery winner' world \
	"4. A subject that a regular expression knows" '*354 550 221'
subject='I know your secret' \
	body='I recorded you with your webcam. Pay to this bitcoin wallet: 1Demo.' \
	world "5. A body that a regular expression knows" '*354 550 221'
packed "6. A program in a zip that calls itself a photo" '*354 552 221'
anna "7. anna, logged in, writes to six people; her limit is $DEMO_RATE" \
	'220 220 250 250 250 250 250 250 250 450 354 250 221' friend 6

title "What Sluice counted: sluice counters"
"$BUILD/sluice" -c "$T/demo/sluice.conf" counters | sed 's/^/   /'
key=$(rcli --scan --pattern 'sluice:limit:*{anna@example.org}' | sort | head -n 1)
title "The same in Redis: redis-cli -p $REDIS_PORT HGETALL '$key'"
rcli hgetall "$key" | sed 's/^/   /'
[ -n "$key" ] || bail "there is no key of anna's"

title "Now the rule is edited ($DEMO_RATE becomes 8/1m) and sluiced told: kill -HUP"
sed -i "s#$DEMO_RATE#8/1m#" "$rules"
grep -n '8/1m' "$rules" | sed 's/^/   submission.rules:/'
sluiced_reload demo
sluiced_since demo | tail -n 1 | sed 's/^/   /'
anna "8. anna goes on: three more fit, for what she sent is still counted" \
	'220 220 250 250 250 250 250 450 354 250 221' colleague 4

tool() { # WORDS of sluice, shown as they are typed
	title "$1: sluice $2"
	eval "set -- $2"
	"$BUILD/sluice" -c "$T/demo/sluice.conf" "$@" > "$T/said" 2>&1
	status=$?
	sed 's/^/   /' "$T/said"
	[ $status = 0 ] || bail "sluice $* ended with $status"
}

ref=$(printf '%s\n' "$SMTP" | sed -n 's/.*(ref \([^)]*\)).*/\1/p' | tail -n 1)
tool "anna calls the help desk" 'user anna@example.org'
sleep 3 # what repeats is told of a moment later
tool "She reads out her reference" "why $ref"
tool "She is given more for the afternoon" \
	'grant user-pace anna@example.org x5 for 4h reason "the invitation"'
sleep 2 # that long a daemon may remember who was over
anna "9. anna goes on at once" '*250 250 250 250 354 250 221' invited 4

title "That was it."
if [ -n "${ONCE:-}" ]; then
	exit 0
fi
cat <<END
   All of it keeps running until Ctrl-C. Meanwhile, from another terminal:

   send a mail      swaks --server 127.0.0.1:$PORT --from you@example.com --to anna@example.org
   as a user        swaks --server 127.0.0.1:$((PORT + 1)) --xclient 'LOGIN=bob@example.org' \\
                        --from bob@example.org --to you@example.com
   edit rules       $T/demo/rules/*.rules
   check them       $BUILD/sluice check $T/demo/rules/*.rules
   take them up     kill -HUP $(sluiced_pid demo)
   read the log     tail -f $T/demo/log
   see counters     $BUILD/sluice -c $T/demo/sluice.conf counters
   see it happen    $BUILD/sluice -c $T/demo/sluice.conf tail
   who is near      $BUILD/sluice -c $T/demo/sluice.conf top
   and in Redis     redis-cli -p $REDIS_PORT --scan
END
trap 'echo; exit 0' INT TERM
while is_running "$(sluiced_pid demo)"; do
	sleep 1 &
	wait $!
done
bail "sluiced ended: $(tail -n 3 "$T/demo/log")"
