_gobuild_opt() {
    local line kind= word= offered=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; continue; fi
        word=${line%%$'\t'*}
        offered+=("$word")
    done < <("$1" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    COMPREPLY=(${offered[@]+"${offered[@]}"})
    case $kind in
    files) option=-f ;;
    directories) option=-d ;;
    *) option= ;;
    esac
    if [ -n "$option" ]; then
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $option -- "$2")
        if type compopt >/dev/null 2>&1; then compopt -o filenames; fi
    fi
    # A directory, a key or a kind is half a word.
    case ${COMPREPLY[0]-} in
    */ | *= | *:) if type compopt >/dev/null 2>&1; then compopt -o nospace; fi ;;
    esac
}
complete -F _gobuild_opt gobuild-opt
