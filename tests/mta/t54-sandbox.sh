#!/bin/sh
# The unit for systemd: right, locked in, and the daemon does all of its work
# inside - mail through a unix socket, patterns as machine code, attachments,
# Redis, a reload - as somebody who has no rights.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

unit=$TOP/contrib/systemd/sluice.service
sed "s|/usr/sbin/sluiced|$BUILD/sluiced|" "$unit" > "$T/sluice.service"
ok "systemd understands the unit" \
	sh -c "! systemd-analyze verify --man=no '$T/sluice.service' 2>&1 | grep sluice.service"
score() { # UNIT: below 2.5?
	systemd-analyze security --offline=true --no-pager --threshold=24 "$1"
}
# Debian's postfix.service starts nothing; its instance does, and is over when
# postfix.service begins.
like "mail is not served before it is there" "$(cat "$unit")" \
	'^Before=.*postfix@-\.service'
ok "its exposure is below 2.5" score "$T/sluice.service"
sed '/^Protect/d; /^SystemCall/d; /^CapabilityB/d; /^Private/d' "$unit" > "$T/open.service"
is "which is no matter of course" "$(score "$T/open.service" > /dev/null; echo $?)" 1

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace 2/1h recipients by client.ip
on rcpt { pace: tempfail 450 4.7.1 "slowly" if over pace }
on message {
	exe:   reject 552 5.7.0 "program ${archive.name}" if archive.name =~ /\.exe$/i
	words: reject 550 5.7.1 "words" if body =~ /you (?:have )?won\b/i
}
END
sluiced_set daemon "control = unix:$T/daemon/control.sock"
chown nobody "$T/daemon"
chgrp nogroup "$T/daemon/sluice.conf"
chmod 640 "$T/daemon/sluice.conf"
# Mappings of machine code that no file holds
machine_code() {
	grep -c 'x[ps] 00000000 00:00 0 *$' "/proc/$(sluiced_pid daemon)/maps"
}
python3 - > "$T/zip" <<'END'
import email.message, io, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as file:
    file.writestr("setup.exe", b"MZ")
message = email.message.EmailMessage()
message["Subject"] = "zip"
message.set_content("Look.\n")
message.add_attachment(out.getvalue(), maintype="application", subtype="zip", filename="a.zip")
print(message.as_string(), end="")
END
send() { # FROM-ADDRESS LINE-OF-DATA...
	address=$1
	shift
	smtp "$MX" --client "$address" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
		'RCPT TO:<b@example.net>' DATA "$@" . QUIT
}
status() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$(sluiced_pid daemon)/status"
}

SANDBOX_GROUPS=postfix
export SANDBOX_GROUPS
SLUICED_WRAP="python3 $TOP/tests/lib/sandbox.py $unit $T/daemon --"
sluiced_start daemon
is "it has no rights and can get none" \
	"$(status CapEff) $(status CapBnd) $(status NoNewPrivs) $(status Seccomp)" \
	"0000000000000000 0000000000000000 1 2"
is "its files are read-only" \
	"$(awk '$5 == "/" { print substr($6, 1, 2) }' "/proc/$(sluiced_pid daemon)/mountinfo" | tail -n 1)" ro
mta_start mail "$(sluiced_milter daemon)"
send 192.0.2.1 'Subject: x' '' 'Fine.'
like "a mail passes" "$CODES" '250 250 354 250 221$'
send 192.0.2.1 'Subject: x' '' 'You have won it.'
like "a pattern is found" "$CODES" '250 250 354 550 221$'
at_least "  by machine code" "$(machine_code)" 1
send 192.0.2.2 "@file $T/zip"
like "an attachment is looked into" "$CODES" '250 250 354 552 221$'
send 192.0.2.1 'Subject: x' '' 'Fine.'
send 192.0.2.1 'Subject: x' '' 'Fine.'
like "Redis counts" "$CODES" '250 450 '
printf '\n# more\n' >> "$T/daemon/rules/test.rules"
sluiced_reload daemon
ok "a reload is heard" sluiced_says daemon 'reload result=good rules=3'
ok "its control socket is there" test -S "$T/daemon/control.sock"
sluiced_stop daemon
is "a stop ends well" "$SLUICED_STATUS" 0
unlike "nobody complained" "$(sluiced_log daemon)" 'warning|error|cannot'

# What the unit leaves open on purpose.
sed 's/^LockPersonality=.*/&\nMemoryDenyWriteExecute=yes/' "$unit" > "$T/strict.service"
: > "$T/daemon/log"
SLUICED_WRAP="python3 $TOP/tests/lib/sandbox.py $T/strict.service $T/daemon --"
sluiced_start daemon
like "without machine code it says so" "$(sluiced_log daemon)" 'warning: PCRE2.*MemoryDenyWriteExecute'
send 192.0.2.3 'Subject: x' '' 'You have won it.'
like "  and finds the same" "$CODES" '250 250 354 550 221$'
is "  without" "$(machine_code)" 0
done_testing
