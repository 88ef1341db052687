function __gobuild_opt_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete fish $words 2>/dev/null)
    for line in $lines[2..-1]
        printf '%s\n' $line
    end
    # Behind `--flag=` the word at the cursor begins with the flag.
    set -l word (commandline -ct)
    set -l front (string match -r '^-[^=]*=' -- "$word")
    set -l current (string replace -r '^-[^=]*=' '' -- "$word")
    set -l paths
    switch "$lines[1]"
        case files
            set paths (__fish_complete_path "$current")
        case directories
            set paths (__fish_complete_directories "$current" '')
    end
    for path in $paths
        printf '%s%s\n' "$front" "$path"
    end
end
complete -c gobuild-opt -f -a '(__gobuild_opt_complete)'
