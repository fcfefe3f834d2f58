/* password.h - does what an HTTP header "Authorization" says hold the token?
 *
 * "Bearer TOKEN" of programs, or "Basic BASE64" of browsers, whose user name may
 * be anything and whose password is the token.
 */
#ifndef FL_WATCH_PASSWORD_H
#define FL_WATCH_PASSWORD_H

#include <stdbool.h>

/* header NULL: there is none. */
bool password_fits(const char *header, const char *token);

#endif
