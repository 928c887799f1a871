# Completion of offload for bash. What it offers it asks the program itself for (its --help), and the
# methods the daemon that the command line names, for a second at most.

# Prints, of the options in a help text on stdin, their names; with "values" only those that take one.
_offload_options()
{
    local lines='s/^ +(-[a-zA-Z0-9], +)?(--[a-z][-a-z]*)( [A-Z][^ ]*)?.*/\1\2\3/p'

    if [[ ${1-} == values ]]; then
        sed -nE "$lines" | sed -nE 's/ [A-Z][^ ]*$//p'
    else
        sed -nE "$lines" | sed -E 's/ [A-Z][^ ]*$//'
    fi | tr -s ', ' '\n'
}

# What is there so far: the command, how many words follow it, and where the daemon is.
_offload_scan()
{
    local values=" $({ "$program" --help; "$program" check-worker --help; } 2>/dev/null |
        _offload_options values | tr '\n' ' ')"
    local i

    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        --server) daemon=(--server "${words[i + 1]}") ;;
        --server=*) daemon=("${words[i]}") ;;
        --local) daemon=(--local) ;;
        esac
        if [[ $values == *" ${words[i]} "* ]]; then
            i=$((i + 1))
        elif [[ ${words[i]} != -* ]]; then
            if [[ -z $command ]]; then
                command=${words[i]}
            else
                count=$((count + 1))
            fi
        fi
    done
    if [[ $values == *" ${words[${#words[@]} - 2]} "* ]]; then
        before=${words[${#words[@]} - 2]}
    fi
}

# The words for the place.
_offload_words()
{
    case $before:$command:$count in
    --server:*) echo 'unix: tcp:127.0.0.1:7707' ;;
    --halt:*) echo 'never now,fail=1 soon,fail=1 now,success=1 soon,fail=10%' ;;
    --arg-file:* | -a:* | --joblog:* | -?*:*) compgen -f -- "$current" ;;
    *) _offload_place_words ;;
    esac
}

_offload_place_words()
{
    if [[ $current == -* ]]; then
        if [[ $command != run || $count -eq 0 ]]; then
            "$program" ${command:+"$command"} --help 2>/dev/null | _offload_options
        fi
        return
    fi
    case $command:$count in
    :*) "$program" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([-a-z]*\) .*/\1/p' ;;
    call:0 | map:0) timeout 1 "$program" "${daemon[@]}" methods 2>/dev/null ;;
    gather:*) timeout 1 "$program" "${daemon[@]}" methods 2>/dev/null ;;
    run:0 | check-worker:0) compgen -c -- "$current" ;;
    *) compgen -f -- "$current" ;;
    esac
}

_offload()
{
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
    local command='' count=0 before='' words daemon=()

    # Bash cuts words at ':' and '=' as well.
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')
    _offload_scan
    mapfile -t COMPREPLY < <(compgen -W "$(_offload_words | tr '\n' ' ')" -- "$current")
}

complete -o bashdefault -o default -F _offload offload
