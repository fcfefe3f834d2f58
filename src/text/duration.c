/* duration.c - lengths of time, read either by units or by colons. Called where an
 * option takes one. Both readers go once over the text and are done only at its end. */
#include "text/duration.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST (10 * 366 * 86400.0)

/* No sign, no exponent, no "inf": strtod alone would take them. */
static bool read_number(const char **at, double *value)
{
	const char *end = *at;
	int points = 0;

	while (isdigit((unsigned char)*end) || (*end == '.' && points == 0))
		points += *end++ == '.';
	if (end == *at || end - *at > 15 || end - *at == points)
		return false;
	*value = strtod(*at, NULL);
	*at = end;
	return true;
}

static bool read_units(const char *at, double *seconds)
{
	static const char units[] = "dhms";
	static const double each[] = { 86400, 3600, 60, 1 };
	size_t least = 0;

	*seconds = 0;
	while (*at) {
		const char *unit;
		double n;

		if (!read_number(&at, &n) || !*at)
			return false;
		unit = strchr(units + least, *at++);
		if (!unit)
			return false;
		*seconds += n * each[unit - units];
		least = (size_t)(unit - units) + 1;
	}
	return true;
}

static bool read_clock(const char *at, double *seconds)
{
	double days = 0, n;
	int fields = 0;

	if (!read_number(&at, &n))
		return false;
	if (*at == '-') {
		days = n;
		at++;
		if (!read_number(&at, &n))
			return false;
	}
	for (*seconds = n; *at == ':'; fields++) {
		at++;
		if (!read_number(&at, &n) || n >= 60)
			return false;
		*seconds = *seconds * 60 + n;
	}
	/* Slurm's "D-H:M" is not minutes and seconds, and here refused. */
	if (days > 0 ? fields != 2 : fields < 1 || fields > 2)
		return false;
	*seconds += days * 86400;
	return *at == '\0';
}

int duration_parse(const char *text, const char *what, double *seconds,
		   struct fl_err *err)
{
	if ((read_units(text, seconds) || read_clock(text, seconds)) &&
	    *seconds > 0 && *seconds < MOST)
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"%s is a time as 10h, 90m, 1h30m or 1:30:00, above 0, not '%s'",
		what, text);
}
