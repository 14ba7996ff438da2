#!/bin/sh
# What daemons write, read back: why, tail, stats, hosts.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

redis_start
tool_make <<'END'
limit user-pace 20/1m recipients by sasl.user
on rcpt {
    pace: tempfail 450 4.7.1 "wait ${limit.until}"
          if over user-pace
    idle: reject "no" if rcpt.to == "x@example.net"
}
END
verdict() { # REF QUEUE MORE...
	verdict_ref=$1
	verdict_queue=$2
	shift 2
	event event verdict host mx1 ref "$verdict_ref" queue "$verdict_queue" \
		stage rcpt action tempfail code 450 rule pace \
		at /etc/sluice/rules/site.rules:3 text "wait 15:20 (ref $verdict_ref)" \
		client 192.0.2.7 user anna@example.org from anna@example.org \
		rcpt b@example.net limit user-pace key anna@example.org \
		used 20 max 20 window 1m before 20 retry 52 \
		fact.sasl.user anna@example.org "$@"
}
verdict 4f2a-3 4Xk2p0
verdict 4f2b-1 4Xk2p0 repeats 3 refs '4f2b-1 4f2c-1 4f2d-2'
verdict 5aaa-1 4XK2P0 observed yes
verdict a1b0-1 5Zz
event event verdict host mx1 ref 6bbb-1 stage connect action reject code 550 \
	rule gone at /etc/sluice/rules/site.rules:9 text "$(printf 'a\033[31mb\nc')"

run 0 "why by reference" why 4f2a-3
like "  what and where" "$OUT" '^[0-9-]+ [0-9:]+  tempfail 450 at rcpt$'
like "  the rule and its place" "$OUT" '^  rule +pace \(/etc/sluice/rules/site\.rules:3\)$'
like "  the rule's own lines" "$OUT" '^ +pace: tempfail 450 4\.7\.1 "wait \$\{limit\.until\}"$'
like "  all of them" "$OUT" '^ +if over user-pace$'
unlike "  no others" "$OUT" 'idle:'
like "  the reply" "$OUT" '^  reply +wait 15:20 \(ref 4f2a-3\)$'
like "  the counters before and after" "$OUT" '^ +before 20, then 20 of 20 in 1m$'
like "  when there is room" "$OUT" '^ +room again .*\(in 52s\)$'
like "  the facts" "$OUT" '^  facts +sasl\.user = "anna@example\.org"$'
event event verdict host mx1 ref 7ccc-1 stage message action reject code 550 \
	rule gone text no found 'you have won' in body part 2 fact.body Hello
run 0 "why of a pattern" why 7ccc-1
like "  what it found, and where" "$OUT" '^  found +"you have won" in body, part 2$'
run 0 "as it is read aloud" why 4F2A-3
like "  in any case" "$OUT" '4f2a-3'
run 0 "as it may be read from paper" why albO-I
like "  with letters for digits" "$OUT" 'reference a1b0-1'
run 0 "as it is copied from a reply" why '(ref 4f2a-3)'
run 0 "a repeat by its own reference" why 4F2D-2
like "  says what it is" "$OUT" '4F2D-2 is one of these'
unlike "  only that one" "$OUT" 'reference +4f2a-3'
run 0 "why by queue id" why 4Xk2p0
is "  all of that mail, in order" "$(printf '%s\n' "$OUT" | sed -n 's/^  reference //p' | tr '\n' ' ')" '4f2a-3 4f2b-1 '
run 0 "a queue id in another case" why 4XK2P0
is "  is another mail" "$(printf '%s\n' "$OUT" | sed -n 's/^  reference //p')" 5aaa-1
like "  that was only observed" "$OUT" '^  observed +nothing was done'
run 0 "why --json" why --json 4Xk2p0
json_ok "  is JSON" 'len(it) == 2 and it[0]["used"] == 20 and it[0]["facts"] == {"sasl.user": "anna@example.org"}'
run 0 "a rule that is gone" why 6bbb-1
like "  is said" "$OUT" 'the rules have no such rule any more'
is "  and nothing steers the terminal" "$(printf '%s' "$OUT" | tr -cd '\033')" ''
run 0 "  nor breaks JSON" why --json 6bbb-1
json_ok "  whatever is in a text" 'it[0]["text"] == "a\x1b[31mb\nc"'
run 1 "a reference that is none" why 9zzz-9
like "  is not known" "$ERR" "nothing is known of '9zzz-9'"
run 2 "none" why

