"""Records training steps of the real PaddleDetection: what tests/golden/test_replay.c and
tests/replay compare flotilla with.

    PPDET=<checkout> <venv>/bin/python make_replay.py OUT -c configs/ppyoloe/bccd_s_256_60e.yml \
        [--steps 50] [--seed 1] [--weights W.pdparams] [--batches] [-o key=value ...]

The reference's own Trainer does the work in this one process (worker_num 0, so that its random
draws are seen); its transforms and model are only watched. Into the folder OUT go

    init.pdparams     the weights it began with (its own initialisation, or --weights)
    draws.jsonl       for --replay_draws: the size and interpolation of each batch, the draws of
                      each image
    losses.tsv        epoch, step, learning rate, loss, class, iou, dfl and l1 loss of each step
    batches.tsv       epoch, step, image id, boxes, then sum and l2 of the image's boxes, sum and
                      l2 of its pixels, and 8 pixels at even distances, as the model got them
    end.pdparams, end.pdopt, end.pdema.npz
                      weights, velocity and the undivided average after the last step
    batch.<t>.safetensors
                      with --batches: the whole batches, as `flotilla probe` reads them
"""
import collections
import json
import os
import random
import sys
import warnings

warnings.filterwarnings("ignore")
PPDET = os.environ["PPDET"]
sys.path.insert(0, PPDET)
HERE = os.getcwd()
os.chdir(PPDET)

import numpy as np
import paddle
from PIL import ImageEnhance
from ppdet.core.workspace import load_config, merge_config
from ppdet.data.transform import batch_operators, operators
from ppdet.engine import Trainer
from ppdet.engine.callbacks import Callback
from ppdet.utils.cli import ArgsParser

PIXELS = 8
LOSSES = ("loss", "loss_cls", "loss_iou", "loss_dfl", "loss_l1")


class Done(Exception):
    pass


def digest(values):
    """Sum and l2 of the row-major values as float64, one after another."""
    total = square = 0.0
    for v in np.asarray(values).reshape(-1).tolist():
        total += v
        square += v * v
    return [total, square**0.5]


