# shellcheck shell=sh disable=SC2154,SC2034 # lib.sh reads and sets them
# content.sh - a hundred patterns on a mail that has to be taken apart, beside a
# filter that does nothing.

# 20 kB: a text, the same as HTML, a document.
make_mail() { # FILE
	python3 - "$1" <<-'END'
		import random, sys
		from email.message import EmailMessage
		random.seed(1)
		words = ("the meeting on monday was moved to room seven please "
		    "bring your notes and tell those who are away über café").split()
		def text(n):
		    return "\n".join(" ".join(random.choices(words, k=11))
		        for _ in range(n))
		m = EmailMessage()
		m["Subject"] = "Minutes"
		m.set_content(text(60), cte="quoted-printable")
		m.add_alternative("<html><head><style>p { color: #333 }</style>"
		    "</head><body><table>" + "".join(
		        f'<tr><td><p class="c{i}">{line}&nbsp;<b>!</b> <a href='
		        f'"https://www.example.org/page/{i}">more</a></p></td></tr>\n'
		        for i, line in enumerate(text(60).split("\n"))) +
		    "</table></body></html>", subtype="html", cte="base64")
		m.add_attachment(b"%PDF-1.4\n" + random.randbytes(2400),
		    maintype="application", subtype="pdf", filename="minutes.pdf")
		open(sys.argv[1], "wb").write(m.as_bytes())
	END
}

# Patterns as people write them; the last rules read what attachments tell.
make_patterns() { # FILE N
	awk -v n="$2" 'BEGIN {
		split("won lottery prize wallet invoice overdue parcel urgent " \
			"inherit casino pills refund", noun, " ")
		split("your|the|this|our|my", article, "|")
		print "on message {"
		for (i = 0; i < n; i++)
			printf "p%d: score 0.1 if body =~ /\\b%s %s%s.{0,20}n%d\\b/i\n",
				i, article[i % 5 + 1], noun[i % 12 + 1],
				i % 3 == 0 ? "s?" : "", i
		print "exe: score 5 if attachment.name =~ /\\.exe$/i"
		print "link: score 5 if url.host == \"bad.example\""
		print "}"
	}' > "$1"
}

bench_content() {
	mail=$T/mail.eml
	make_mail "$mail"
	make_patterns "$T/patterns.rules" 100
	[ "$(sed -n '/^$/,$p' "$mail" | wc -c)" -gt 18000 ] ||
		bail "the mail is too small"
	echo "a mail of $(wc -c < "$mail") bytes: text, HTML, document"
	start_nothing
	start_sluiced content "$redis_url" "$T/patterns.rules"
	take_turns "nothing content" "1 10"
	for n_messages in 1 10; do
		tell nothing content $n_messages 0.7 0 mark
	done
	stop_filter nothing
	stop_filter content
	mail=
}
