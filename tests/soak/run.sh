#!/bin/sh
# run.sh - the endurance test; `make soak`. Postfix and Sendmail at once, a
# sluiced in front of each, both with the same Redis (a master, two replicas,
# three Sentinels); CLIENTS random clients for MINUTES; rules reloaded every
# second; Redis killed, stopped, restarted, failed over. Each message's fate is
# compared with what `sluice test` makes of the same conversation.
#
#   MINUTES=20 CLIENTS=50 SEED=1 CORPUS=yes tests/soak/run.sh
#
# SLUICE_BUILD takes another build, of a sanitizer for one; with SLOW=1 its
# time-outs are long, and memory is not judged. KEEP=1 keeps the folder, with all logs and every batch of
# stories that failed. The exit code is 0 if nothing was found.
MTA=together
TAP_NAME=soak
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/sentinel.sh"

MINUTES=${MINUTES:-20}
CLIENTS=${CLIENTS:-50}
SEED=${SEED:-$(date +%s)}
CORPUS=${CORPUS:-yes}
SLOW=${SLOW:-}
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# With time-outs at which a busy machine is no outage.
soak_daemon() { # NAME
	mkdir -p "$T/$1/tables"
	sluiced_make "$1" < /dev/null
	sluiced_set "$1" "host = $1.example.test"
	sluiced_set "$1" 'timezone = UTC'
	sluiced_set "$1" "control = unix:$T/$1/control"
	sluiced_set "$1" "store_timeout = $([ -n "$SLOW" ] && echo 1s || echo 500ms)"
	sluiced_set "$1" 'scan_budget = 5s'
	sluiced_set "$1" 'inspect_timeout = 5s'
}

soak_place() {
	python3 "$TOP/tests/soak/place.py" "$T" sluice="$BUILD/sluice" \
		daemons="mx1,$T/mx1 mx2,$T/mx2" \
		doors="$1" nodes="$SENTINEL_NODES" sentinels="$SENTINEL_PORTS" \
		seed="$SEED" minutes="$MINUTES" clients="$CLIENTS" sink="$sink" \
		conf="$T/mx1/sluice.conf" mails="$T/mails" \
		corpus="$([ "$CORPUS" = yes ] && echo "$TOP/tests/corpus")" \
		postfix="$T/postfix/queue" sendmail="$T/sendmail/queue" \
		sendmail_tells_unknown="$2" \
		judges_memory="$([ -n "$SLOW" ] && echo no || echo yes)" ||
		bail "the place could not be made"
}

# Sendmail's way to the sink: a mailer of its own, for port 25 is not ours. And
# it is not to mend the MIME that it sees on the way.
soak_mailer() {
	cat <<-END
		LOCAL_RULE_0
		R\$+ < @ \$* sink.example . >	\$#soak \$@ [127.0.0.1] \$: \$1 < @ \$2 sink.example >
		R\$+ < @ \$* sink.example >	\$#soak \$@ [127.0.0.1] \$: \$1 < @ \$2 sink.example >
		MAILER_DEFINITIONS
		O MaxMimeHeaderLength=0/0
		Msoak, P=[IPC], F=mDFMuXa8, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP/HdrFromSMTP, E=\r\n, L=990, T=DNS/RFC822/SMTP, A=TCP \$h $sink
	END
}

# It only queues; whatever is there is delivered every second.
soak_queue() {
	while sleep 1; do
		sendmail_run sendmail sendmail.cf -q
	done
}

prlimit --pid $$ --nofile=65536 2>/dev/null
mkdir "$T/mails"
sink=$(free_port)
sentinel_start
SLUICED_STORE=$SENTINEL_URL
soak_daemon mx1
soak_daemon mx2
soak_place '' yes
rm -rf "$T/judge" # once more when ports are known
sluiced_start mx1
sluiced_start mx2
postfix_start postfix "$(sluiced_milter mx1)" \
	"relayhost = [127.0.0.1]:$sink" 'default_transport = smtp' \
	'enable_long_queue_ids = yes' 'default_process_limit = 150' \
	'smtp_destination_concurrency_limit = 40' \
	'relay_domains = mta.example.test' \
	'relay_recipient_maps = inline:{root@mta.example.test=x}'
doors="postfix,mx,$MX postfix,submission,$SUBMISSION"
sendmail_start sendmail "$(sluiced_milter mx2)" "$(soak_mailer)"
doors="$doors sendmail,mx,$MX sendmail,submission,$SUBMISSION"
soak_queue < /dev/null > "$T/queue.out" 2>&1 &
queue_pid=$!
at_exit 'kill $queue_pid 2>/dev/null'
smtp "$MX" QUIT
case $SMTP in
*'Sendmail 8.17.'*) tells=yes ;;
*) tells=no ;;
esac
soak_place "$doors" $tells
python3 "$TOP/tests/soak/soak.py" "$T/place.json"
status=$?
for name in mx1 mx2; do
	sluiced_stop $name
	[ "${SLUICED_STATUS:-none}" = 0 ] || {
		echo "soak: $name ended with status ${SLUICED_STATUS:-none}"
		status=1
	}
done
sluiced_all_sane || status=1
echo "soak: exit $status"
exit $status
