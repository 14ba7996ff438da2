# shellcheck shell=sh
# corpus.sh - mails that are made, and what is told of them; for the scripts of
# tests/corpus, each of which reads tap.sh first.
#
#   cost RULES... < MAILS     what each mail costs and hits, as JSON lines
#   cost_by_pcre RULES...     the same by a program that has no libhs
#   pack FOLDER               its mails as content_cost reads them
#   judge WHAT ARGUMENT...    judge.py; a test of each line that it prints
#   judge_by SCRIPT ARGUMENT...
#   hostile_half 0|1          the bounds of every second costly mail

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

# What any mail may cost at most.
scan_limit_kib=1024
more_kib=4096
small_kib=8192 # 1 MB of empty parts; 100,000 header lines
most_cpu_ms=1000

hostile_cost() { # NAME...: more results
	python3 "$corpus/make.py" hostile - "$@" |
		cost "$TOP/rules/*.rules" "$corpus/all-facts.rules" >> "$T/results"
}

# hostile_half 0|1: every second one of the mails that cost memory or time; those
# that took too long twice more, for a busy machine is not their fault.
# shellcheck disable=SC2046 # names are words
hostile_half() {
	hostile_cost $(python3 "$corpus/make.py" hostile |
		awk -v half="$1" 'NR % 2 == half')
	hostile_slow=$(python3 "$corpus/judge.py" slow "$T/results" $most_cpu_ms)
	for hostile_name in $hostile_slow $hostile_slow; do
		hostile_cost "$hostile_name"
	done
	grep -E '"(empty-parts-1mb|headers-100000)"' "$T/results" > "$T/small"
	grep -vE '"(empty-parts-1mb|headers-100000)"' "$T/results" > "$T/large"
	judge bounds "$T/small" $small_kib $most_cpu_ms
	judge bounds "$T/large" $((scan_limit_kib + more_kib)) $most_cpu_ms
}
