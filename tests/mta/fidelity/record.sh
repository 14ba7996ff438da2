#!/bin/sh
# record.sh postfix|sendmail - makes the recordings anew that t81-recorded.sh
# replays: what that MTA says to the filter in the dialogues of dialogues.py.
# Read the difference before it is kept.
TOP=$(cd "$(dirname "$0")/../../.." && pwd)
here=$TOP/tests/mta/fidelity
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/sluiced.sh"
. "$TOP/tests/lib/postfix.sh"
. "$TOP/tests/lib/sendmail.sh"
SLUICED_STORE=memory
mta=${1:-postfix}

sluiced_make daemon < "$here/all.rules"
sluiced_start daemon
python3 "$here/login.py" "$T/login" < /dev/null > /dev/null 2>&1 &
login=$!
at_exit "kill $login"
mkdir -p /run/sluice-record
at_exit 'rm -rf /run/sluice-record'
# Not below /tmp: Sendmail trusts no file there.
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mta.example.test \
	-keyout /run/sluice-record/key.pem -out /run/sluice-record/cert.pem 2> /dev/null
chmod 600 /run/sluice-record/key.pem
python3 "$TOP/tests/lib/milter_record.py" /run/sluice-record/sock \
	"$(sluiced_address daemon)" "$T/recorded" < /dev/null > /dev/null 2>&1 &
recorder=$!
at_exit "kill $recorder"
wait_for 5 test -S /run/sluice-record/sock || bail "no recorder"

dialogues='plain refused helo aborted dropped changed utf8 pipelined'
case $mta in
postfix)
	dialogues="$dialogues secured login xclient local"
	postfix_start mta unix:/run/sluice-record/sock \
		'smtpd_tls_security_level = may' \
		"smtpd_tls_cert_file = /run/sluice-record/cert.pem" "smtpd_tls_key_file = /run/sluice-record/key.pem" \
		'smtpd_authorized_xclient_hosts = 0.0.0.0/0, [::]/0' \
		'inet_protocols = all' \
		'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = dovecot' \
		"smtpd_sasl_path = $T/login" 'smtpd_delay_reject = no' \
		'smtpd_recipient_restrictions = check_recipient_access inline:{unknown@example.net={550 5.1.1 No such user}}'
	port=$SUBMISSION
	version="Postfix $(postconf -dh mail_version)"
	;;
sendmail)
	sendmail_start mta unix:/run/sluice-record/sock
	port=$MX
	version="Sendmail $(sed -n 's/^DZ//p' "$T/mta/sendmail.cf")"
	;;
esac

# Over when the recorder has written all connections of the dialogue.
is_written() {
	[ -s "$T/recorded" ] && [ "$(tail -n 2 "$T/recorded" | grep -c '^> [qd]')" = 1 ]
}
for name in $dialogues; do
	: > "$T/recorded"
	if [ "$name" = local ]; then
		printf 'Subject: fine\n\nbody\n' |
			/usr/sbin/sendmail -C "$T/mta/etc" -f a@example.org b@example.net
	else
		timeout 30 python3 "$here/dialogues.py" "$port" "$name" ||
			bail "$mta: $name did not go to its end"
	fi
	wait_for 10 is_written || bail "$mta: nothing was recorded of $name"
	sleep 0.3
	{
		echo "# $version: $name"
		sed 's/ \(v\|{daemon_addr}\|i\) [^ ]*/ \1 recorded/g' "$T/recorded" |
			sed '/^$/d; s/127\.0\.0\.1:[0-9]*/127.0.0.1:40000/; s/{client_port} [0-9]*/{client_port} 40000/'
	} > "$here/$mta-$name.seq"
	echo "# $mta-$name: $(grep -c '^[<>]' "$here/$mta-$name.seq") packets"
done
