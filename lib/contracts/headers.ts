/** Set by the listener on every request, whatever the client sent: the address the request came from. */
export const peerAddressHeader = 'x-coditect-peer';
