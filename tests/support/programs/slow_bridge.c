/* slow_bridge DELAY_US LOSS PORT PORT ...: a switch whose frames arrive DELAY_US later and of
 * which LOSS in a thousand never do, for kernels without netem. Forwards between network
 * interfaces of its namespace, learning who is where; a frame for which its port has no room is
 * lost, as in a real one. Prints "ready". */
#include "base/arena.h"
#include "base/rng.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS 16
#define ADDRESSES 64
#define HEADER sizeof(struct virtio_net_hdr)
#define MOST (HEADER + 18 + 65536)
#define HELD 16384 /* frames under way; more are lost */

/* A frame with what the kernel leaves to hardware (segments, checksum) before it. */
struct frame {
	long long due_ns;
	int from;
	size_t size;
	unsigned char *bytes;
};

static int sockets[PORTS], ports;
static struct {
	unsigned char mac[ETH_ALEN];
	int port;
} known[ADDRESSES];
static int known_count;
static struct frame held[HELD];
static unsigned first, last;
static struct fl_rng rng; /* which frames are lost */

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int open_port(const char *name)
{
	int s = socket(AF_PACKET, SOCK_RAW, 0), one = 1, room = 8 << 20;
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)if_nametoindex(name) };

	if (s < 0 || a.sll_ifindex == 0 ||
	    setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) !=
		    0 ||
	    setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)) != 0 ||
	    bind(s, (struct sockaddr *)&a, sizeof(a)) != 0) {
		fprintf(stderr, "slow_bridge: %s: %s\n", name, strerror(errno));
		exit(4);
	}
	setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return s;
}

static void learn(const unsigned char *mac, int port)
{
	int i = 0;

	while (i < known_count && memcmp(known[i].mac, mac, ETH_ALEN) != 0)
		i++;
	if (i == ADDRESSES)
		return;
	memcpy(known[i].mac, mac, ETH_ALEN);
	known[i].port = port;
	known_count += i == known_count;
}

static int port_of(const unsigned char *mac)
{
	for (int i = 0; i < known_count; i++)
		if (memcmp(known[i].mac, mac, ETH_ALEN) == 0)
			return known[i].port;
	return -1;
}

static void take_frames(int port, long long delay_ns, uint64_t loss)
{
	static unsigned char bytes[MOST];
	ssize_t n;

	while ((n = recv(sockets[port], bytes, sizeof(bytes), MSG_DONTWAIT)) >
	       0) {
		struct frame *f = &held[last % HELD];

		if ((size_t)n < HEADER + sizeof(struct ether_header) ||
		    last - first == HELD)
			continue;
		if (fl_rng_below(&rng, 1000) < loss)
			continue;
		learn(bytes + HEADER + ETH_ALEN, port);
		*f = (struct frame){ now_ns() + delay_ns, port, (size_t)n,
				     fl_malloc((size_t)n) };
		memcpy(f->bytes, bytes, (size_t)n);
		last++;
	}
}

static void pass_on(void)
{
	long long now = now_ns();

	for (; first != last && held[first % HELD].due_ns <= now; first++) {
		struct frame *f = &held[first % HELD];
		int to = port_of(f->bytes + HEADER);

		for (int p = 0; p < ports; p++)
			if (p == to || (to < 0 && p != f->from))
				send(sockets[p], f->bytes, f->size,
				     MSG_DONTWAIT);
		free(f->bytes);
	}
}

int main(int argc, char **argv)
{
	struct pollfd list[PORTS];
	long long delay_ns;
	uint64_t loss;

	if (argc < 5 || argc > 3 + PORTS) {
		fprintf(stderr,
			"usage: slow_bridge DELAY_US LOSS PORT PORT ...\n");
		return 2;
	}
	delay_ns = 1000LL * atoi(argv[1]);
	loss = (uint64_t)atoi(argv[2]);
	rng = fl_rng_open(1, FL_RNG_TEST, 0, 0);
	for (ports = 0; ports < argc - 3; ports++) {
		sockets[ports] = open_port(argv[3 + ports]);
		list[ports] = (struct pollfd){ sockets[ports], POLLIN, 0 };
	}
	prctl(PR_SET_TIMERSLACK, 1000UL);
	puts("ready");
	fflush(stdout);
	for (;;) {
		long long wait = first == last
					 ? 999999999LL
					 : held[first % HELD].due_ns - now_ns();
		struct timespec t = { .tv_nsec = wait > 0 ? wait % 1000000000LL
							  : 0 };

		ppoll(list, (nfds_t)ports, &t, NULL);
		for (int p = 0; p < ports; p++)
			if (list[p].revents)
				take_frames(p, delay_ns, loss);
		pass_on();
	}
}
