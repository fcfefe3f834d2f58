/* port.h - a listening port, and who holds it where it is taken. */
#ifndef FL_LAUNCH_PORT_H
#define FL_LAUNCH_PORT_H

#include "launch/plan/hosts.h"

/* Listen on the host's own address. Returns the descriptor, or a negative code
 * with a sentence that names the holder where the system tells. */
int port_listen(const struct host *own, int port, struct fl_err *err);

/* Can a program that asks for no reuse listen on it now? A port rests for a
 * minute after a connection that ended there. */
bool port_is_free(int port);

#endif
