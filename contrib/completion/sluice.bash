# shellcheck shell=bash
# Completion of sluice for bash. What may come next, `sluice complete` knows:
# commands, their options, and the limits, rules and tables of the rules.

_sluice() {
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local -a configuration=() found=()
	local first=1 line

	COMPREPLY=()
	if [[ ${COMP_WORDS[1]} == -c && $COMP_CWORD -gt 2 ]]; then
		configuration=(-c "${COMP_WORDS[2]/#\~/$HOME}")
		first=3
	elif [[ $COMP_CWORD == 1 && $current == -* ]]; then
		COMPREPLY=(-c)
		return
	elif [[ $COMP_CWORD == 2 && $previous == -c ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2> /dev/null
		return
	fi
	mapfile -t found < <("${COMP_WORDS[0]/#\~/$HOME}" "${configuration[@]}" \
		complete -- "${COMP_WORDS[@]:first:COMP_CWORD-first}" "$current" \
		2> /dev/null)
	for line in "${found[@]}"; do
		if [[ $line == :files ]]; then
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
				compgen -f -- "$current"
			)
			compopt -o filenames 2> /dev/null
		else
			COMPREPLY+=("${line%%$'\t'*}")
		fi
	done
}

complete -F _sluice sluice
