/**
 * The cookie that carries a browser's token. `__Host-` needs https; on plain http the name stands alone. No other
 * cookie may begin with these names: next-auth would join it as a chunk.
 */
export const loginCookieName = (secure: boolean): string => (secure ? '__Host-coditect-session' : 'coditect-session');
