// What a holder is completed with: the way in which it gets its ports.
#ifndef HOLDER_H
#define HOLDER_H

/** Any privileged UDP port, and its socket; not above 0 when none is left. */
int take(int *ret_socket);

#endif