# tail_start NAME ARGUMENT...: in the background, output in $T/NAME
tail_start() {
	tail_name=$1
	shift
	"$BUILD/sluice" -c "$tool_conf" tail "$@" \
		< /dev/null > "$T/$tail_name" 2> "$T/$tail_name.err" &
	echo $! > "$T/$tail_name.pid"
	at_exit "kill $! 2> /dev/null"
}
# It reads where the stream ends before it waits.
tails_wait() {
	wait_for 5 redis_has_waiting "$1" || bail "no $1 tails wait"
}
tail_end() {
	kill -INT "$(cat "$T/$1.pid")"
	wait "$(cat "$T/$1.pid")"
}
has() { # FILE ERE
	grep -Eq -- "$2" "$T/$1"
}
cat > "$T/note" <<END
#!/bin/sh
cat >> "$T/noted"
[ ! -e "$T/fails" ] || exit 3
END
printf '#!/bin/sh\nsleep 100 & wait\n' > "$T/hangs"
chmod +x "$T/note" "$T/hangs"

tail_start all
tail_start json --json event=verdict
tail_start filtered rule=pace user=anna client=192.0.2.0/24 observed=no
tail_start runs crossing=over crossing=near --run "$T/note"
tails_wait 4
verdict 7ccc-1 5Xaaaa
verdict 7ccd-1 5Xaaab observed yes
event event operator host mx1 did grant limit user-pace key anna@example.org raise x5 \
	until 1800000000 reason "a list" by root@mx1
cross() { # KIND KEY WINDOW
	event event crossing host mx1 crossing "$1" limit user-pace key "$2" \
		used 20 max 20 window "$3" ref 7ccc-1
}
cross near anna@example.org 2s
cross near anna@example.org 2s
cross over anna@example.org 2s
cross over bob@example.org 2s
cross locked bob@example.org 2s
noted() {
	[ "$(grep -c crossing "$T/noted" 2>/dev/null)" = "$1" ]
}
ok "a program is started for each first crossing" wait_for 5 noted 3
ok "  with the event as JSON" python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
got = sorted((e["crossing"], e["key"], e["used"]) for e in events)
assert got == [("near", "anna@example.org", 20), ("over", "anna@example.org", 20),
	("over", "bob@example.org", 20)], got' "$T/noted"
ok "tail shows refusals" wait_for 5 has all 'mx1 tempfail 450 at rcpt rule=pace .*used=20/20 in 1m .*user=anna@example\.org .*ref=7ccc-1$'
ok "  marks observed ones" wait_for 5 has all 'would tempfail .*ref=7ccd-1 \(only observed\)$'
ok "  and what operators do" wait_for 5 has all 'root@mx1: grant user-pace for anna@example\.org, x5 until .*: a list$'
ok "  and crossings" wait_for 5 has all 'bob@example\.org is locked by user-pace'
ok "a filter takes what it names" wait_for 5 has filtered 7ccc-1
is "  and nothing else" "$(wc -l < "$T/filtered")" 1
ok "tail --json is an object a line" wait_for 5 python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert [e["ref"] for e in events] == ["7ccc-1", "7ccd-1"], events' "$T/json"
sleep 2.5
touch "$T/fails"
cross near anna@example.org 2s
ok "after it was quiet for its window it is started again" wait_for 5 noted 4
ok "  and that it failed is said" wait_for 5 has runs.err "note' for anna@example\.org is near user-pace ended with 3"
rm "$T/fails"

