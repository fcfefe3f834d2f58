#!/usr/bin/env bash
# Lines for paddle.distributed.launch and torchrun, as documents and threads advise them (PaddlePaddle/Paddle issues 68480
# and 47396; python/paddle/distributed/launch/context/args_envs.py; torch/distributed/run.py): they were "unknown option",
# or tools/eval.py could not be started, as if a trainer had failed.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
dry="$fleetrun --dry_run"
says "--nnodes 1" 0 "starting flotilla's own trainer" $dry --nnodes 1 --gpus 0,1 tools/train.py -c recipe.yml
says "--nnodes 1:1" 0 "starting flotilla's own trainer" $dry --nnodes 1:1 --gpus 0,1 tools/train.py -c recipe.yml
says "--master without a list" 2 "list the machines, first the one of rank 0, with the same line on each: --ips A,B" \
	$dry --nnodes=2 --master=10.0.0.1:8090 --rank=0 --gpus 0 tools/train.py -c recipe.yml
says "--master alone" 2 "--ips A,B" $dry --master=10.0.0.1:8090 tools/train.py -c recipe.yml
says "etcd" 2 "--ips A,B" $dry --master etcd://10.0.0.1:2379 --nnodes 2:4 tools/train.py -c recipe.yml
says "two machines without a list" 2 "option '--nnodes 2'" $dry --nnodes 2 tools/train.py -c recipe.yml
both="--ips 127.0.0.1,127.0.0.2 --host 127.0.0.1"
says "--nnodes that agrees" 0 "option '--master' is accepted and has no effect" \
	$dry $both --nnodes 2 --master 127.0.0.1:55555 --gpus 0 tools/train.py -c recipe.yml
says "--nnodes that does not" 2 "--nnodes says 3 machines, --ips names 2" $dry $both --nnodes 3 tools/train.py -c recipe.yml
says "--rank that agrees" 0 "torchrun" $dry $both --rank 0 tools/train.py -c recipe.yml
says "--node-rank that does not" 2 "says 1, but this machine, 127.0.0.1, is number 0" $dry $both --node-rank 1 tools/train.py -c recipe.yml
says "--rank of no list" 2 "without --ips there is one machine" $dry --rank 1 tools/train.py -c recipe.yml
says "--job_id, --log_level" 0 "option '--log_level' is accepted and has no effect" \
	$dry --job_id mine --log_level DEBUG --gpus 0 tools/train.py -c recipe.yml
says "--job_id is told to programs" 0 "mine" "$fleetrun" --log_dir log --job_id mine sh -c 'echo $TORCHELASTIC_RUN_ID'
says "--backend gloo" 0 "starting flotilla's own trainer" $dry --backend gloo --nproc_per_node 2 tools/train.py -c recipe.yml
says "--backend bkcl" 2 "takes auto, gloo or nccl" $dry --backend bkcl tools/train.py -c recipe.yml
says "--npus" 2 "flotilla knows no XPU, NPU, MLU or IPU" $dry --npus 0,1 tools/train.py -c recipe.yml
says "elastic" 2 "--max_restart starts a job again" $dry --elastic_level 1 tools/train.py -c recipe.yml
for n in xpus mlus ipus selected_npus selected_mlus; do
	says "--$n" 2 "option '--$n' of other launchers is not there: flotilla knows no XPU" $dry --$n 0 tools/train.py -c recipe.yml
done
# Paddle 1.x: distributed/launch.py; 2.x: fleet/launch.py and launch/context/args_envs.py
says "Paddle 1.x on this machine" 0 "option '--print_config' is accepted and has no effect: --dry_run prints" $dry --cluster_node_ips=127.0.0.1 \
	--node_ip=127.0.0.1 --started_port=6170 --selected_gpus=0,1 --print_config=True --use_paddlecloud tools/train.py -c recipe.yml
check "its ports" grep -q 6170 "$work/says.log"
says "Paddle 1.x on two" 2 "'10.0.0.9' is not in --ips" $dry --cluster_node_ips=127.0.0.1,127.0.0.2 --node_ip=10.0.0.9 tools/train.py -c recipe.yml
for n in sort_ip log_overwrite enable_gpu_log elastic_timeout http_port gloo_port with_gloo rank_mapping_path cluster_topo_path legacy \
	monitor_interval start_method role redirects tee local_ranks_filter; do
	says "--$n" 0 "option '--$n' is accepted and has no effect: " $dry --$n 1 tools/train.py -c recipe.yml
done
for n in coordinators coordinator_num heter_workers heter_worker_num heter_devices auto_parallel_config auto_tuner_json \
	auto_cluster_config scale force elastic_server elastic_pre_hook; do
	says "--$n" 2 "option '--$n' of other launchers is not there: " $dry --$n 1 tools/train.py -c recipe.yml
done
says "-- ends the options" 0 "flotilla's own trainer" $dry --gpus 0 -- tools/train.py -c recipe.yml
says "a program behind --" 0 "--help" "$fleetrun" --log_dir log -- echo --help
says "elastic, off" 0 "starting" $dry --elastic_level -1 tools/train.py -c recipe.yml
says "no number of machines" 2 "must be a number of machines" $dry --nnodes two tools/train.py -c recipe.yml
says "torchrun's line" 0 "29501" "$fleetrun" --log_dir log --standalone --nnodes=1 --nproc-per-node=2 --max-restarts=0 \
	--master-addr=127.0.0.1 --master-port=29501 sh -c 'echo $MASTER_PORT'
says "torchrun's meeting place here" 0 "starting" $dry --rdzv-backend c10d --rdzv-endpoint localhost:29400 --rdzv-id 7 --nnodes 1 true
says "and elsewhere" 2 "--ips A,B" $dry --rdzv-backend c10d --rdzv-endpoint node1.invalid:29400 --nnodes 1 true
says "tools/eval.py" 0 "starting flotilla's own eval" $dry --gpus 0 tools/eval.py -c recipe.yml
says "with its arguments" 0 "flotilla eval -c recipe.yml" $dry --gpus 0 tools/eval.py -c recipe.yml
says "tools/infer.py" 0 "flotilla infer -c recipe.yml --infer_dir images" $dry --gpus 0 tools/infer.py -c recipe.yml --infer_dir images
says "tools/eval.py on two devices" 2 "'flotilla eval' is one program" $dry --gpus 0,1 tools/eval.py -c recipe.yml
says "tools/export_model.py" 0 "flotilla export -c recipe.yml" $dry --gpus 0 tools/export_model.py -c recipe.yml
says "another script that is not here" 2 "there is no file 'tools/anchor_cluster.py' here" $dry tools/anchor_cluster.py -c recipe.yml
mkdir tools
echo 'print("its own")' >tools/eval.py
says "a script that is here" 0 "its own" "$fleetrun" --log_dir log tools/eval.py
case_job
says "an evaluation by that line" 3 "flotilla" "$fleetrun" --log_dir log --gpus 0 other/tools/eval.py -c job/no_recipe.yml
