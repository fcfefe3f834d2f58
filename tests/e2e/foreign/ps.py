"""The roles of a Paddle parameter-server program, as Paddle's own role maker reads them from the environment.

Wheels with a parameter-server core (core.DistFleetWrapper) go on and start the servers and a barrier of the workers;
those without, as the CPU wheels are, cannot serve: there a server waits for its end as run_server() would."""
import signal
import sys

import paddle
from paddle.base import core
from paddle.distributed import fleet

paddle.enable_static()
role = fleet.PaddleCloudRoleMaker(is_collective=False)
fleet.init(role)
kind = "server" if fleet.is_server() else "worker"
index = fleet.server_index() if fleet.is_server() else fleet.worker_index()
print(f"ps: {kind} {index}: servers {fleet.server_endpoints()} "
      f"workers {fleet.worker_endpoints()} of {fleet.worker_num()}, at {role._cur_endpoint}", flush=True)
if fleet.is_server():
    if hasattr(core, "DistFleetWrapper"):
        fleet.init_server()
        fleet.run_server()
    else:
        signal.pause()
elif hasattr(core, "DistFleetWrapper"):
    fleet.init_worker()
    fleet.barrier_worker()
    fleet.stop_worker()
sys.exit(0)
