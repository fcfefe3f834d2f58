#!/usr/bin/env bash
# Lines for mpirun (Open MPI 4 and 5, MPICH's hydra), srun, horovodrun, torchrun, deepspeed and accelerate launch, as their
# documents write them (horovod docs/mpi.rst; torch/distributed/run.py; Slurm's srun(1)), typed with fleetrun in front: each
# option has its meaning, or a line says why it has none, or what to type instead. And numbers in the environment that are none.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
touch train.py
dry="$fleetrun --dry_run"
# NAME COUNT COMMAND...: starts so many trainers here
starts() {
	says "$1" 0 "torchrun --nnodes" "${@:3}"
	check "$1: $2 trainers" sh -c '[ "$(grep -c "/workerlog" "$1")" = "$2" ]' sh "$work/says.log" "$2"
}
refused() { # NAME 'TEXT' COMMAND...
	says "$1" 2 "$2" "${@:3}"
}

# How many.
for line in "-np 3" "--np 3" "-n 3" "-n3" "-n=3" "--ntasks=3" "--num-proc 3" "--num_processes 3" "-ppn 3" "-npernode 3" \
	"--ntasks-per-node=3" "-perhost 3" "--num_gpus=3" "-H localhost:3" "--host localhost:3,localhost:3" "-n 3 -ppn 3" "--hosts 127.0.0.1:3"; do
	case $line in
	*,*) refused "$line" "name each machine once" $dry $line train.py ;;
	*) starts "$line" 3 $dry $line train.py ;;
	esac
done
two="127.0.0.1,127.0.0.2 --host 127.0.0.1"
starts "-n over two machines" 4 $dry --ips $two -n 4 train.py
starts "-H with places" 4 $dry -H 127.0.0.1:2,127.0.0.2:2 --host 127.0.0.1 train.py
says "-H is a list" 0 "nothing is started there from here, the same line is typed on each" $dry -H 127.0.0.1,127.0.0.2 --host 127.0.0.1 train.py
starts "-H without places, and a count" 6 $dry -H 127.0.0.1,127.0.0.2 --host 127.0.0.1 --nproc_per_node 3 train.py
starts "-np and -H that agree" 4 $dry -np 4 -H 127.0.0.1:2,127.0.0.2:2 --host 127.0.0.1 train.py
refused "-np and -H that do not" "'-H' asks for 2 trainers on each machine, '-n' for 1" $dry -np 2 -H 127.0.0.1:2,127.0.0.2:2 --host 127.0.0.1 true
refused "different places" "gives machines different numbers of trainers: list them alone" $dry -H 127.0.0.1:2,127.0.0.2:3 --host 127.0.0.1 true
refused "-H and --ips" "give one of the two" $dry -H 127.0.0.1:2 --ips 127.0.0.1 true
refused "-H without a number" "'localhost:' of option '-H' is no machine with its number of trainers" $dry -H localhost: true
refused "-H with no number" "'localhost:x' of option '-H'" $dry -H localhost:x true
refused "an uneven count" "option '-n' is 3, which 2 machines cannot share evenly; type --nproc_per_node" $dry --ips $two -n 3 true
refused "two counts" "'--nproc_per_node' asks for 2 trainers on each machine, '-n' for 3" $dry --nproc_per_node 2 -n 3 true
refused "a count and other devices" "--nproc_per_node is 2, but 3 devices are named" $dry -np 2 --gpus 0,1,2 true
refused "too many" "asks for 513 trainers on a machine, but they must be within 1 and 512" $dry -np 513 true
refused "none" "must be within 1 and" $dry -np 0 true
refused "no number" "needs a whole number, not '2:4'" $dry --np 2:4 true
refused "servers and a count" "not devices or --nproc_per_node" $dry --server_num 1 --worker_num 1 -n 2 true
cores=$(nproc)
starts "--nproc_per_node cpu" "$cores" env -u OMP_NUM_THREADS $dry --nproc_per_node cpu train.py
starts "of one core" 1 env -u OMP_NUM_THREADS taskset -c "$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')" $dry --nproc_per_node cpu train.py
if [ ! -e /dev/nvidia0 ]; then
	starts "--nproc_per_node auto" "$cores" $dry --nproc_per_node auto train.py
	refused "--nproc_per_node gpu" "there is no GPU here; write how many trainers" $dry --nproc-per-node=gpu true
fi
refused "--nproc_per_node with another word" "needs a whole number, auto, gpu or cpu, not 'all'" $dry --nproc_per_node all true

# Variables, modules, meeting places.
says "-x" 0 "1 a=b word 3" env KEPT=word "$fleetrun" --log_dir log -x A=1 -x B=a=b -x KEPT --x OMP_NUM_THREADS=3 sh -c 'echo $A $B $KEPT $OMP_NUM_THREADS'
says "-x counts before the plan" 0 "1 trainer of 3 threads" "$fleetrun" --log_dir log -x OMP_NUM_THREADS=3 true
says "-x of no variable" 0 "option '-x NOT_THERE': there is no such variable here" "$fleetrun" --log_dir log -x NOT_THERE true
refused "-x without a name" "'-x' needs NAME or NAME=VALUE, not '=1'" $dry -x =1 true
mkdir pkg
echo 'import sys; print("module", __name__, sys.argv[1:])' >pkg/mod.py
touch pkg/__init__.py
says "-m" 0 "module __main__ ['-m', '--lr']" "$fleetrun" --log_dir log -m pkg.mod -m --lr
says "--module" 0 "python3 -u -m pkg.mod" $dry --module pkg.mod
says "a module that is not there" 1 "No module named" "$fleetrun" --log_dir log -m pkg.other
says "torchrun's line for it" 0 "--master-port 29500 -m pkg.mod --lr 1" $dry --standalone --master-port 29500 -m pkg.mod --lr 1
says "torchrun's line" 0 "of option '--rdzv_conf' only join_timeout counts" $dry --nnodes=1:2 --ips $two --max-restarts=3 --rdzv-id=7 \
	--rdzv-backend=c10d --rdzv-endpoint=127.0.0.1:29400 --rdzv-conf join_timeout=900,read_timeout=60,is_host=true --role trainer -t 3 train.py
