"""peer_loader.py torchvision|paddle DATASET_DIR: a peer's training reader for bench/loader_beside.sh, on one core.

Says "ready", then for every line "IMAGES" on the standard input makes so many images and prints one line of JSON.
torchvision: decode_jpeg and the v2 transforms of its own detection recipe (references/detection/presets.py, "ssd"), then what PP-YOLOE's
reader has besides: one size for a batch, drawn from 320 .. 768, and normalising. Resizing is bilinear without antialiasing, as OpenCV's.
paddle: PaddleDetection's TrainReader as its recipe has it, in this process; PPDET names a checkout.
DATASET_DIR holds images/ and annotations/train.json."""
import json, os, random, sys, time

BATCH = 8
os.environ.setdefault('OMP_NUM_THREADS', '1')


def torchvision_batches(folder):
    import torch, torchvision
    from torchvision import tv_tensors
    from torchvision.io import decode_jpeg, read_file
    from torchvision.transforms import v2
    torch.set_num_threads(1)
    file = json.load(open(f'{folder}/annotations/train.json'))
    boxes = {i['id']: [] for i in file['images']}
    for a in file['annotations']:
        x, y, w, h = a['bbox']
        boxes[a['image_id']].append((x, y, x + w, y + h, a['category_id']))
    images = [i for i in file['images'] if boxes[i['id']]]
    augment = v2.Compose([v2.RandomPhotometricDistort(), v2.RandomZoomOut(fill=[123, 117, 104]), v2.RandomIoUCrop(),
                          v2.RandomHorizontalFlip(), v2.SanitizeBoundingBoxes()])
    finish = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    while True:
        random.shuffle(images)
        for at in range(0, len(images) - BATCH + 1, BATCH):
            size = random.randrange(320, 769, 32)
            resize = v2.Resize((size, size), antialias=False)
            out = []
            for im in images[at:at + BATCH]:
                pixels = tv_tensors.Image(decode_jpeg(read_file(f"{folder}/images/{im['file_name']}")))
                rows = torch.tensor(boxes[im['id']], dtype=torch.float32)
                target = {'boxes': tv_tensors.BoundingBoxes(rows[:, :4], format='XYXY', canvas_size=pixels.shape[-2:]),
                          'labels': rows[:, 4].long()}
                out.append(finish(resize(*augment(pixels, target)))[0])
            batch = torch.stack(out)
            yield batch.shape[0], batch.shape[2] * batch.shape[3]


def paddle_batches(folder):
    folder = os.path.abspath(folder)
    sys.path.insert(0, os.environ['PPDET'])
    os.chdir(os.environ['PPDET'])
    import cv2, paddle
    from ppdet.core.workspace import create, load_config
    cv2.setNumThreads(1)
    paddle.set_device('cpu')
    cfg = load_config('configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml')
    data = create('TrainDataset')()
    for key, value in dict(dataset_dir=folder, anno_path='annotations/train.json', image_dir='images').items():
        setattr(data, key, value)
    cfg['TrainReader']['batch_size'] = BATCH
    loader = create('TrainReader')(data, 0)
    while True:
        for batch in loader:
            shape = batch['image'].shape
            yield shape[0], shape[2] * shape[3]


def main():
    peer, folder = sys.argv[1:3]
    say = os.fdopen(os.dup(1), 'w', buffering=1)  # what libraries print does not belong to the answers
    os.dup2(2, 1)
    batches = {'torchvision': torchvision_batches, 'paddle': paddle_batches}[peer](folder)
    for _ in range(5):
        next(batches)
    print('ready', file=say)
    for line in sys.stdin:
        wanted, images, pixels = int(line), 0, 0
        start, core = time.perf_counter(), time.process_time()
        while images < wanted:
            n, size = next(batches)
            images, pixels = images + n, pixels + n * size
        wall, core = time.perf_counter() - start, time.process_time() - core
        print(json.dumps({'peer': peer, 'images': images, 'images_per_s': round(images / wall, 1), 'images_per_core_s': round(images / core, 1),
                          'megapixels_per_core_s': round(pixels / core / 1e6, 2)}), file=say)


main()
