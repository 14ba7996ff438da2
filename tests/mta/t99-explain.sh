#!/bin/sh
# sluice explain: one mail, its parts, its facts, and what each rule says to it.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

REDIS_URL=memory
tool_make <<'END'
limit pace 0/1h messages by client.ip
on connect { early: accept if client.ip == "203.0.113.9" }
on mail { null: observe reject "no bounces" if bounce }
on rcpt {
	gone: reject 550 5.1.1 "no such user" if rcpt.to == "gone@example.org"
	slow: observe tempfail "wait" if over pace
}
on headers { forged: reject "forged" if header["X-Test"] =~ /f(or)ged/ }
on message {
	programs: observe reject "no ${match}" if attachment.name =~ /\.exe$/i
	prize: score 2.5, add-header "X-Prize" "yes" if body =~ /won\s+a\s+prize/i
	spam: reject 550 5.7.1 "spam ${score}" if score >= 2
	late: reject "late" if url.host == "evil.example"
}
END
cd "$T" || exit 1
cat > mail.eml <<'END'
Return-Path: <anna@example.net>
Received: from lo (localhost [127.0.0.1]) by mx
Received: from greeting.example.net (name.example.net [198.51.100.7]) by mx
Delivered-To: bob@example.org
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.net>
Subject: Hello
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

before
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Dear friend,<p>you have w=
on a prize at <a href=3D"http://evil.example/x">our</a> place.
--b
Content-Type: application/octet-stream; name="invoice.exe"
Content-Disposition: attachment; filename="invoice.pdf"
Content-Transfer-Encoding: base64

TVqQAAMAAAAEAAAA
--b--
END

run 0 "explain" explain mail.eml
like "the client is the one outside" "$OUT" '^  client  198\.51\.100\.7 name\.example\.net +\(Received\)$'
like "its greeting" "$OUT" '^  helo    greeting\.example\.net +\(Received\)$'
like "the sender" "$OUT" '^  from    anna@example\.net +\(Return-Path\)$'
like "the recipient" "$OUT" '^  rcpt    bob@example\.org +\(Delivered-To\)$'
like "what is made up is said to be" "$OUT" '^  daemon  mx +\(placeholder\)$'
like "the tree: the mail itself" "$OUT" '^ +1  multipart/mixed'
like "  a part in it" "$OUT" '^ +[0-9]  +text/html +utf-8 +quoted-printable +[0-9]+$'
like "  an attachment" "$OUT" '^ +[0-9]  +application/octet-stream +base64 +12  attachment$'
like "  each reading of its name" "$OUT" 'name "invoice\.(pdf|exe)", also read as "invoice\.(pdf|exe)"'
like "  text that belongs to no part" "$OUT" 'text before the first part'
like "facts: decoded text" "$OUT" '^  body +"before'
like "  a header's text" "$OUT" '^  from\.name +"Jörg"$'
like "  an address of a page" "$OUT" '^  url\.host +"evil\.example"$'
like "a rule that did not fire" "$OUT" '^    null +-$'
like "one that is observed" "$OUT" '^    programs +OBSERVED  would reject 550 5\.7\.1$'
like "  with the value that matched" "$OUT" '^ +attachment\.name, value [12], line 1, column 8, byte 7,$'
like "    and in which part, below where there is no room" "$OUT" '^ +in part [0-9] \(application/octet-stream\)$'
is "  and the place marked" "$(printf '%s\n' "$OUT" | grep -A1 '^ *invoice\.exe$' | sed 's/[^^]//g' | tail -n 1)" '^^^^'
like "one that fired" "$OUT" '^    prize +FIRED     score and 1 more$'
like "  over a line's end in the source" "$OUT" 'you have won a prize at'
like "  in which part" "$OUT" '^ +body, value 2, line [0-9]+, column 10, byte [0-9]+, in part [0-9] \(text/html\)$'
like "one without a match tells what it read" "$OUT" '^ +score = "2\.5"$'
like "one that was not reached, and why" "$OUT" '^    late +not reached: spam ended the stage$'
like "the verdict" "$OUT" '^Verdict: reject by spam at message \(.*site\.rules:12\)$'
like "  with the reply" "$OUT" '^  550 5\.7\.1 spam 2\.5 \(ref '
is "no line is wider than 80 columns, but for the path of a rule" "$(printf '%s\n' "$OUT" | grep -v ^Verdict | python3 -c '
import sys
print(sum(len(line.rstrip("\n")) > 80 for line in open(0, encoding="utf-8")))')" 0
is "no line ends with a blank" "$(printf '%s\n' "$OUT" | grep -c ' $')" 0
run 0 "twice the same: nothing was counted" explain mail.eml
like "  the limit is over as before" "$OUT" '^    slow +OBSERVED  would tempfail 450'

