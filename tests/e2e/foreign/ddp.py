"""A PyTorch DDP program as its tutorial has it: it asks the environment for everything."""
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
torch.manual_seed(rank)  # DDP must give everyone rank 0's weights
torch.set_num_threads(1)
model = DistributedDataParallel(nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
truth = torch.linspace(-1, 1, 8)
first = last = None
for step in range(60):
    draw = torch.Generator().manual_seed(1000 * step + rank)
    x = torch.randn(32, 8, generator=draw)
    loss = nn.functional.mse_loss(model(x).squeeze(1), x @ truth)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total = loss.detach().clone()
    dist.all_reduce(total)
    first, last = (total.item() if first is None else first), total.item()
weights = torch.cat([p.detach().flatten() for p in model.parameters()])
others = [torch.empty_like(weights) for _ in range(world)]
dist.all_gather(others, weights)
same = all(torch.equal(weights, o) for o in others)
print(f"ddp: rank {rank} of {world}, local {os.environ['LOCAL_RANK']}: "
      f"weights are {'the same' if same else 'DIFFERENT'}, "
      f"the loss {'fell' if last < first / 2 else 'DID NOT FALL'}", flush=True)
dist.destroy_process_group()
