# shellcheck shell=sh disable=SC2154 # lib.sh sets what is not set here
# mime.sh - MB/s of one core through splitter, decoders and what makes text of
# the parts: a plain, a base64 and an HTML mail, each small enough to be read
# whole (scan_limit).

make_mime_mails() { # FOLDER
	python3 - "$1" <<-'END'
		import base64, random, sys
		random.seed(1)
		words = ("the meeting on monday was moved to room seven please "
		    "bring your notes and tell those who are away thanks").split()
		def line():
		    return " ".join(random.choices(words, k=11))
		def write(name, fields, body):
		    with open(f"{sys.argv[1]}/{name}.eml", "w", newline="") as out:
		        out.write("Subject: bench\r\nMIME-Version: 1.0\r\n" +
		            fields + "\r\n\r\n" + body)
		text = "\r\n".join(line() + (" https://www.example.org/%d" % i
		    if i % 20 == 0 else "") for i in range(12000))
		write("plain", "Content-Type: text/plain", text)
		write("base64", "Content-Type: text/plain\r\n"
		    "Content-Transfer-Encoding: base64",
		    base64.encodebytes(text.encode()).decode().replace("\n", "\r\n"))
		rows = "\r\n".join(
		    f'<tr><td class="cell" style="color:#333;padding:4px"><p>{line()}'
		    f'&nbsp;<b>{line()}</b></p>' +
		    (f'<a href="https://www.example.org/{i}">more</a>'
		    if i % 5 == 0 else "") + "</td></tr>" for i in range(3500))
		write("html", "Content-Type: text/html; charset=utf-8",
		    "<html><head><style>.cell { color: #333 } p { margin: 0 }"
		    "</style></head><body><table>" + rows + "</table></body></html>")
	END
}

# tell_mime MAIL MARK [FLAG]: a mark of 0 is none
tell_mime() {
	"$BUILD/bench/mime_bench" ${3:+"$3"} --rounds 200 "$T/$1.eml" \
		> "$T/mime" || bail "mime_bench failed"
	awk -v name="$1" -v mark="$2" -v content="${3:-}" '{
		for (i = 2; i <= NF; i++)
			if ($i == "MB/s")
				speed = $(i - 1)
	}
	END {
		printf "%-7s %5d MB/s of one core, taken apart%s", name, speed,
			(content != "" ? ", text and addresses made" : "")
		if (mark > 0)
			printf " (mark %d: %s)", mark,
				(speed >= mark ? "reached" : "not reached")
		print ""
	}' "$T/mime"
}

bench_mime() {
	make -s -C "$TOP" BUILD="$BUILD" "$BUILD/bench/mime_bench" ||
		bail "cannot build mime_bench"
	make_mime_mails "$T" || bail "cannot make mails"
	tell_mime plain 300
	tell_mime base64 300
	tell_mime plain 0 --content
	tell_mime base64 0 --content
	tell_mime html 100 --content
}
