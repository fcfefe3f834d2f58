#!/usr/bin/env python3
"""PyTorch's DistributedDataParallel over gloo, computing by a timetable of bench_scaling: the peer of its replay.

peer_ddp.py FILE PACE.SO [step=S] [steps=N] [share=X] [overlap=0|1] [alone=0|1]   (under fleetrun or torchrun)

Each entry of the timetable after which gradients are there is one parameter of the same size, whose backward takes
its time by the same pace() as bench_scaling's; DDP's buckets are its defaults. overlap=0: gradients are averaged after
backward, in DDP's way. One sum of the loss normaliser goes between forward and backward, as PP-YOLOE has it.
"""
import ctypes
import resource
import statistics
import sys
import time
import torch
import torch.distributed as dist

o = dict(step=1.0, steps=5.0, share=0.1, overlap=1.0, alone=0.0)
for arg in sys.argv[3:]:
    name, value = arg.split('=')
    if name not in o:
        sys.exit(f'peer_ddp.py: what is {arg}?')
    o[name] = float(value)
library = ctypes.CDLL(sys.argv[2])
library.pace.argtypes = [ctypes.c_double, ctypes.c_double]

rows = [line.split() for line in open(sys.argv[1]) if line[0] != '#']
factor = 0.0 if o['alone'] else o['step'] / sum(float(r[0]) for r in rows)
before, layers, update, last, waited = 0.0, [], 0.0, 0, 0.0
in_backward = False
for seconds, kind, value in rows:
    waited += factor * float(seconds)
    if kind == 'ready' and int(value) > last:
        layers.append((waited, int(value) - last))
        last, waited = int(value), 0.0
    elif kind == 'sum' and value == '2':
        before, waited = waited, 0.0
    elif kind == 'update':
        update = waited


def pace(seconds):
    if seconds > 0:
        library.pace(seconds, o['share'])


class Layer(torch.autograd.Function):
    """One entry of the timetable: no forward, a backward that takes its time and makes a gradient."""

    @staticmethod
    def forward(ctx, x, weight, seconds):
        ctx.seconds, ctx.shape = seconds, weight.shape
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        gradient = torch.full(ctx.shape, float(dist.get_rank() + 1))
        pace(ctx.seconds)
        return dy, gradient, None


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        # Forward order: the layer whose gradient comes first stands last.
        self.seconds = [s for s, _ in reversed(layers)]
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(torch.zeros(n)) for _, n in reversed(layers))

    def forward(self, x):
        for seconds, weight in zip(self.seconds, self.weights):
            x = Layer.apply(x, weight, seconds)
        return x


def one_step(model, net, x):
    start = time.perf_counter()
    library.pace_anew()
    for weight in net.weights:
        weight.grad = None
    pace(before)
    if o['overlap'] == 0:
        with model.no_sync():
            y = model(x)
    else:
        y = model(x)
    score = torch.ones(1)
    dist.all_reduce(score)
    library.pace_anew()
    if o['overlap'] == 0:
        with model.no_sync():
            y.sum().backward()
        after_backward(net)
    else:
        y.sum().backward()
    library.pace_anew()
    pace(update)
    return time.perf_counter() - start


def after_backward(net):
    """What DDP does, in buckets of 25 MB, but when all gradients are there."""
    work, chunk, size = [], [], 0
    weights = list(reversed(net.weights))
    for k, weight in enumerate(weights):
        chunk.append(weight.grad)
        size += weight.grad.numel() * 4
        if size >= 25 << 20 or k == len(weights) - 1:
            flat = torch.cat(chunk)
            work.append((dist.all_reduce(flat, async_op=True), flat, chunk))
            chunk, size = [], 0
    for handle, flat, parts in work:
        handle.wait()
        flat /= dist.get_world_size()
        at = 0
        for part in parts:
            part.copy_(flat[at:at + part.numel()])
            at += part.numel()


torch.set_num_threads(1)
dist.init_process_group('gloo')
net = Net()
model = torch.nn.parallel.DistributedDataParallel(net)
x = torch.ones(1, requires_grad=True)
for _ in range(2):  # the first opens connections, the second has DDP's final buckets
    one_step(model, net, x)
used = resource.getrusage(resource.RUSAGE_SELF)
times = [one_step(model, net, x) for _ in range(int(o['steps']))]
now = resource.getrusage(resource.RUSAGE_SELF)
mean = (dist.get_world_size() + 1) / 2
assert all((w.grad == mean).all() for w in net.weights), 'a wrong mean'
cpu = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / len(times)
if not o['alone']:
    cpu -= o['share'] * o['step']
if dist.get_rank() == 0:
    print(f'scaling step {1e3 * statistics.median(times):.1f} best {1e3 * min(times):.1f} processor {1e3 * cpu:.1f} ms',
          flush=True)
dist.destroy_process_group()
