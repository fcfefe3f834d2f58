/* pmi1_sum.c - a rank as MPICH's and Intel MPI's libraries are: it asks PMI-1 who
 * it is, tells the others a number, and adds up what all of them told.
 *
 *     pmi1_sum [abort|early|names|spawn]: the last rank does that instead of
 *     leaving as it should */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *to, *from;
static char line[2048];

/* Ask, and the answer must begin with the word. */
static const char *ask(const char *want, const char *question)
{
	fputs(question, to);
	fflush(to);
	if (!fgets(line, sizeof(line), from) ||
	    strncmp(line, want, strlen(want)) != 0) {
		printf("asked %sheard %s\n", question, line);
		exit(1);
	}
	return line;
}

static int value(const char *answer)
{
	const char *at = strstr(answer, "value=");

	return at ? atoi(at + 6) : -1;
}

static int misbehave(const char *how)
{
	if (strcmp(how, "abort") == 0) {
		fputs("cmd=abort exitcode=7\n", to);
		fflush(to);
		pause(); /* as MPICH's do */
	} else if (strcmp(how, "names") == 0) {
		ask("cmd=publish_result rc=-1",
		    "cmd=publish_name service=x port=y\n");
	} else if (strcmp(how, "spawn") == 0) {
		ask("cmd=spawn_result rc=-1",
		    "mcmd=spawn\nnprocs=1\nexecname=true\nendcmd\n");
	}
	return strcmp(how, "early") == 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int fd = atoi(getenv("PMI_FD")), rank = atoi(getenv("PMI_RANK"));
	int size = atoi(getenv("PMI_SIZE")), sum = 0;
	char question[256];

	to = fdopen(dup(fd), "w");
	from = fdopen(fd, "r");
	ask("cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0",
	    "cmd=init pmi_version=1 pmi_subversion=1\n");
	ask("cmd=maxes kvsname_max=256 ", "cmd=get_maxes\n");
	ask("cmd=appnum appnum=0", "cmd=get_appnum\n");
	snprintf(question, sizeof(question), "cmd=universe_size size=%d", size);
	ask(question, "cmd=get_universe_size\n");
	ask("cmd=my_kvsname kvsname=fr-", "cmd=get_my_kvsname\n");
	printf("mapping %s",
	       ask("cmd=get_result rc=0 msg=success value=",
		   "cmd=get kvsname=x key=PMI_process_mapping\n") +
		       strlen("cmd=get_result rc=0 msg=success "));
	ask("cmd=get_result rc=-1", "cmd=get kvsname=x key=nobody-put\n");
	for (int round = 1; round <= 3; round++) {
		snprintf(question, sizeof(question),
			 "cmd=put kvsname=x key=card-%d value=%d\n", rank,
			 round * (rank + 1));
		ask("cmd=put_result rc=0", question);
		ask("cmd=barrier_out", "cmd=barrier_in\n");
		sum = 0;
		for (int r = 0; r < size; r++) {
			snprintf(question, sizeof(question),
				 "cmd=get kvsname=x key=card-%d\n", r);
			sum += value(ask("cmd=get_result rc=0", question));
		}
		ask("cmd=barrier_out", "cmd=barrier_in\n");
	}
	printf("rank %d of %d: sum %d\n", rank, size, sum);
	fflush(stdout);
	if (rank == size - 1 && misbehave(how))
		return 0;
	ask("cmd=finalize_ack", "cmd=finalize\n");
	return 0;
}
