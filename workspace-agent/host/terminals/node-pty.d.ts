/** The native part of node-pty, which its own types leave out. */
declare module '@lydell/node-pty/requireBinary.js' {
  export function requireBinary(file: 'pty.node'): unknown;
}
