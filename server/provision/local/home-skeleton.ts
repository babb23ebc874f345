/** What a new home holds, by path. Written once; afterwards it is the user's. */
export const homeSkeleton: Readonly<Record<string, string>> = {
  '.profile': `# Read by login shells.
if [ -n "$BASH_VERSION" ] && [ -f "$HOME/.bashrc" ]; then
  . "$HOME/.bashrc"
fi
`,
  '.bashrc': `# Read by interactive shells.
case ":$PATH:" in
  *":$HOME/.local/bin:"*) ;;
  *) PATH="$HOME/.local/bin:$PATH" ;;
esac

case $- in
  *i*) ;;
  *) return ;;
esac

# Each command is kept at once, so that the history survives a stop.
HISTCONTROL=ignoreboth
HISTSIZE=10000
HISTFILESIZE=20000
shopt -s histappend checkwinsize
PROMPT_COMMAND='history -a'

PS1='\\[\\e[32m\\]\\w\\[\\e[0m\\] \\$ '
alias ls='ls --color=auto'
alias grep='grep --color=auto'
alias ll='ls -l'

if [ -f /usr/share/bash-completion/bash_completion ]; then
  . /usr/share/bash-completion/bash_completion
fi
`,
  // The system's folders are read-only, and distributions forbid pip to install beside their own packages.
  '.npmrc': `prefix=\${HOME}/.local
`,
  '.config/pip/pip.conf': `[global]
break-system-packages = true
`,
};
