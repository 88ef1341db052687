_gobuild_opt() {
    local line kind= word= option= filenames= quote= at letter offered=()
    # Whether a quote is open at the cursor.
    for ((at = 0; at < COMP_POINT; at++)); do
        letter=${COMP_LINE:at:1}
        case $quote$letter in
        \\ | '"'\\) at=$((at + 1)) ;;
        \' | '"') quote=$letter ;;
        "''" | '""') quote= ;;
        esac
    done
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; continue; fi
        offered+=("${line%%$'\t'*}")
    done < <("$1" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case $kind in
    files) option=-f ;;
    directories) option=-d ;;
    esac
    if [ -n "$option" ]; then
        while IFS= read -r line; do offered+=("$line"); done < <(compgen $option -- "$2")
        # Then readline quotes what it inserts.
        if type compopt >/dev/null 2>&1; then filenames=1; compopt -o filenames; fi
    fi
    COMPREPLY=()
    for word in ${offered[@]+"${offered[@]}"}; do
        if [ -n "$filenames" ]; then
            :
        elif [ -z "$quote" ]; then
            printf -v word %q "$word"
        else
            # Characters that mean something between quotes.
            case $word in *[\$\`\"\'\\!]*) continue ;; esac
        fi
        COMPREPLY+=("$word")
    done
    # A directory, a key or a kind is half a word.
    case ${COMPREPLY[0]-} in
    */ | *= | *:) if type compopt >/dev/null 2>&1; then compopt -o nospace; fi ;;
    esac
}
complete -F _gobuild_opt gobuild-opt
