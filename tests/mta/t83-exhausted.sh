#!/bin/sh
# Descriptors, memory, threads or the log's disk run out: mail is answered (by
# the MTA, if need be), the log says why, and nothing spins.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"
here=$TOP/tests/mta/fidelity

rules() {
	cat <<-'END'
		on rcpt { r: reject 550 5.7.1 "no" if rcpt.to == "refuse@example.net" }
		on message { b: reject 550 5.7.1 "no body" if body.raw =~ /refuse/ }
	END
}
refuses() { # SOCKET: it is served, and its rules run
	milter "$1" 'connect a.example 192.0.2.1' 'mail <a@example.org>' \
		'rcpt <refuse@example.net>' | grep -q '^rcpt: reply 550'
}
cpu_ms() { # PID
	awk '{ print ($14 + $15) * 10 }' "/proc/$1/stat"
}
wrap() { # LINE...: SLUICED_WRAP is a script of these lines
	printf '#!/bin/sh\n' > "$T/wrap"
	printf '%s\n' "$@" 'exec "$@"' >> "$T/wrap"
	chmod +x "$T/wrap"
	SLUICED_WRAP=$T/wrap
}

# 96 files: 24 are the daemon's own, 12 for those that only hear 451.
rules | sluiced_make files
wrap 'ulimit -n 96'
sluiced_start files
socket=$(sluiced_address files)
pid=$(sluiced_pid files)
like "with few files there is room for fewer connections, and the log says so" \
	"$(sluiced_log files)" 'max_connections is 5000, but only 96 files may be open: it is 60 now; raise LimitNOFILE'
crowd=$(timeout 60 python3 "$here/crowd.py" "$socket" "$pid" 66 2>&1 | sed 's/: /=/')
is "as many are served" "$(count 'connect continue' "$crowd")" 60
is "the others are told to come again" "$(printf '%s\n' "$crowd" |
	sed -n 's/^connect reply 451 4\.3\.2 Too many connections.*=//p')" 6

timeout 60 python3 "$here/hold.py" "$socket" places 150 > "$T/hold" 2>&1 &
hold=$!
at_exit "kill $hold 2>/dev/null"
is_full() {
	sluiced_log files | grep -q 'no descriptor is left for another connection (Too many open files).*MTAs wait'
}
ok "more than fit: the log says what is missing" wait_for 10 is_full
MTA_PATIENCE=1s
mta_start mail "$(sluiced_milter files)"
before=$(cpu_ms "$pid")
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' QUIT
sleep 1
at_most "nothing spins (ms of CPU in two seconds)" \
	$(($(cpu_ms "$pid") - before)) 200
like "a mail is answered by the MTA meanwhile" "$CODES" '45[01] 221$'
is "the log says it once" "$(sluiced_log files | grep -c 'no descriptor')" 1
milter "$socket" 'connect a.example 192.0.2.1' 'mail <a@example.org>' \
	'rcpt <refuse@example.net>' > "$T/patient" &
patient=$!
sleep 0.2
kill $hold
wait $patient
like "who waited is served once others end" "$(cat "$T/patient")" \
	'^rcpt: reply 550'
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<refuse@example.net>' 'RCPT TO:<b@example.net>' QUIT
is "and so is mail" "$CODES" '220 250 250 550 250 221'

rules | sluiced_make few
wrap 'ulimit -n 63'
sluiced_spawn few
sluiced_wait few
is "with too few files it does not start" "${SLUICED_STATUS:-none}" 1
like "  and says why" "$(sluiced_log few)" \
	'only 63 files may be open, at least 64 are needed: raise LimitNOFILE'

# A log on a disk that is full, then has room again.
rules | sluiced_make disk
mkdir "$T/small"
mount -t tmpfs -o size=64k tmpfs "$T/small" || bail "no tmpfs"
at_exit "umount -l '$T/small'"
wrap "exec 2>> $T/small/log"
sluiced_start disk
disk=$(sluiced_address disk)
cat /dev/zero > "$T/small/full" 2> /dev/null
yes "filling the last page of the log" 2> /dev/null |
	head -c 4096 >> "$T/small/log" 2> /dev/null
