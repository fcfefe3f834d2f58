#!/usr/bin/env bash
# Lightning 2.6 looks for torchelastic's names first, then for Slurm's, LSF's and MPI's, and took a job of fleetrun for an
# MPI job. torchrun 2.15 sets them (torch/distributed/elastic/agent/server/local_elastic_agent.py).
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
cat >show <<'S'
#!/bin/bash
echo "$TORCHELASTIC_RUN_ID $TORCHELASTIC_RESTART_COUNT/$TORCHELASTIC_MAX_RESTARTS $ROLE_NAME $ROLE_RANK/$ROLE_WORLD_SIZE" \
	"store=$TORCHELASTIC_USE_AGENT_STORE mpi=$OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE" \
	"local=$OMPI_COMM_WORLD_LOCAL_RANK/$OMPI_COMM_WORLD_LOCAL_SIZE" >>"said.$RANK"
if [ "$FLOTILLA_ATTEMPT" = 0 ] && [ "$RANK" = 1 ]; then
	for k in $(seq 100); do [ -s said.0 ] && break || sleep 0.05; done # a fault ends rank 0, which is to speak first
	echo '{"message": {"message": "ValueError: no picture", "extraInfo": {"timestamp": "1"}}}' >"$TORCHELASTIC_ERROR_FILE"
	exit 9
fi
sleep 0.5
S
chmod +x show
# What an outer torchrun would have left is not this job's.
export TORCHELASTIC_USE_AGENT_STORE=True TORCHELASTIC_RUN_ID=outer TORCHELASTIC_RESTART_COUNT=7 ROLE_RANK=5
says "a job with a restart" 0 "starting again, 1 of 1" "$fleetrun" --log_dir log --nproc_per_node 2 --max_restart 1 ./show
check "the error file is read" grep -q "it said: ValueError: no picture" says.log
for r in 0 1; do
	for k in 0 1; do
		check "rank $r, restart $k" grep -qE "^[0-9a-f]+ $k/1 default $r/2 store= mpi=$r/2 local=$r/2\$" "said.$r"
	done
done
check "one name for the whole job" test "$(cat said.* | sed 's/ .*//' | sort -u | wc -l)" -eq 1
