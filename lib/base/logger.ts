/** What our code logs through; pino has this shape. Fields first, then a sentence. */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Says nothing. For tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
