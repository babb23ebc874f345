/** Where the browser finds Monaco; the version in it lets the folder be cached for ever. */
export const monacoFolder = '/monaco/0.57.0';
