"""A Paddle program for several trainers as its guide has it: it asks the environment for everything."""
import os

import paddle
import paddle.distributed as dist
from paddle import nn

paddle.set_device("cpu")
dist.init_parallel_env()
rank, world = dist.get_rank(), dist.get_world_size()
paddle.seed(rank)  # DataParallel must give everyone rank 0's weights
model = paddle.DataParallel(nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)))
optimizer = paddle.optimizer.SGD(0.1, parameters=model.parameters())
truth = paddle.linspace(-1, 1, 8)
first = last = None
for step in range(60):
    paddle.seed(1000 * step + rank)
    x = paddle.randn([32, 8])
    loss = nn.functional.mse_loss(model(x).squeeze(1), x @ truth)
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    total = loss.detach().clone()
    dist.all_reduce(total)
    first, last = (float(total) if first is None else first), float(total)
weights = paddle.concat([p.detach().flatten() for p in model.parameters()])
others = []
dist.all_gather(others, weights)
same = all(bool((weights == o).all()) for o in others)
print(f"paddle: rank {rank} of {world}, local {os.environ['PADDLE_LOCAL_RANK']}: "
      f"weights are {'the same' if same else 'DIFFERENT'}, "
      f"the loss {'fell' if last < first / 2 else 'DID NOT FALL'}", flush=True)
