# expand.awk - a manual page as it is written -> a manual page; for `make man`.
#
# Examples stand in the pages as people type them, so that a test can load them
# and no roff hides in them:
#
#	.\" recipe NAME       the file rules/recipes/NAME.rules, as a literal block
#	.\" example KIND …    the literal block below is plain text: what roff
#	                      would read is escaped here
#
# Every literal block needs one of the two; tests/mta/t85-manual.sh tells the
# kinds.

function plain(line) {
	gsub(/\\/, "\\e", line)
	gsub(/-/, "\\-", line)
	gsub(/\^/, "\\(ha", line)
	gsub(/~/, "\\(ti", line)
	gsub(/`/, "\\(ga", line)
	gsub(/'/, "\\(aq", line)
	return line ~ /^[.]/ ? "\\&" line : line
}

function add_file(path, line) {
	print ".Bd -literal"
	while ((status = (getline line < path)) > 0)
		print plain(line)
	close(path)
	if (status < 0) {
		print FILENAME ":" FNR ": no file " path > "/dev/stderr"
		exit 1
	}
	print ".Ed"
}

$1 == ".\\\"" && $2 == "recipe" {
	add_file("rules/recipes/" $3 ".rules")
	next
}
$1 == ".\\\"" && $2 == "example" {
	is_example = 1
}
$1 == ".Ed" {
	is_plain = is_example = 0
}
{
	print is_plain ? plain($0) : $0
}
$1 == ".Bd" && is_example {
	is_plain = 1
}
