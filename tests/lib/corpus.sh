# shellcheck shell=sh
# corpus.sh - mails that are made, and what is told of them; for the scripts of
# tests/corpus, each of which reads tap.sh first.
#
#   cost RULES... < MAILS     what each mail costs and hits, as JSON lines
#   cost_by_pcre RULES...     the same by a program that has no libhs
#   pack FOLDER               its mails as content_cost reads them
#   judge WHAT ARGUMENT...    judge.py; a test of each line that it prints
#   judge_by SCRIPT ARGUMENT...

corpus=$TOP/tests/corpus
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

corpus_make() { # KIND: into $T/KIND
	python3 "$corpus/make.py" "$1" "$T/$1" || bail "no $1 mails"
}

pack() {
	python3 "$corpus/make.py" pack "$1"
}

cost() {
	"$BUILD/lib/content_cost" "$@" || echo '{"name": "content_cost", "died": 1}'
}

cost_by_pcre() {
	"$BUILD/lib/content_cost_pcre" "$@" ||
		echo '{"name": "content_cost_pcre", "died": 1}'
}

judge() {
	judge_by judge.py "$@"
}

judge_by() { # SCRIPT ARGUMENT...
	judge_script=$1
	shift
	python3 "$corpus/$judge_script" "$@" > "$T/judged" ||
		bail "$judge_script did not end well"
	while read -r judge_word judge_text; do
		case $judge_word in
		pass) pass "$judge_text" ;;
		fail) fail "$judge_text" ;;
		*) echo "# $judge_text" ;;
		esac
	done < "$T/judged"
}
