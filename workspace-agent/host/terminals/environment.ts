/** Of the host's own environment a shell sees these alone: the rest may name what is none of the user's business. */
const inherited = [
  'TZ',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
];
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a shell whose home is `home`. What a user installs (`pip install`, `npm install --global`) goes
 * into the home, which outlives the workspace's processes; so does the history, line by line.
 */
export function shellEnvironment(home: string, own: NodeJS.ProcessEnv): Record<string, string> {
  const passed = inherited.flatMap((name) => {
    const value = own[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    HOME: home,
    USER: own.USER ?? 'dev',
    LOGNAME: own.LOGNAME ?? own.USER ?? 'dev',
    SHELL: '/bin/bash',
    PATH: `${home}/.local/bin:${own.PATH ?? systemPath}`,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    TERM_PROGRAM: 'coditect',
    HISTFILE: `${home}/.bash_history`,
    PROMPT_COMMAND: 'history -a',
    NPM_CONFIG_PREFIX: `${home}/.local`,
    // Not PIP_USER, which makes pip fail inside every virtual environment: as an unprivileged user pip chooses the home
    // by itself, once it is allowed to.
    PIP_BREAK_SYSTEM_PACKAGES: '1',
  };
}
