# manual.awk - the examples of a manual page, or of README.md, as files.
#
#   awk -v dir=FOLDER -f manual.awk FILE
#
# Of a page each literal block is to be loaded as the marker above it says:
#
#   .\" example rules [NAME]    a whole rule file, perhaps by a name
#   .\" example rule STAGE      rules of one block
#   .\" example condition STAGE each line a condition
#   .\" example story [NAME]    a file of tests
#   .\" example mistake NAME    a rule file that is wrong
#   .\" example output NAME     what `sluice check` says to it
#   .\" example conf            a sluice.conf
#   .\" example shell           commands; what sluice is asked must be one
#   .\" example text            nothing to load: output, a picture
#
# In README.md the first words of a ``` block tell. Files are called
# PAGE-LINE.KIND[.STAGE], or by their name; each file is printed, and each block
# that says nothing as "unmarked PAGE:LINE".

function open_block(what, argument) {
	path = dir "/" page "-" FNR "." what
	if (what == "rule" || what == "condition")
		path = path "." argument
	else if (argument != "")
		path = dir "/" argument (what == "output" ? ".want" : "")
	kind = what
	printf "" > path
	print kind, path
}

function close_block() {
	if (kind != "")
		close(path)
	kind = marker = ""
	is_inside = 0
}

function kind_of(line) {
	if (line ~ /^(table|limit|on) / && line !~ /NAME|[|]/)
		return "rules"
	if (line ~ /^test "/)
		return "story"
	if (line ~ /^[a-z-]+: +(accept|reject|tempfail|score|log) /)
		return "rule"
	return "other"
}

FNR == 1 {
	page = FILENAME
	sub(/.*\//, "", page)
	is_readme = page ~ /\.md$/
}
!is_readme && $1 == ".\\\"" && $2 == "example" {
	marker = $3
	argument = $4
	next
}
!is_readme && $1 == ".Bd" && /-literal|-unfilled/ {
	if (marker == "")
		print "unmarked", page ":" FNR
	else
		open_block(marker, argument)
	is_inside = 1
	next
}
!is_readme && $1 == ".Ed" {
	close_block()
	next
}
is_readme && /^```/ {
	if (is_inside)
		close_block()
	else
		is_inside = is_first = 1
	next
}
is_readme && is_inside && is_first {
	is_first = 0
	what = kind_of($0)
	if (what == "rules" && !n_rules++)
		open_block(what, "readme.rules")
	else
		open_block(what, what == "rule" ? "message" : "")
	if (what == "story")
		print "rules \"readme.rules\"" > path
}
is_inside && kind != "" {
	print > path
}