refused "rdzv_conf's seconds" "'join_timeout=soon', and join_timeout is a number of seconds" $dry --rdzv-conf timeout=1,join_timeout=soon true
says "rdzv_conf's time counts" 6 "waited 1 s (--join_timeout)" "$fleetrun" --log_dir log --ips $two --rdzv_conf join_timeout=1 true
says "one that is typed counts more" 6 "waited 0.5 s (--join_timeout)" "$fleetrun" --log_dir log --ips $two --rdzv_conf join_timeout=60 --join_timeout 0.5 true
refused "--standalone and a list" "'--standalone' is a job of this machine alone" $dry --standalone --ips $two true
refused "a range without a list" "option '--nnodes 1:2'" $dry --nnodes 1:2 true
says "a range is --min_hosts" 2 "--nnodes says 4 machines, --ips names 2" $dry --nnodes 1:4 --ips $two true
starts "srun's --nodes" 2 $dry --nodes 2 --ips $two train.py
refused "-N" "srun means machines by it and mpirun trainers of each" $dry -N 2 true
refused "-c" "a recipe (-c FILE) stands behind the program" $dry -c my.yml flotilla train
starts "accelerate's" 2 $dry --multi_gpu --num_machines 1 --machine_rank 0 --main_process_ip 127.0.0.1 --main_process_port 29501 --num_processes 2 train.py
refused "its precision" "it is the program's: flotilla train --amp" $dry --mixed_precision bf16 train.py

# horovod's documented line for mpirun, but for its -mca; and what a word behind an option says.
starts "mpirun's flags" 4 $dry -np 4 -H localhost:4 --allow-run-as-root -bind-to none -map-by slot -x NCCL_DEBUG=INFO --oversubscribe -tag-output train.py
says "they are told" 0 "option '--bind_to' is accepted and has no effect: cores are shared out as threads" $dry -bind-to none train.py
refused "-mca" "'--mca' of other launchers is not there: a setting of Open MPI is a variable: -x OMPI_MCA_NAME=VALUE" $dry -mca pml ob1 train.py
for n in genv env envlist wdir timeout gres partition nodelist export cpus-per-task gpus-per-node include config_file; do
	refused "--$n" "of other launchers is not there: " $dry --$n 1 train.py
done
for n in cpu-bind mpi launcher numa-binding signals-to-handle logs-specs start-method role; do
	says "--$n" 0 "is accepted and has no effect: " $dry --$n 1 train.py
done
printf '# nodes\n127.0.0.1 slots=4\n\n127.0.0.2:4\n' >hosts.txt
refused "--hostfile" 'awk' $dry -hostfile hosts.txt train.py
cure=$(sed -n "s/.*--ips \(\$(awk.*)\)/\1/p" "$work/says.log" | sed 's/FILE/hosts.txt/')
starts "its cure works" 4 $dry --ips "$(eval "echo $cure")" --host 127.0.0.1 --nproc_per_node 2 train.py
refused "a slip" "did you mean '--nproc_per_node'" $dry -nproc_per_nod 2 true

# Numbers in the environment.
for v in abc 0 -1 1.5 "4 4" 99999; do
	refused "OMP_NUM_THREADS=$v" "the variable OMP_NUM_THREADS is '$v', it must be a whole number within 1 and 4096" env OMP_NUM_THREADS="$v" "$fleetrun" --log_dir log true
	refused "OMP_NUM_THREADS=$v, flotilla" "the variable OMP_NUM_THREADS is '$v'" env OMP_NUM_THREADS="$v" "$flotilla" train -c no.yml
done
refused "by -x" "the variable OMP_NUM_THREADS is 'x'" $dry -x OMP_NUM_THREADS=x true
says "its list for nested loops" 0 "1 trainer of 2 threads" env OMP_NUM_THREADS=2,1 "$fleetrun" --log_dir log true
says "an empty one" 0 "logs in" env OMP_NUM_THREADS= "$fleetrun" --log_dir log true
refused "FLAGS_START_PORT" "the variable FLAGS_START_PORT is 'abc', it must be a whole number within 1024 and 65000" env FLAGS_START_PORT=abc $dry true
case_job || exit 0
# Another MPI's launcher would start as many whole jobs as there are ranks.
for v in PMI_SIZE MV2_COMM_WORLD_SIZE PALS_NRANKS JSM_NAMESPACE_SIZE FLUX_JOB_SIZE SLURM_NTASKS WORLD_SIZE PADDLE_TRAINERS_NUM; do
	says "$v without a way to the others" 5 "the environment announces 2 ranks, but MPI finds 1; start with fleetrun" env $v=2 "$flotilla" train -c job/recipe.yml
	says "$v of one rank" 3 "typo" env $v=1 "$flotilla" train -c job/recipe.yml -o TrainDataset.anno_path=typo.json
done
for v in PMI_SIZE WORLD_SIZE PADDLE_TRAINERS_NUM OMPI_COMM_WORLD_SIZE SLURM_NTASKS LOCAL_WORLD_SIZE; do
	refused "$v" "the variable $v is 'two', it must be a whole number" env $v=two "$flotilla" train -c job/recipe.yml
done
