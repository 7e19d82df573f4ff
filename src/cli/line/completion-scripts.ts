/** The hidden command that shells call for proposals, followed by the words typed so far. */
export const completionWord = "__complete";

/** Shells that have a script. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

const bash = `# farrier's completion for bash: source <(farrier completion bash)
_farrier() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" ${completionWord} "\${words[@]}" 2>/dev/null)
}
complete -o default -F _farrier farrier
`;

const zsh = `#compdef farrier
# farrier's completion for zsh: source <(farrier completion zsh), after compinit
_farrier() {
  local -a found
  found=("\${(@f)$("\${words[1]}" ${completionWord} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
if [ "$funcstack[1]" = "_farrier" ]; then _farrier "$@"; else compdef _farrier farrier; fi
`;

const fish = `# farrier's completion for fish: farrier completion fish | source
function __farrier_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] ${completionWord} $words[2..-1] 2>/dev/null
end
complete -c farrier -a '(__farrier_complete)'
`;

/** The script that each shell sources. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
