#compdef gobuild-opt
_gobuild_opt() {
    local -a lines whole half
    local kind line word about
    lines=("${(@f)$("${words[1]}" __complete zsh "${(@)words[1,CURRENT]}" 2>/dev/null)}")
    kind=$lines[1]
    for line in "${(@)lines[2,-1]}"; do
        word=${line%%$'\t'*}
        about=${line#*$'\t'}
        [[ -n $word ]] || continue
        # A backslash and a colon mean something to _describe.
        word=${${word//\\/\\\\}//:/\\:}
        # A directory, a key or a kind is half a word.
        if [[ $word == *(/|=|:) ]]; then
            half+=("$word${about:+:$about}")
        else
            whole+=("$word${about:+:$about}")
        fi
    done
    (( $#half )) && _describe -t half word half -S '' -V half
    (( $#whole )) && _describe -t whole word whole
    case $kind in
    files) compset -P '*='; _files ;;
    directories) compset -P '*='; _files -/ ;;
    esac
    return 0
}
if [ "$funcstack[1]" = "_gobuild_opt" ] || [ "$funcstack[1]" = "_gobuild-opt" ]; then
    _gobuild_opt "$@"
else
    compdef _gobuild_opt gobuild-opt
fi
