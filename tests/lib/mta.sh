# shellcheck shell=sh
# mta.sh - all that a script of tests/mta needs.
#
# A script says in its head through which MTA it goes, and run.sh reads it:
#
#   # MTA: both                  once with MTA=postfix, once with MTA=sendmail
#   # MTA: together              once, with both before the same daemon
#   # MTA: postfix (reason)      once; what it tests Sendmail does not have
#   # MTA: none                  once; no MTA takes part, or it does not matter
#
# By hand: MTA=sendmail tests/mta/t10-stages.sh (postfix, if it is not said).
#
#   mta_start NAME MILTER [LINE]...  an MTA of the kind $MTA; sets MX and
#                              SUBMISSION. LINEs of its configuration are
#                              "postfix: ..." or "sendmail: ..."
#   mta_host ADDRESS NAME      its name for a client; before mta_start
#   expect_of postfix=A sendmail=B   prints A or B: where the two differ, the
#                              script says how, at the place
#   smtp, load                 dialogues and many clients, see below
#
# Clients have the addresses that a script likes, of 192.0.2.0/24,
# 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32, and log in as anybody:
# Postfix believes XCLIENT; Sendmail, which knows nothing of the kind, sees real
# connections from there, for the script then has a network of its own, and
# real logins.

MTA=${MTA:-postfix}
case $MTA in
postfix) ;;
sendmail | together)
	# a network in which all these addresses are ours
	if [ "${MTA_NETWORK:-}" != own ]; then
		MTA_NETWORK=own
		export MTA MTA_NETWORK
		# which may have to be fetched by the network that is left
		"$(dirname "$0")/../setup/sendmail.sh" > /dev/null 2>&1
		exec unshare --net "$0" "$@"
	fi
	for mta_net in 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24; do
		ip route add local "$mta_net" dev lo
	done
	ip link set lo up
	ip -6 route add local 2001:db8::/32 dev lo
	;;
*)
	echo "Bail out! there is no MTA '$MTA'"
	exit 1
	;;
esac

. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/redis.sh"
. "$TOP/tests/lib/sluiced.sh"
. "$TOP/tests/lib/smtp.sh"
. "$TOP/tests/lib/postfix.sh"
. "$TOP/tests/lib/sendmail.sh"

mta_start() {
	mta_words=2
	for mta_line; do
		shift
		if [ $mta_words -gt 0 ]; then
			mta_words=$((mta_words - 1))
			set -- "$@" "$mta_line"
			continue
		fi
		case $mta_line in
		"$MTA: "*) set -- "$@" "${mta_line#*: }" ;;
		postfix:* | sendmail:*) ;;
		*) bail "is '$mta_line' for postfix or for sendmail?" ;;
		esac
	done
	"${MTA}_start" "$@"
}

# Both kinds before one daemon: POSTFIX_MX and SENDMAIL_MX, and in MX the two,
# as load wants them.
mta_start_together() { # MILTER
	postfix_start postfix "$1"
	POSTFIX_MX=$MX
	sendmail_start sendmail "$1"
	SENDMAIL_MX=$MX
	MX=$POSTFIX_MX,$SENDMAIL_MX
}

expect_of() {
	for mta_word; do
		case $mta_word in
		"$MTA="*)
			printf '%s\n' "${mta_word#*=}"
			return
			;;
		esac
	done
	bail "nothing is expected of $MTA: $*" >&2
}

mta_host() {
	printf '%s %s\n' "$1" "$2" >> "$T/hosts"
}

mta_is_idle() { # NAME
	"${MTA}_is_idle" "$1"
}

# A mail of a program on this host, on standard input
mta_submit() { # NAME FROM TO
	"${MTA}_submit" "$@"
}

# Where MTA_SINK=maildir puts mails
mta_box() { # NAME
	echo "$T/$1/mail/all/new"
}

# How many mails are quarantined
mta_n_held() { # NAME
	case $MTA in
	sendmail) find "$T/$1/queue" -name 'hf*' | wc -l ;;
	*) find "$T/$1/queue/hold" -type f | wc -l ;;
	esac
}

# What stands in the queue of a quarantined mail
mta_held() { # NAME
	case $MTA in
	sendmail) cat "$T/$1/queue"/hf* ;;
	*) postcat -c "$T/$1/etc" -e "$(find "$T/$1/queue/hold" -type f)" ;;
	esac
}

sluice() {
	timeout 30 "$BUILD/sluice" "$@"
}

# slots LIMIT KEY FIELD: what stands in the nine slots of a counter, summed up;
# 0 if there is none. A refund that was not waited for takes a moment:
# wait_for 3 slots_are 5 user-pace joe recipients.1h
slots() {
	rcli hget "sluice:limit:$1:{$2}" "$3" |
		awk '{ for (i = 3; i <= 11; i++) sum += $i } END { print sum + 0 }'
}

slots_are() {
	[ "$(slots "$2" "$3" "$4")" = "$1" ]
}

# A port that answers nothing of Redis must not be asked by accident.
SLUICED_STORE=memory
