#!/bin/sh
# What operators change: grants, resets, switched rules, tables in Redis - by
# the names in the rules, each with an event of who did it and why.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

redis_start
tool_make <<'END'
table vip      address { "boss@example.org" }
table suspects string  redis
table nets     cidr    redis
limit user-pace 20/1m, 200/1h recipients by sasl.user
limit pair      5/1h messages by client.ip, mail.from
on mail {
    sus:  reject "no" if sasl.user in suspects or client.ip in nets
    two:  reject "no" if over pair and not mail.from in vip
}
on rcpt {
    pace: tempfail 450 4.7.1 "wait" if over user-pace
    odd:  observe reject "odd" if rcpt.to == "x@example.net"
}
END
# last_event FIELD: of the newest event
last_event() {
	rcli xrevrange sluice:events + - COUNT 1 | tail -n +2 |
		awk -v want="$1" 'NR % 2 { name = $0; next } name == want'
}

run 0 "grant x5" grant user-pace Anna x5 for 4h reason "a list of ours"
like "  says what it means" "$OUT" \
	'^anna@example\.org: user-pace 20/1m, 200/1h -> 100/1m, 1k/1h until .*\(in 4h\)$'
like "  stands in Redis as documented" "$(rcli get 'sluice:grant:user-pace:{anna@example.org}')" \
	'^x5 until=[0-9]+ reason="a list of ours" by=.+@desk$'
is "  is an event" "$(last_event did) $(last_event limit) $(last_event key) $(last_event raise)" \
	'grant user-pace anna@example.org x5'
is "  with its reason" "$(last_event reason)" 'a list of ours'
like "  and who did it" "$(last_event by)" '^.+@desk$'
is "  where" "$(last_event host)" desk.example.org
SUDO_USER=mallory
export SUDO_USER
run 0 "grant of rates in place of its own" grant user-pace bob 40/1m, '2000 daily' for 30m reason x
unset SUDO_USER
like "  says so" "$OUT" 'bob@example\.org: user-pace 20/1m, 200/1h -> 40/1m, 2k daily until'
like "  by the one who used sudo" "$(last_event by)" '^mallory@'
run 0 "grant unlimited for a compound key" grant pair '192.0.2.7, Anna' unlimited for 1d reason x
is "  its key is complete" "$(rcli exists 'sluice:grant:pair:{192.0.2.7,anna@example.org}')" 1
run 2 "grant without a reason" grant user-pace anna x5 for 4h
like "  asks for one" "$ERR" 'needs a reason'
run 2 "grant without a time" grant user-pace anna x5 reason x
run 2 "grant of nothing" grant user-pace anna for 4h reason x
run 2 "grant of what is no raise" grant user-pace anna times5 for 4h reason x
like "  says what is" "$ERR" 'times5'
run 2 "a duration that is none" grant user-pace anna x5 for ever reason x
run 1 "grant of a limit that is not there" grant user-pase anna x5 for 4h reason x
like "  names the nearest" "$ERR" "there is no limit 'user-pase'; did you mean 'user-pace'"
run 1 "grant for a key that is none" grant pair anna x5 for 4h reason x
like "  says what is" "$ERR" 'client\.ip, mail\.from'
run 0 "grants" grants
like "  the one that ends first is the first" "$(printf '%s\n' "$OUT" | sed -n 2p)" 'bob@example\.org.*40/1m'
like "  with what it means, who and why" "$OUT" 'x5 \(100/1m, 1k/1h\) .*@desk +a list of ours'
run 0 "grants of one limit" grants pair
unlike "  no other" "$OUT" 'user-pace'
run 0 "grants --json" grants --json
json_ok "  is JSON" 'len(it) == 3 and it[0]["raise"].startswith("40/1m")'
run 0 "grant off" grant user-pace anna off reason "list is sent"
like "  says what is again" "$OUT" 'anna@example\.org: user-pace is 20/1m, 200/1h again'
is "  is gone" "$(rcli exists 'sluice:grant:user-pace:{anna@example.org}')" 0
is "  and an event" "$(last_event did) $(last_event reason)" 'revoke list is sent'
run 1 "grant off of none" grant user-pace anna off

slots user-pace anna@example.org recipients 1m 60 20 20
rcli set 'sluice:lock:user-pace:{anna@example.org}' \
	"until=$(($(date +%s) + 600)) reason=\"21 of 20\" by=mx1" > /dev/null
run 0 "reset" reset user-pace ANNA reason "was us"
is "  ends counts and lock" "$(rcli exists 'sluice:limit:user-pace:{anna@example.org}' 'sluice:lock:user-pace:{anna@example.org}')" 0
is "  is an event" "$(last_event did) $(last_event key) $(last_event reason)" 'reset anna@example.org was us'
run 1 "reset of nothing" reset user-pace anna
run 1 "reset of a limit that is not there" reset user-pase anna
like "  names the nearest" "$ERR" "did you mean 'user-pace'"

