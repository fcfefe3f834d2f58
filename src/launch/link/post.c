/* post.c - the addresses of an attempt.
 *
 * The watches send by these alone and never ask who they are but by
 * post_leads() and post_decides(), so that the same code runs on every machine,
 * and on one machine without a network.
 */
#include "launch/link/post.h"

static int host_of(const struct post *p, int seat)
{
	return p->layout->list[seat].host;
}

bool post_leads(const struct post *p)
{
	return host_of(p, 0) == p->self;
}

bool post_decides(const struct post *p)
{
	for (int i = 0; i < p->layout->count; i++) {
		if (host_of(p, i) == p->self)
			return true;
		if (p->here(p->ctx, host_of(p, i)))
			return false;
	}
	return true;
}

bool post_to_seat(const struct post *p, int seat, enum wire_type type,
		  const struct json *o)
{
	if (host_of(p, seat) == p->self)
		return false;
	p->send(p->ctx, host_of(p, seat), type, o);
	return true;
}

bool post_to_first(const struct post *p, enum wire_type type,
		   const struct json *o)
{
	return post_to_seat(p, 0, type, o);
}

void post_to_members(const struct post *p, enum wire_type type,
		     const struct json *o)
{
	for (int i = 0; i < p->layout->count; i++)
		post_to_seat(p, i, type, o);
}

void post_to_all(const struct post *p, enum wire_type type,
		 const struct json *o)
{
	for (int i = 0; i < p->hosts; i++)
		if (i != p->self)
			p->send(p->ctx, i, type, o);
}
