# shellcheck shell=sh
# smtp.sh - clients (see smtp.py). Those of Postfix tell by XCLIENT who they
# are; $T/hosts has their names.

# smtp PORT [--client ADDRESS] [--login NAME] LINE...: a dialogue. The whole of
# it is left in $SMTP, the codes of the replies on one line in $CODES. The
# greeting is the first; after a DATA that was answered 354 the lines up to "."
# are the mail.
smtp() {
	SMTP=$(smtp_py 60 talk "$@" 2>&1)
	CODES=$(printf '%s\n' "$SMTP" |
		sed -n 's/^S: \([0-9][0-9][0-9]\) .*/\1/p' | tr '\n' ' ')
	CODES=${CODES% }
}

# smtp_send PORT LOGIN FROM TO...: a short mail; LOGIN may be empty
smtp_send() {
	smtp_port=$1 smtp_login=$2 smtp_from=$3
	shift 3
	for smtp_to in "$@"; do
		shift
		set -- "$@" "RCPT TO:<$smtp_to>"
	done
	smtp "$smtp_port" --client 192.0.2.7 ${smtp_login:+--login "$smtp_login"} \
		'EHLO a.example' "MAIL FROM:<$smtp_from>" "$@" \
		DATA 'Subject: x' '' 'Body.' . QUIT
}

# load PORT[,PORT...] OPTION...: many clients at once; prints what it counted
# as name=value lines
load() {
	smtp_py 120 load "$@"
}

smtp_py() { # SECONDS VERB ARGUMENT...
	smtp_timeout=$1
	shift
	case ${MTA:-postfix} in
	postfix) SMTP_HOSTS=$T/hosts SMTP_XCLIENT=yes \
		timeout "$smtp_timeout" python3 "$TOP/tests/lib/smtp.py" "$@" ;;
	*) timeout "$smtp_timeout" python3 "$TOP/tests/lib/smtp.py" "$@" ;;
	esac
}

# count NAME TEXT: a value out of what load printed
count() {
	printf '%s\n' "$2" | sed -n "s/^$1=//p" | grep . || echo 0
}
