#!/usr/bin/env bash
# A script under Slurm opens runs/$SLURM_JOB_ID and fetches weights through https_proxy; both were gone. torchrun 2.15 and
# mpirun 4.1.4 keep them; Paddle's launcher moves the proxies away because gRPC sends trainers' words through them
# (PaddlePaddle/Paddle issue 17803), which no_proxy prevents.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
kept="SLURM_JOB_ID=4711 SLURM_JOBID=4711 SLURM_SUBMIT_DIR=/data SLURM_JOB_NAME=night SLURM_TMPDIR=/scratch SLURM_NODELIST=n[1-2]
	SLURM_ARRAY_TASK_ID=3 SLURM_CPUS_PER_TASK=4 SLURM_JOB_NUM_NODES=2 PBS_JOBID=5.pbs PBS_NODEFILE=/var/nodes LSB_JOBID=6
	LSB_HOSTS=a JOB_ID=7 SGE_TASK_ID=8 OAR_JOB_ID=9 FLUX_JOB_ID=f1 FLUX_URI=local:///f JOB_COMPLETION_INDEX=1 DISPLAY=:9
	http_proxy=http://proxy:3128 https_proxy=http://proxy:3128 HTTP_PROXY=http://proxy:3128 PMIX_MCA_psec=native"
gone="SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_NTASKS_PER_NODE=1 SLURM_NPROCS=2 SLURM_LOCALID=0 SLURM_STEP_ID=0 SLURM_STEPID=0
	SLURM_STEP_NODELIST=n SLURM_GTIDS=0 SLURM_TASK_PID=1 SLURM_LAUNCH_NODE_IPADDR=1.2.3.4 SLURM_PMIXP_ABORT_AGENT_PORT=1
	PMI_RANK=1 PMI_SIZE=2 PMI2_X=1 PMIX_RANK=3 PMIX_NAMESPACE=x FLUX_TASK_RANK=1 FLUX_JOB_SIZE=2 JSM_NAMESPACE_RANK=1
	PALS_RANKID=1 MV2_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_RANK=9 MPI_LOCALRANKID=9 RANK=9 LOCAL_RANK=9 WORLD_SIZE=99
	TORCHELASTIC_RUN_ID=outer LSF_PM_TASKID=1"
mine() { # NAME: what fleetrun itself gives under this name, without what stands outside
	env -i PATH="$PATH" "$fleetrun" --log_dir log --nproc_per_node 1 env 2>/dev/null </dev/null | grep "^$1="
}
env $kept $gone no_proxy=site "$fleetrun" --log_dir log --nproc_per_node 1 env >seen 2>&1 </dev/null
for v in $kept; do check "${v%%=*} stays" grep -qxF "$v" seen; done
for v in $gone; do check "${v%%=*} is another launcher's" sh -c "! grep -qxF '$v' seen"; done
for v in $kept; do check "fleetrun makes no ${v%%=*} up" test -z "$(mine "${v%%=*}" | grep -v ^PMIX)"; done
check "the job's machines are not asked for by the proxy" grep -qx "no_proxy=site,127.0.0.1" seen
check "in both spellings" grep -qx "NO_PROXY=site,127.0.0.1" seen
check "where there is no proxy, nothing is said of it" test -z "$(mine no_proxy)"