def pixels(image):
    flat = image.reshape(-1)
    wide = flat.astype(np.float64)
    some = [float(flat[i * flat.size // PIXELS]) for i in range(PIXELS)]
    return [float(wide.sum()), float(np.sqrt((wide * wide).sum()))] + some


class Tape:
    """Watches the transforms; one list of operations per image. Batches are made ahead of the
    step that takes them, so finished ones wait in a queue."""

    def __init__(self):
        self.images = []  # of the batch in work
        self.finished = collections.deque()

    def end_batch(self, height, width, interp):
        batch = dict(size=[height, width], interp=interp)
        self.finished.append((batch, self.images))
        self.images = []

    def begin_image(self, sample):
        self.images.append(
            dict(
                image=int(np.asarray(sample["im_id"]).reshape(-1)[0]),
                width=int(sample["image"].shape[1]),
                height=int(sample["image"].shape[0]),
                ops=[]))

    def op(self, *what):
        self.images[-1]["ops"].append(list(what))


tape = Tape()


def watch_decode():
    real = operators.Decode.apply

    def apply(self, sample, context=None):
        out = real(self, sample, context)
        tape.begin_image(out)
        return out

    operators.Decode.apply = apply


def watch_colors():
    """A step that was skipped asks for no enhancer and converts nothing."""
    names = dict(Brightness="brightness", Contrast="contrast", Color="saturation")
    for cls, name in names.items():
        real = getattr(ImageEnhance, cls).enhance

        def enhance(self, factor, real=real, name=name):
            tape.op(name, float(factor))
            return real(self, factor)

        getattr(ImageEnhance, cls).enhance = enhance
    real_hue = operators.RandomDistort.apply_hue

    def apply_hue(self, img):
        uniform = np.random.uniform
        drawn = []

        def spy(*args):
            drawn.append(uniform(*args))
            return drawn[-1]

        np.random.uniform = spy
        try:
            out = real_hue(self, img)
        finally:
            np.random.uniform = uniform
        if len(drawn) == 2:
            tape.op("hue", float(drawn[1]))
        return out

    operators.RandomDistort.apply_hue = apply_hue


def watch_geometry():
    real_pad = operators.Pad.__init__

    def pad(self, size=None, *args, **kwargs):
        real_pad(self, size, *args, **kwargs)
        x, y = kwargs["offsets"]
        tape.op("expand", int(size[1]), int(size[0]), int(x), int(y))

    operators.Pad.__init__ = pad
    real_crop = operators.RandomCrop._crop_image

    def crop(self, img, box):
        x1, y1, x2, y2 = (int(v) for v in box)
        tape.op("crop", x1, y1, x2 - x1, y2 - y1)
        return real_crop(self, img, box)

    operators.RandomCrop._crop_image = crop
    real_flip = operators.RandomFlip.apply_image

    def flip(self, image):
        tape.op("flip")
        return real_flip(self, image)

    operators.RandomFlip.apply_image = flip


def watch_batch():
    real = batch_operators.Resize

    class Resize(real):
        def __init__(self, target_size, keep_ratio, interp):
            super().__init__(target_size, keep_ratio=keep_ratio, interp=interp)
            h, w = self.target_size
            tape.end_batch(int(h), int(w), int(interp))

    batch_operators.Resize = Resize


def number(tensor):
    return float(np.asarray(tensor).reshape(-1)[0])


class Recorder(Callback):
    """Steps as they are taken; ends the run after the last one wanted."""

    def __init__(self, trainer, args):
        super().__init__(trainer)
        self.args = args
        self.steps = 0
        self.draws = open(os.path.join(args.out, "draws.jsonl"), "w")
        self.batches = open(os.path.join(args.out, "batches.tsv"), "w")
        self.losses = open(os.path.join(args.out, "losses.tsv"), "w")
        real = trainer.model.forward

        def forward(inputs):
            self.rows = self.look(inputs)
            self.outputs = real(inputs)
            return self.outputs

        trainer.model.forward = forward
        # after the average, not before it: on_step_end comes too early
        real_update = trainer.ema.update

        def update(*args, **kwargs):
            real_update(*args, **kwargs)
            if self.steps == self.args.steps:
                raise Done

        trainer.ema.update = update

    def look(self, inputs):
        image = inputs["image"].numpy()
        boxes, mask = inputs["gt_bbox"].numpy(), inputs["pad_gt_mask"].numpy()
        classes = inputs["gt_class"].numpy()
        counts = mask.reshape(mask.shape[0], -1).sum(1).astype(int)
        if self.args.batches:
            from safetensors.numpy import save_file
            save_file(
                dict(image=image, gt_bbox=boxes, gt_class=classes.astype(np.int32), pad_gt_mask=mask.astype(np.float32)),
                os.path.join(self.args.out, f"batch.{self.steps}.safetensors"))
        rows = []
        for i, n in enumerate(counts):
            rows.append([int(inputs["im_id"].numpy().reshape(-1)[i]), int(n)] + digest(boxes[i, :n]) + pixels(image[i]))
        return rows

    def on_step_begin(self, status):
        status["learning_rate_before"] = self.model.optimizer.get_lr()

    def on_step_end(self, status):
        epoch, step = status["epoch_id"], status["step_id"]
        batch, images = tape.finished.popleft()
        print(json.dumps(dict(epoch=epoch, step=step, **batch)), file=self.draws)
        assert [im["image"] for im in images] == [row[0] for row in self.rows]
        for im in images:
            print(json.dumps(dict(epoch=epoch, step=step, **im)), file=self.draws)
        for row in self.rows:
            print(epoch, step, *row, sep="\t", file=self.batches)
        losses = [number(self.outputs[k]) for k in LOSSES]
        lr = float(status["learning_rate_before"])
        print(epoch, step, lr, *losses, sep="\t", file=self.losses, flush=True)
        self.steps += 1
        print(f"{self.steps}: epoch {epoch} step {step} loss {losses[0]:.6f}", flush=True)


def record(args):
    cfg = load_config(args.config)
    merge_config(args.opt)
    merge_config(dict(worker_num=0, log_iter=1000000, save_dir=os.path.join(args.out, "run")))
    for key in ("use_gpu", "use_npu", "use_xpu", "use_mlu", "fleet"):
        cfg[key] = False
    paddle.set_device("cpu")
    random.seed(args.seed)
    np.random.seed(args.seed)
    paddle.seed(args.seed)
    for watch in (watch_decode, watch_colors, watch_geometry, watch_batch):
        watch()
    trainer = Trainer(cfg, mode="train")
    if args.weights:
        trainer.load_weights(args.weights)
    paddle.save(trainer.model.state_dict(), os.path.join(args.out, "init.pdparams"))
    recorder = Recorder(trainer, args)
    trainer._callbacks = []
    trainer.register_callbacks([recorder])
    try:
        trainer.train(False)
    except Done:
        pass
    for f in (recorder.draws, recorder.batches, recorder.losses):
        f.close()
    paddle.save(trainer.model.state_dict(), os.path.join(args.out, "end.pdparams"))
    paddle.save(trainer.optimizer.state_dict(), os.path.join(args.out, "end.pdopt"))
    np.savez(
        os.path.join(args.out, "end.pdema.npz"),
        **{k: np.asarray(v) for k, v in trainer.ema.state_dict.items()})


def main():
    parser = ArgsParser()
    parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights")
    parser.add_argument("--batches", action="store_true")
    args = parser.parse_args()
    args.out = os.path.join(HERE, args.out)
    if args.weights:
        args.weights = os.path.join(HERE, args.weights)
    os.makedirs(args.out, exist_ok=True)
    record(args)


if __name__ == "__main__":
    main()
