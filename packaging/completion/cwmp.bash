# Made of cwmp.bash.in: change that, then CWMPD_MANUAL=write cargo test --test manual
# shellcheck shell=bash
# Completion of cwmp(1) for bash 4.4 or later: commands, their options, events, paths of the data model.
# Install it as /usr/share/bash-completion/completions/cwmp, or source it.

# Seconds that the daemon has to answer.
_cwmp_patience=2

# Adds what may follow the beginning $cur of a path: one level of the data model, asked of the daemon. $1 says what is
# wanted: `any` path, an `object`, or what can be `set`. Silent when the daemon does not run, may not be asked or
# takes too long.
_cwmp_paths() {
	local want=$1 parent=${cur%"${cur##*.}"} path='' last writable fd pid ended=1 limit=$((SECONDS + _cwmp_patience))
	exec {fd}< <(exec cwmp "${root[@]}" names "$parent" --next-level </dev/null 2>/dev/null)
	pid=$!
	while ((SECONDS < limit)); do
		read -r -t $((limit - SECONDS)) -u "$fd" path writable
		ended=$?
		((ended == 0)) || break
		# Below a wildcard the daemon names each instance; what counts is the last part. The heading has no dot.
		[[ $path == *.* ]] || continue
		last=${path%.}
		last=${last##*.}${path#"$last"}
		# Nothing that the shell would act on.
		[[ $last != *[!][A-Za-z0-9_.-]* && $parent$last == "$cur"* ]] || continue
		case $want$path in
		object*.) ;;
		object*) continue ;;
		set*.) ;;
		set*)
			[[ $writable == yes ]] || continue
			last+='='
			;;
		esac
		[[ " ${COMPREPLY[*]} " == *" $parent$last "* ]] || COMPREPLY+=("$parent$last")
	done
	# 1 is the end of what was said: then it has ended by itself.
	((ended == 1)) || kill "$pid" 2>/dev/null
	exec {fd}<&-
	[[ ${COMPREPLY[*]} != *[.=] ]] || compopt -o nospace
}

_cwmp() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' words=0 at word
	local root=() flags='--root --json --help' arguments=''
	local commands='status inform notify dhcp reload stop get names set add del attributes events transfers trace doctor version'
	local events='bootstrap boot periodic scheduled value-change connection-request diagnostics-complete'
	COMPREPLY=()
	# What is offered goes between the quotation marks, if one is open.
	cur=${cur#[\'\"]}
	# `=` is a word of its own in most shells.
	[[ $cur != '=' ]] || return 0
	if [[ $prev == --root || $prev == '=' && ${COMP_WORDS[COMP_CWORD - 2]} == --root ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return 0
	fi
	[[ $prev != '=' ]] || return 0
	for ((at = 1; at < COMP_CWORD; at++)); do
		word=${COMP_WORDS[at]}
		case $word in
		--root)
			((at++))
			[[ ${COMP_WORDS[at]} != '=' ]] || ((at++))
			root=(--root "${COMP_WORDS[at]}")
			;;
		--root=*) root=("$word") ;;
		-* | '=') ;;
		*)
			if [[ $command ]]; then
				((words++))
			else
				command=$word
			fi
			;;
		esac
	done
	case $command in
	inform) flags+=' --get-rpc-methods --wait' arguments='[EVENT]' ;;
	dhcp) flags+=' --opt43= --opt125= --opt17= --interface= --clear' ;;
	get) arguments='PATH...' ;;
	names) flags+=' --next-level' arguments='[PATH]' ;;
	set) arguments='PATH=VALUE...' ;;
	add) arguments='PATH' ;;
	del) arguments='PATH' ;;
	attributes) arguments='PATH...' ;;
	trace) flags+=' --follow' ;;
	'') flags+=' --version' arguments=COMMAND ;;
	help) arguments='[COMMAND]' ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
		[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
		return 0
	fi
	# Of what may come once, nothing more.
	[[ $arguments == *... ]] || ((words == 0)) || return 0
	case $arguments in
	COMMAND) mapfile -t COMPREPLY < <(compgen -W "$commands help" -- "$cur") ;;
	'[COMMAND]') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	'[EVENT]') mapfile -t COMPREPLY < <(compgen -W "$events" -- "$cur") ;;
	'PATH=VALUE...') _cwmp_paths set ;;
	PATH) _cwmp_paths object ;;
	'[PATH]' | 'PATH...') _cwmp_paths any ;;
	esac
	return 0
}

complete -F _cwmp cwmp
