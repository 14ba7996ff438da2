# man.awk - a manual page with the recipes it names: a line `.\" recipe NAME`
# becomes the text of rules/recipes/NAME.rules, with what troff would take for
# a command or an escape made plain. The page sets the text as it is (.Bd
# -literal). One that is missing ends the build.
function literal(line) {
	gsub(/\\/, "\\e", line)
	sub(/^[.']/, "\\\\\\&&", line)
	return line
}
/^\.\\" recipe [a-z0-9-]+$/ {
	file = "rules/recipes/" $3 ".rules"
	while ((rc = (getline line < file)) > 0)
		print literal(line)
	if (rc < 0) {
		print FILENAME ":" FNR ": there is no " file > "/dev/stderr"
		exit failed = 1
	}
	close(file)
	next
}
{ print }
END { exit failed }
