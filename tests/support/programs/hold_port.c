/* hold_port ADDRESS PORT SECONDS: listens and says nothing. hold_port call ADDRESS PORT: connects,
 * says what no agent says, and leaves. For the tests of ports. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int call = argc > 1 && strcmp(argv[1], "call") == 0;
	struct sockaddr_in at = { .sin_family = AF_INET };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc < 4 || fd < 0)
		return 2;
	at.sin_port = htons((unsigned short)atoi(argv[call ? 3 : 2]));
	if (inet_pton(AF_INET, argv[call ? 2 : 1], &at.sin_addr) != 1)
		return 2;
	if (call) {
		if (connect(fd, (struct sockaddr *)(void *)&at, sizeof(at)))
			return 1;
		return write(fd, "GET / HTTP/1.0\r\n\r\n", 18) == 18 ? 0 : 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)(void *)&at, sizeof(at)) ||
	    listen(fd, 8)) {
		perror("hold_port");
		return 1;
	}
	sleep((unsigned)atoi(argv[3]));
	return 0;
}