run 0 "refused early" explain --rcpt gone@example.org mail.eml
like "  the verdict" "$OUT" '^Verdict: reject by gone at rcpt '
like "  what comes later was not reached" "$OUT" '^    prize +not reached: gone ended the conversation$'
like "  the content is shown all the same" "$OUT" '^  url\.host +"evil\.example"$'
run 0 "accepted early" explain --client 203.0.113.9 mail.eml
like "  by whom" "$OUT" '^Verdict: accept by early at connect '
like "  and all else was not reached" "$OUT" '^    spam +not reached: early ended the conversation$'
run 0 "two recipients" explain --rcpt gone@example.org --rcpt bob@example.org mail.eml
like "  a rule may be for one of them" "$OUT" '^    gone +FIRED     reject 550 5\.1\.1, for 1 of 2 recipients$'
run 0 "a bounce by option" explain --from '<>' mail.eml
like "  null hits" "$OUT" '^    null +OBSERVED'
sed 's/^Subject: .*/X-Test: one\nX-Test: it is =?utf-8?q?forg?=\n =?utf-8?q?ed?= for sure/' mail.eml > forged.eml
run 0 "a header field" explain forged.eml
like "  which of them, where, decoded" "$OUT" '^ +header\["X-Test"\], value 2, line 1, column 7, byte 6$'
like "    and its text" "$OUT" '^ +it is forged for sure$'

run 0 "--full" explain --full mail.eml
like "  has all of a header field" "$OUT" '^  header\["Received"\] +"from lo \(localhost \[127\.0\.0\.1\]\) by mx"$'
like "  and all of the text" "$OUT" 'our place\.'
run 0 "--json" explain --json mail.eml
json_ok "  is JSON" 'it["verdict"]["rule"] == "spam" and it["parts"][0]["type"] == "multipart/mixed"'
json_ok "  names are each there" 'sorted(sum((p["names"] for p in it["parts"]), [])) == ["invoice.exe", "invoice.pdf"]'
json_ok "  facts are lists of values" 'it["facts"]["url.host"] == ["evil.example"]'
json_ok "  rules have a state" '{r["rule"]: r["state"] for r in it["rules"]} == dict(early="no", null="no", gone="no",
	slow="observed", forged="no", programs="observed", prize="fired", spam="fired", late="not-reached")'
json_ok "  and why" '[r["because_of"] for r in it["rules"] if r["rule"] == "late"] == ["spam"]'
json_ok "  a match has its place" '[(r["match"]["text"], r["match"]["column"]) for r in it["rules"]
	if r["rule"] == "prize"] == [("won a prize", 10)]'
"$BUILD/sluice" -c "$tool_conf" explain - < mail.eml > "$T/stdout" 2>&1
is "standard input" $? 0
like "  is explained" "$(cat "$T/stdout")" '^Verdict: reject by spam '
{ echo "From a@b Thu Jan  1 00:00:00 2026"; cat mail.eml; echo
echo "From a@b Thu Jan  1 00:00:00 2026"; printf 'Subject: second\n\nx\n'; } > box
run 0 "a mail of a mailbox" explain box:2
like "  is found by its number" "$OUT" '^  subject +"second"$'
run 1 "a mailbox without a number" explain box
like "  says what to do" "$ERR" 'box: has several mails; one of a mailbox is named FILE:NUMBER'
mkdir folder && cp box folder/1 && cp box folder/2
run 1 "a folder" explain folder
like "  is not one mail" "$ERR" 'folder: is a folder: expected one of its mails'
run 1 "a number that is not there" explain box:3
run 1 "a file that is not there" explain none.eml
like "  is named" "$ERR" '^sluice: none\.eml: No such file or directory$'
run 2 "no mail" explain
run 2 "two mails" explain mail.eml mail.eml

# Nothing of a mail steers the terminal.
printf 'Subject: \033[2Jred\302\233m \342\200\256evil\nContent-Type: text/plain; charset="\033[1m"\n\nwon a \033]0;x\007prize \377\n' > hostile.eml
run 0 "a mail that would steer a terminal" explain --full hostile.eml
is "  has no control byte left" "$(tr -d '\n' < stdout | LC_ALL=C grep -c '[[:cntrl:]]')" 0
is "  nor a character that hides or turns text" "$(grep -c "$(printf '\342\200\256')" stdout)" 0
like "  they are written out" "$OUT" '^  subject +"\\x1b\[2Jred'
run 0 "  nor as JSON" explain --json hostile.eml
json_ok "  which has them" '"\u202e" in it["facts"]["subject"][0]'
head -c 20000 /dev/urandom > noise
run 0 "noise" explain noise
: > empty
run 1 "nothing at all" explain empty
like "  is said" "$ERR" 'empty: is empty'
awk 'BEGIN { print "Subject: x\n"; for (i = 0; i < 4000; i++) printf "aaaaaaaaaaaaaaaaaaaaaaaaa "; printf "won a prize"
for (i = 0; i < 4000; i++) printf " bbbbbbbbbbbbbbbbbbbbbbbbb"; print "" }' > long.eml
run 0 "a match in a line of 200 kB" explain long.eml
like "  is shown with what stands around it" "$OUT" '^ +a* ?a+ won a prize b+'
is "  in 80 columns" "$(printf '%s\n' "$OUT" | grep -v ^Verdict | awk 'length > 80' | wc -l)" 0
SCREEN=$(timeout 30 python3 "$TOP/tests/lib/terminal.py" 200 150 5 -- \
	sh -c '"$@"; sleep 0.3' - "$BUILD/sluice" -c "$tool_conf" explain long.eml 2>&1)
is "  a wide terminal is used" "$(printf '%s\n' "$SCREEN" | awk 'length > 140 && length <= 150' | wc -l | awk '$1 > 0 { print "yes" }')" yes
done_testing