before=$(cpu_ms "$(sluiced_pid disk)")
for n in 1 2 3; do
	refuses "$disk" && echo served
done > "$T/served"
is "mail is answered while nothing can be logged" \
	"$(grep -c served "$T/served")" 3
at_most "and nothing spins (ms of CPU)" \
	$(($(cpu_ms "$(sluiced_pid disk)") - before)) 200
rm "$T/small/full"
ok "there is room again" refuses "$disk"
like "the log says how many lines are missing, and why" \
	"$(cat "$T/small/log")" \
	'error: 3 lines of this log were lost: No space left on device$'
is "  and goes on" "$(grep -c 'verdict .*rule=r ' "$T/small/log")" 1

# A log whose reader has stopped reading.
rules | sluiced_make stuck
mkfifo "$T/fifo"
sh -c 'exec sleep 600' < "$T/fifo" &
reader=$!
at_exit "kill $reader"
wrap "exec 2> $T/fifo"
sluiced_start stuck
milter "$(sluiced_address stuck)" 'connect a.example 192.0.2.1' > /dev/null
# until it says that there is no more room
dd if=/dev/zero of="$T/fifo" bs=4096 oflag=nonblock conv=notrunc 2> "$T/dd"
like "a log that nobody reads" "$(cat "$T/dd")" 'temporarily unavailable'
before=$(now_ms)
ok "holds up no mail" refuses "$(sluiced_address stuck)"
at_most "  for long (ms)" $(($(now_ms) - before)) 3000

# Memory: the process ends with a word, and who starts it again has mail
# answered again; meanwhile the MTA tells clients to come again.
rules | sluiced_make memory
sluiced_set memory 'scan_limit = 64M'
wrap 'ulimit -c 0' 'ulimit -v 400000'
sluiced_start memory
mta_start second "$(sluiced_milter memory)"
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' QUIT
is "with little memory mail is answered" "$CODES" '220 250 250 221'
# Where it is libmilter that gets none, it closes that connection and goes on.
memory_pid=$(sluiced_pid memory)
for n in 1 2 3 4 5; do
	is_running "$memory_pid" && timeout 60 python3 "$here/hold.py" \
		"$(sluiced_address memory)" memory 8 2>&1
done > "$T/memory.said"
like "who wants too much of it is cut off" "$(cat "$T/memory.said")" \
	'^8 of 8 were cut off'
sluiced_wait memory
at_least "and ends the process" "${SLUICED_STATUS:-0}" 1
like "  and the log says why" "$(sluiced_log memory)" \
	'error: (out of memory: the process ends here|no thread for a connection)'
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' QUIT
like "meanwhile the MTA tells clients to come again" "$CODES" '451 .*221$'
sluiced_start memory
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<refuse@example.net>' QUIT
is "started again, it serves again" "$CODES" '220 250 250 550 221'

# Threads: libmilter would leave a connection lying about for ever.
rules | sluiced_make threads
SLUICED_WRAP="env LD_PRELOAD=$BUILD/lib/nothreads.so NO_THREADS=$T/no-threads"
sluiced_start threads
ok "while there are threads" refuses "$(sluiced_address threads)"
: > "$T/no-threads"
timeout 60 python3 "$here/crowd.py" "$(sluiced_address threads)" \
	"$(sluiced_pid threads)" 50 > "$T/crowd" 2>&1 &
crowd=$!
says_no_thread() {
	sluiced_log threads | grep -q 'no thread for a connection'
}
wait_for 20 says_no_thread
kill $crowd
sluiced_wait threads
is "without, the daemon ends in good order" "${SLUICED_STATUS:-none}" 1
like "  and the log says why" "$(sluiced_log threads)" \
	'no thread for a connection \(Resource temporarily unavailable\): raise TasksMax'
like "  to its last line" "$(sluiced_log threads)" 'stop reason='
done_testing