run 0 "observe" observe pace for 1h reason "help desk is swamped"
like "  says where the rule is" "$OUT" 'pace \(.*site\.rules:11\) is only observed on all hosts until'
like "  stands in Redis as documented" "$(rcli hget sluice:observe pace)" \
	'^until=[0-9]+ reason="help desk is swamped" by=.+@desk$'
is "  is an event" "$(last_event did) $(last_event rule)" 'observe pace'
run 0 "check" check
like "  tells of it" "$ERR" "note: rule 'pace' is observed until .*help desk is swamped"
run 0 "stats" stats
like "  does, too" "$OUT" 'pace \(.*observed until .*help desk is swamped'
run 0 "enforce" enforce pace
is "  ends it" "$(rcli hexists sluice:observe pace)" 0
is "  is an event" "$(last_event did) $(last_event rule)" 'enforce pace'
run 1 "enforce of what is enforced" enforce pace
run 1 "enforce of what its file observes" enforce odd
like "  says where" "$ERR" "take the word 'observe' out at .*site\.rules:12"
run 1 "observe of what its file observes" observe odd for 1h reason x
run 2 "observe without a reason" observe pace for 1h
run 2 "observe without a time" observe pace reason x
run 1 "observe of a rule that is not there" observe pase for 1h reason x
like "  names the nearest" "$ERR" "there is no rule 'pase'; did you mean 'pace'"

run 0 "table add" table add suspects Anna "since monday" for 4h reason "odd mail"
like "  says what is in it now" "$OUT" "^anna@example\.org is in suspects with 'since monday' until .*\(in 4h\)$"
like "  stands in Redis as documented" "$(rcli hget sluice:table:suspects anna@example.org)" '^[0-9]+ since monday$'
is "  is an event" "$(last_event did) $(last_event table) $(last_event entry) $(last_event reason)" \
	'table-add suspects anna@example.org odd mail'
run 0 "table add of a network" table add nets 192.0.2.0/24
run 1 "table add of what is none" table add nets 192.0.2.1/24
like "  says what was meant" "$ERR" '192\.0\.2\.0/24'
run 1 "table add to a table of the rules" table add vip anna@example.org
like "  says where that is" "$ERR" 'site\.rules:1'
run 1 "table add to none" table add suspect anna
like "  names the nearest" "$ERR" "did you mean 'suspects'"
run 0 "table list NAME" table list suspects
like "  has it" "$OUT" '^anna@example\.org +since monday +.*\(in 4h\)$'
run 0 "table list NAME --json" table list suspects --json
json_ok "  is JSON" 'it[0]["entry"] == "anna@example.org" and it[0]["until"]'
run 0 "table list" table list
like "  counts" "$OUT" '^suspects +string +1$'
run 0 "table remove" table remove suspects anna
is "  removes" "$(rcli hexists sluice:table:suspects anna@example.org)" 0
is "  is an event" "$(last_event did)" table-remove
run 1 "table remove of what is not in it" table remove suspects anna
run 0 "a set made by hand" table list nets
rcli del sluice:table:nets > /dev/null
rcli sadd sluice:table:nets 198.51.100.0/24 > /dev/null
run 0 "is listed, too" table list nets
like "  with its entry" "$OUT" '198\.51\.100\.0/24'
rcli set sluice:table:nets mine > /dev/null
run 1 "a key of another type" table list
like "  is named" "$ERR" 'sluice:table:nets'
like "  and hides no other table" "$OUT" '^suspects '
rcli del sluice:table:nets > /dev/null
run 2 "table frobnicate" table frobnicate nets

sed -i 's/^store = .*/store = memory/' "$tool_conf"
for words in 'counters' 'user anna' 'top --once' 'reset user-pace anna' \
	'grant user-pace anna x5 for 1h reason x' 'grants' 'table list' \
	'observe pace for 1h reason x' 'enforce pace' 'why 4f2a' 'tail' \
	'stats' 'hosts'; do
	# shellcheck disable=SC2086 # words
	run 1 "${words%% *} with store = memory" $words
	like "  says plainly that nothing can be seen" "$ERR" 'store = memory'
done
sed -i "s/^store = .*/store = redis:\/\/127.0.0.1:$(free_port)\/0/" "$tool_conf"
for words in 'counters' 'user anna' 'top --once' 'reset user-pace anna' \
	'grant user-pace anna x5 for 1h reason x' 'grants' 'table list' \
	'observe pace for 1h reason x' 'enforce pace' 'why 4f2a' 'tail' \
	'stats' 'hosts'; do
	# shellcheck disable=SC2086 # words
	run 1 "${words%% *} without Redis" $words
	like "  says so" "$ERR" '(refused|away).*is Redis running'
done
done_testing
