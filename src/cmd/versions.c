/* versions.c - the libraries of the trainer, whose versions settle its numbers.
 *
 * For --version (flotilla.c), and for the page of a run (train_watch.c), which
 * has to say by what it was made. */
#include "cmd/versions.h"

#include "base/digest.h"
#include "base/version.h"
#include "comm/mpi/mpi.h"
#include "image/image.h"
#include "text/json.h"
#include "text/yaml.h"
#include "watch/server.h"

void versions_print(FILE *to)
{
	static const struct fl_library libraries[] = {
		{ "Open MPI", comm_mpi_library_version },
		{ "libyaml", yaml_library_version },
		{ "Jansson", json_library_version },
		{ "libsodium", fl_digest_library_version },
		{ "libmicrohttpd", server_library_version },
		{ NULL, NULL }
	};
	const struct fl_library *all[] = { libraries, image_libraries, NULL };

	fl_version_print(to, "flotilla", all);
}