rcli bgsave > /dev/null
redis_kill
ok "a store that goes away is told once" wait_for 5 has all.err 'the store cannot be asked'
redis_start
cross over carol@example.org 2s
ok "  and it goes on when it is back" wait_for 10 has all 'carol@example\.org is over user-pace'
ok "  with its programs" wait_for 5 noted 5
is "  said once" "$(grep -c 'cannot be asked' "$T/all.err")" 1
tail_end all
is "Ctrl-C ends it well" $? 0
tail_end json
tail_end filtered
tail_end runs
rm -f "$T/noted"
tail_start hangs --run "$T/hangs"
tail_start lacks --run nothing-of-this-name
tails_wait 2
cross over dora@example.org 2s
cross over emil@example.org 2s
ok "a program that hangs does not hold up the tail" wait_for 5 has hangs 'emil@example\.org is over'
ok "a program that cannot be started is said" wait_for 5 has lacks.err "cannot be started for dora@example\.org is over user-pace: No such file"
since=$(now_ms)
tail_end hangs
at_most "what still runs at the end is ended" $(($(now_ms) - since)) 8000
is "  with all it started" "$(pgrep -fc "$T/hangs")" 0
tail_end lacks
run 2 "a filter that is none" tail pace
like "  says how" "$ERR" 'KEY=VALUE'
run 2 "a field that no event has" tail ruel=pace
like "  names the nearest" "$ERR" "did you mean 'rule'"
run 1 "a program that is no program" tail --run "$tool_conf"
like "  is found out at once" "$ERR" 'cannot be run'

today=$(date -u +%F)
yesterday=$(date -u -d yesterday +%F)
rcli hset sluice:rule:pace "$today.tempfail" 12 "$yesterday.tempfail" 3 "$yesterday.would-tempfail" 2 > /dev/null
rcli hset sluice:rule:gone "$today.reject" 4 > /dev/null
rcli hset sluice:rule:idle "$today.scan-budget" 6 "$today.regex-limit" 2 > /dev/null
rcli zadd sluice:rules "$(now_ms)" idle > /dev/null
rcli zadd sluice:rules "$(now_ms)" pace "$(now_ms)" gone > /dev/null
run 0 "stats" stats
like "  by rule and day" "$OUT" "^pace +tempfail +15 +$today +- +- +- +- +- +3 +12$"
like "  what would have been apart" "$OUT" "^pace +would tempfail +2 +$yesterday +- +- +- +- +- +2 +-$"
like "  rules that are gone are marked" "$OUT" '^gone +reject +4 .*not in the rules any more$'
like "  what ran out of budget is no hit" "$OUT" "^idle +no answer: scan-budget +6 +$today .* 6$"
like "  of either kind" "$OUT" '^idle +no answer: regex-limit +2 '
like "  rules never hit" "$OUT" '^Never hit in the 90 days that are kept: idle \(.*site\.rules:5\)$'
run 0 "stats of a rule" stats pace
unlike "  of no other" "$OUT" 'gone|idle'
run 0 "stats of many days" stats --days 30 pace
like "  a row for each" "$OUT" "^pace +$yesterday +would tempfail +2$"
run 0 "stats --json" stats --json
json_ok "  is JSON" '{(r["rule"], r["day"], r.get("would")): r["hits"] for r in it}[("pace", "'"$yesterday"'", True)] == 2'
json_ok "  with rules never hit" '[r["hits"] for r in it if r["rule"] == "idle" and not r["day"]] == [0]'
json_ok "  and gone" '[r["exists"] for r in it if r["rule"] == "gone"] == [False]'
run 1 "stats of a rule that is not there" stats pase
like "  names the nearest" "$ERR" "did you mean 'pace'"
run 2 "no number of days" stats --days 0

run 1 "hosts, when there are none" hosts
host() { # NAME RULES SECONDS AGO
	rcli hset "sluice:host:$1" version 0.1.0 rules "$2" timezone UTC \
		store 'redis x' mode enforce started "$(date +%s)" > /dev/null
	rcli zadd sluice:hosts "$(($(now_ms) - $3 * 1000))" "$1" > /dev/null
}
host mx1 aaa 1
host mx2 aaa 2
host mx9 ccc 600
run 0 "hosts" hosts
like "  with what they run" "$OUT" '^mx1 +0\.1\.0 +aaa +UTC +redis x +enforce .* ago$'
like "  one that is silent" "$OUT" '^mx9 .*: silent$'
unlike "  differs from nobody" "$OUT" '\*'
host mx3 bbb 1
run 1 "a host that differs" hosts
like "  is marked" "$OUT" '^mx3 +0\.1\.0 +bbb \* '
run 1 "hosts --json" hosts --json
json_ok "  is JSON" '[h["differs"] for h in it if h["host"] == "mx3"] == [["rules"]]'
done_testing
