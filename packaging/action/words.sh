# shellcheck shell=bash
# What `report` and `rebuild` take from the inputs of the action.

# The words of the input `args`, a line each. A quote that stays open ends the step: a flag must not get lost.
words() {
  # GNU xargs starts its command even where there is no word, and sees an open quote only before the end of a line.
  [[ $ARGS =~ [^[:space:]] ]] || return 0
  printf '%s\n' "$ARGS" | xargs -n1 printf '%s\n'
}

unreadable() {
  echo "::error title=gobuild-opt::cannot read the input \`args\`: is a quote open?"
  exit 2
}

# Whether there is a configuration: looked for upward, as the program does, not above the module or the repository.
configured() {
  [ -z "${GOBUILD_OPT_BUILD_PACKAGES:-}" ] || return 0
  local place=$PWD
  while [ ! -f "$place/gobuild-opt.toml" ]; do
    if [ -f "$place/go.mod" ] || [ -e "$place/.git" ] || [ -z "$place" ]; then return 1; fi
    place=${place%/*}
  done
}

# Every command of the module, where neither the inputs nor a configuration say what to build.
commands() {
  if [[ $ARGS =~ [^[:space:]] ]] || configured; then return 0; fi
  go list -e -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./... 2>/dev/null || true
}
