#!/bin/sh
# What is in a mail, as it comes through the MTA: archives made by others, text
# in pieces, many mails on one connection, and one that is large.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on message {
	exe:    reject 552 5.7.0 "Programs are not accepted: ${match}"
	        if attachment with (archive =~ m{[^/]*\.exe$}i and name =~ /\.zip$/i)
	locked: reject 552 5.7.0 "Locked" if attachment.encrypted
	words:  reject 550 5.7.1 "Words"  if body =~ /needle in a stack/
	page:   reject 550 5.7.1 "Page"   if url.host == "evil.example"
	count:  add-header "X-Sluice-Attachments" "${attachment.count} ${attachment.name} ${attachment.size}"
	        if attachment.count > 0
}
END
sluiced_set daemon 'scan_limit = 1M'
sluiced_start daemon
MTA_SINK=maildir
mta_start mail "$(sluiced_milter daemon)" 'postfix: message_size_limit = 40000000'
box=$(mta_box mail)

python3 - "$T" <<'END'
import email.message, io, os, random, sys, zipfile
folder = sys.argv[1]

def archive(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, b"MZ" + b"x" * 5000)
    return out.getvalue()

def mail(name, text, *attachments, html=None):
    message = email.message.EmailMessage()
    message["From"] = "a@example.org"
    message["Subject"] = name
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for file, data in attachments:
        message.add_attachment(data, maintype="application",
            subtype="octet-stream", filename=file)
    # Bytes of 7 bits, and no dot that smtp.py would not stuff
    with open(os.path.join(folder, name), "wb") as out:
        out.write(message.as_bytes())

mail("fine", "Nothing to see.\n", ("Grüße.txt", b"hello"),
    ("photos.zip", archive("a.jpg", "b.jpg")))
mail("exe", "Look.\n", ("a.zip", archive("readme.txt", "docs/setup.EXE")))
locked = bytearray(archive("secret.txt"))
locked[locked.find(b"PK\3\4") + 6] |= 1
locked[locked.find(b"PK\1\2") + 8] |= 1
mail("locked", "Look.\n", ("a.zip", bytes(locked)))
mail("words", "Käse: a nee=\ndle".replace("nee=\ndle", "needle") +
    " in a stack of hay\n")
mail("page", "Plain.\n", html='<p>see <a href="HTTP://%65vil.example/x">it</a>')
mail("large", "Large.\n",
    ("noise.bin", random.Random(4).randbytes(11 * 1024 * 1024)))
END

send() { # NAME...: mails on one connection; the answers at their ends in $ENDS
	set -- 'EHLO a.example' "$@"
	lines=
	for file; do
		shift
		case $file in
		EHLO*) set -- "$@" "$file" ;;
		*) set -- "$@" 'MAIL FROM:<a@example.org>' \
			'RCPT TO:<b@example.net>' DATA "@file $T/$file" . ;;
		esac
	done
	rm -f "$box"/*
	smtp "$MX" "$@" QUIT
	ENDS=$(printf '%s\n' "$SMTP" | sed -n '/^C: ([0-9]* lines)/{n;s/^S: \(...\).*/\1/p}' | tr '\n' ' ')
	ENDS=${ENDS% }
	wait_for 20 mta_is_idle mail
}

send fine
is "a mail with a harmless archive passes" "$ENDS" 250
like "it is told what is attached" "$(cat "$box"/*)" \
	'^X-Sluice-Attachments: 2 =\?utf-8\?'
send exe
is "an archive with a program does not" "$ENDS" 552
like "and the sender is told which" "$SMTP" 'not accepted: setup\.EXE'
like "the log names the part" "$(sluiced_log daemon)" 'rule=exe part=3 '
send locked
is "nor one with a password" "$ENDS" 552
send words
is "nor words behind quoted-printable" "$ENDS" 550
send page
is "nor a page behind percent signs" "$ENDS" 550
send exe fine locked fine words fine
is "each mail of a connection is looked at by itself" "$ENDS" \
	'552 250 552 250 550 250'

# The MTA gives an answer 10 s; a mail must not be held for as long.
began=$(date +%s)
send large
took=$(($(date +%s) - began))
is "15 MB pass" "$ENDS" 250
like "all of it was counted" "$(cat "$box"/*)" \
	'^X-Sluice-Attachments: 1 noise\.bin 11534336$'
[ "$took" -lt 30 ]
is "within their deadline" "$?" 0
# Sendmail would have answered 451; Postfix tries again, and logs it.
[ "$MTA" = sendmail ] ||
	unlike "and nothing timed out" "$(cat "$T/mail/maillog")" 'timeout|timed out'
done_testing
