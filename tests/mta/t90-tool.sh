#!/bin/sh
# The operator's tool: check, print, facts and test, with their exit codes
# (0 fine, 1 a finding, 2 wrong usage).
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

# run STATUS NAME ARGUMENT...: $OUT, $ERR
run() {
	run_want=$1
	run_name=$2
	shift 2
	(cd "$T" && timeout 30 "$BUILD/sluice" "$@") > "$T/stdout" 2> "$T/stderr" < /dev/null
	run_got=$?
	OUT=$(cat "$T/stdout")
	ERR=$(cat "$T/stderr")
	[ $run_got = "$run_want" ] || printf '%s\n' "$OUT" "$ERR" | head -n 5 | diag
	is "$run_name" $run_got "$run_want"
}

mkdir -p "$T/rules"
cat > "$T/rules/good.rules" <<'END'
limit pace 20/1m, 200/1h recipients by sasl.user
on rcpt if daemon.name == "submission" {
	pace: tempfail 450 4.7.1 "No more than ${limit.max}" if over pace
}
END
cat > "$T/rules/good.test" <<'END'
test "the 21st waits"
    daemon submission
    connect "192.0.2.7" mail.example.org
    auth anna
    mail anna@example.org
    repeat 20 rcpt bob@example.net -> accept
    rcpt carol@example.net -> tempfail 450 pace
    wait 70s
    rcpt carol@example.net -> accept
END
printf 'store = memory\nrules = rules/good.rules\n' > "$T/sluice.conf"
echo 'on rcpt { r: reject "no" if rcpt.too == "b" }' > "$T/bad.rules"

run 0 "check of a good file" check rules/good.rules
like "  says where the limit is charged" "$OUT" 'pace.*rcpt'
run 0 "check of what sluice.conf names" -c sluice.conf check
run 1 "check of a bad file" check bad.rules
like "  says where and what" "$ERR" '^bad\.rules:1:[0-9]+: error: '
like "  with the line" "$ERR" '1 \| on rcpt \{ r: reject'
like "  a caret" "$ERR" '\| +\^~*$'
like "  and what was meant" "$ERR" 'did you mean .?rcpt\.to'
run 1 "check of a file that is not there" check none.rules
like "  says so" "$ERR" 'no file matches none\.rules'

run 0 "print" print rules/good.rules
printf '%s\n' "$OUT" > "$T/again.rules"
first=$OUT
run 0 "print of what it printed" print again.rules
is "  is the same" "$OUT" "$first"
run 1 "print of a bad file" print bad.rules

run 0 "facts" facts
for fact in client.ip helo.name sasl.user mail.from rcpt.to subject body.raw mime.damage; do
	like "  tells of $fact" "$OUT" "^ *${fact}[ =[]"
done
like "  with type and stage" "$OUT" 'rcpt\.to.*(address|rcpt)'

run 0 "test" -c sluice.conf test rules/good.test
run 0 "test of what stands beside the rules" -c sluice.conf test
run 0 "test --tap" -c sluice.conf test --tap rules/good.test
like "  is TAP" "$OUT" '^ok 1 - the 21st waits'
like "  with a plan" "$OUT" '^1\.\.1$'
sed 's/tempfail 450 pace/accept/' "$T/rules/good.test" > "$T/rules/wrong.test"
cp "$T/rules/good.rules" "$T/rules/wrong.rules"
run 1 "a test that fails" -c sluice.conf test rules/wrong.test
like "  tells the line" "$OUT$ERR" 'wrong\.test:7'
like "  what was wanted" "$OUT$ERR" 'expected:? +accept'
like "  and what came" "$OUT$ERR" 'came:? +tempfail 450 .*rule pace'
run 1 "  as TAP" -c sluice.conf test --tap rules/wrong.test
like "  not ok" "$OUT" '^not ok 1 - the 21st waits'
printf 'test "x"\n    fly away\n' > "$T/rules/good2.test"
cp "$T/rules/good.rules" "$T/rules/good2.rules"
run 1 "a test with an unknown verb" -c sluice.conf test rules/good2.test
like "  says where" "$OUT$ERR" 'good2\.test:2'
run 1 "a test file that is not there" -c sluice.conf test rules/none.test

redis_start
rcli set other:key precious > /dev/null
run 0 "test on Redis" -c sluice.conf test --store "$REDIS_URL" rules/good.test
is "  leaves nothing behind" "$(rcli --scan)" other:key
run 1 "test on Redis that fails" -c sluice.conf test --store "$REDIS_URL" rules/wrong.test
is "  leaves nothing either" "$(rcli --scan)" other:key
at_least "  and did ask it" "$(($(redis_calls evalsha) + $(redis_calls eval)))" 20

run 2 "test on a Redis whose password ps would show" \
	-c sluice.conf test --store redis://:hunter22@127.0.0.1:6379/0 rules/good.test
like "  is told so" "$ERR" '`ps` would show'
unlike "  without it" "$OUT$ERR" hunter22

run 2 "no command"
like "  is told the usage" "$ERR" '[Uu]sage'
run 2 "an unknown command" chekc
like "  is told what was meant" "$ERR" 'check'
run 2 "an unknown option" check --nonsense
run 2 "print of nothing to print by" print --nonsense
run 1 "a configuration that is not there" -c none.conf check
like "  says so" "$ERR" 'none\.conf.*No such file'
for word in --help -h; do
	run 0 "$word" $word
	like "  lists the commands" "$OUT" 'counters'
done
done_testing
