/* version.h - the only place that says which release this is. The Makefile,
 * the packages and the manual pages take both lines from here. */
#ifndef FL_BASE_VERSION_H
#define FL_BASE_VERSION_H

#define FLOTILLA_VERSION "0.1.0"
#define FLOTILLA_RELEASED "2026-11-30"

#endif
