import { completeWord } from './candidate.js';

/** What a script is printed for. */
export const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const;

/**
 * The script for a shell. It runs the program on the command line as `outrider __complete WORDS` and reads one candidate a
 * line: a value, a tab and a description. In the last line, `:N`, 2 means that no blank follows the word; without 4, file
 * names fit too. The script quotes names from a kubeconfig or a cluster, and never runs them.
 */
export const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `# bash completion for outrider
_outrider() {
  local line=\${COMP_LINE:0:COMP_POINT} current value out directive=4
  local -a words
  # Not COMP_WORDS: bash takes a word apart at = and :
  read -ra words <<<"$line"
  current=''
  if [[ $line != *[[:space:]] ]]; then current=\${words[\${#words[@]}-1]}; unset 'words[\${#words[@]}-1]'; fi
  local program=\${words[0]/#\\~/$HOME}
  COMPREPLY=()
  # The part of the word that bash keeps, since a new one begins for it behind = and :
  local kept=''
  if [[ $current == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then kept=\${current%"\${current##*[=:]}"}; fi
  while IFS= read -r out; do
    if [[ $out == :* ]]; then directive=\${out#:}; continue; fi
    value=\${out%%$'\\t'*}
    printf -v value '%q' "\${value#"$kept"}"
    COMPREPLY+=("$value")
  done < <("$program" ${completeWord} "\${words[@]:1}" "$current" 2>/dev/null)
  if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
  if ! ((directive & 4)); then compopt -o default 2>/dev/null; fi
}
complete -F _outrider outrider
`,
  zsh: `#compdef outrider
# zsh completion for outrider
_outrider() {
  local out value directive=4
  local -a values blank
  local program=\${(Q)words[1]/#\\~/$HOME}
  while IFS= read -r out; do
    if [[ $out == :* ]]; then directive=\${out#:}; continue; fi
    value=\${out%%$'\\t'*}
    if [[ $out == *$'\\t'* ]]; then values+=("\${value//:/\\\\:}:\${out#*$'\\t'}"); else values+=("\${value//:/\\\\:}"); fi
  done < <("$program" ${completeWord} "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( directive & 2 )); then blank=(-S ''); fi
  if (( $#values )); then
    _describe -V outrider values "\${blank[@]}"
  elif ! (( directive & 4 )); then
    _files
  fi
}
if [[ \${funcstack[1]} == _outrider ]]; then
  _outrider "$@"
else
  if ! (( $+functions[compdef] )); then autoload -Uz compinit && compinit; fi
  compdef _outrider outrider
fi
`,
  fish: `# fish completion for outrider
function __outrider_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l directive 4
  set -l found
  for out in ($words[1] ${completeWord} $words[2..-1] "$current" 2>/dev/null)
    if string match -q ':*' -- $out
      set directive (string sub -s 2 -- $out)
    else
      set -a found $out
    end
  end
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else if test (math "bitand($directive, 4)") -eq 0
    __fish_complete_path "$current"
  end
end
complete -c outrider -k -f -a '(__outrider_complete)'
`,
  kubectl: `#!/bin/sh
# Completion of "kubectl outrider": kubectl runs this program where it lies on PATH as kubectl_complete-outrider.
exec kubectl-outrider ${completeWord} "$@"
`,
};
