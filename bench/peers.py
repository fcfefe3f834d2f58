"""peers.py make [FILE] | check FILE...: our benches beside their peers, and the file of figures that comes of it.

make: every bench of BENCHES lets us and the peers at hand take turns, then FILE (default bench/figures/<processor>.json) gets every turn,
the medians and the ratios, with the load, the processor and all versions. A peer that is not at hand is said and has no rows.
    TURNS=5  BENCHES="step loader cocoeval annotations"  SIZES="320 640"  PRECISIONS="fp32 bf16"  IMAGES=200000 (of the annotation file)
    TORCH=<python with torch, torchvision>  COCO=<python with pycocotools>  PADDLE=<python with paddlepaddle> PPDET=<PaddleDetection>
    PEERS=../shared/bench (peer_torch.py, peer_paddle.py)  DATA=../shared/data/bccd (of the loader)
check: is each FILE such a file? Says what is wrong and ends with 1.
Only Python's own library is needed here."""
import datetime, json, os, platform, re, statistics, subprocess, sys, tempfile

ENV = os.environ.get
BIN = ENV('BUILD', 'build') + '/bin/'
PEERS = ENV('PEERS', '../shared/bench')
THREADS = len(os.sched_getaffinity(0))
FLAGS = 'avx2 avx512f avx512_vnni avx512_bf16 amx_tile amx_bf16 amx_int8'.split()


def load():
    return float(open('/proc/loadavg').read().split()[0])


def run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **more})
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or [f'status {done.returncode}'])[-1])
    return done.stdout


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


class Peers:
    """Which peers are at hand, each looked for once; why not, where not."""

    def __init__(self):
        self.versions, self.absent = {}, {}

    def python(self, peer, variable, module, file=None):
        """The python that has it, or None."""
        python = ENV(variable, 'python3')
        if peer in self.absent:
            return None
        try:
            self.versions.setdefault(peer, run([python, '-c', f'import {module} as m; print(getattr(m, "__version__", "unknown"))']).strip())
            if file and not os.path.exists(file):
                raise RuntimeError(f'there is no {file}')
        except (OSError, RuntimeError) as why:
            self.versions.pop(peer, None)
            self.leave_out(peer, f'{variable}={python}: {why}')
            return None
        return python

    def leave_out(self, peer, why):
        """Said whole; the file that others read has no folders of this machine."""
        print(f'{peer} is left out: {why}', file=sys.stderr)
        self.absent[peer] = re.sub(r'/(?:[^\s/:\'"]+/)+', '', why)


def our_step(precision, size):
    text = run([BIN + 'bench_step', '--precision', precision, str(size)])
    number = lambda pattern: float(re.search(pattern, text)[1])
    return {'value': number(r'\(median ([\d.]+) ms\)'), 'peak_mib': number(r'process so far (\d+) MiB'),
            'whole_over_convolutions': number(r'whole / convolutions +([\d.]+)')}


def peer_step(command, **more):
    row = last_json(run(command, **more))
    return {'value': row['ms_step'], 'peak_mib': row.get('peak_mib')}


def step_cases(peers):
    for precision in ENV('PRECISIONS', 'fp32 bf16').split():
        for size in map(int, ENV('SIZES', '320 640').split()):
            who = {'flotilla': lambda p=precision, s=size: our_step(p, s)}
            torch = peers.python('PyTorch', 'TORCH', 'torch', PEERS + '/peer_torch.py')
            if torch:
                command = [torch, PEERS + '/peer_torch.py', '--img', str(size), '--dtype', precision, '--threads', str(THREADS), '--channels-last']
                who['PyTorch'] = lambda c=command: peer_step(c)
                if precision == 'bf16':
                    who['PyTorch compiled'] = lambda c=command: peer_step(c + ['--compile'])
            paddle = precision == 'fp32' and 'PPDET' in os.environ and peers.python('PaddleDetection', 'PADDLE', 'paddle', PEERS + '/peer_paddle.py')
            if paddle:
                command = [paddle, PEERS + '/peer_paddle.py', '--img', str(size), '--threads', str(THREADS)]
                who['PaddleDetection'] = lambda c=command: peer_step(c)
            elif 'PPDET' not in os.environ and 'PaddleDetection' not in peers.absent:
                peers.leave_out('PaddleDetection', 'PPDET names no checkout')
            yield {'model': 'PP-YOLOE-s', 'size': size, 'precision': precision, 'batch': 8}, 'ms', who


def loader_cases(peers):
    data = ENV('DATA', '../shared/data/bccd')
    if not os.path.exists(data + '/annotations/train.json'):
        peers.leave_out('the bench of the loader', f'there is no {data}/annotations/train.json')
        return
    yield {'data': os.path.basename(data), 'images': 240}, 'images a second and core', data


def scored(command):
    row = last_json(run(command))
    return {'value': row['seconds'], 'peak_mib': row['peak_mib']}


def cocoeval_cases(peers, folder):
    run([BIN + 'bench_cocoeval', 'make', folder])
    python = peers.python('pycocotools', 'COCO', 'pycocotools')
    who = {'flotilla': lambda: scored([BIN + 'bench_cocoeval', folder + '/gt.json', folder + '/dt.json', '1'])}
    if python:
        who['pycocotools'] = lambda: scored([python, 'bench/peer_cocoeval.py', folder])
    yield {'images': 5000, 'boxes': 36000, 'detections': 500000, 'threads': 1}, 's', who


def annotation_cases(peers, folder):
    """The second opening stands beside the same peer: it has no index."""
    images, cache = int(ENV('IMAGES', '200000')), folder + '/cache'
    run([BIN + 'flotilla', 'data', 'synth', folder, '--annotations-only', '--images', str(images), '--val', '1'])
    file = folder + '/annotations/train.json'
    ours = lambda: (lambda row: {'value': row['seconds'], 'core_s': row['core_s'], 'peak_mib': row['peak_mib']})(
        last_json(run([BIN + 'bench_annotations', file], XDG_CACHE_HOME=cache)))

    def first():
        subprocess.run(['rm', '-rf', cache], check=True)
        return ours()
    python = peers.python('pycocotools', 'COCO', 'pycocotools')
    who = {'flotilla': first, 'flotilla again': ours}
    if python:
        who['pycocotools'] = lambda: scored([python, 'bench/peer_annotations.py', file])
    yield {'images': images, 'bytes': os.path.getsize(file)}, 's', who


def take_turns(bench, case, unit, who, turns, peers):
    """Rows of one case. A peer that fails is left out of it."""
    rows = {name: {'bench': bench, 'case': case, 'who': name, 'unit': unit, 'turns': [], 'load': []} for name in who}
    for turn in range(turns):
        for name in list(rows):
            row, before = rows[name], load()
            try:
                got = who[name]()
            except (RuntimeError, OSError, ValueError, KeyError, TypeError, IndexError) as why:
                if name.startswith('flotilla'):
                    sys.exit(f'peers.py: {bench} {case}: our own bench failed: {why}')
                peers.leave_out(f'{name} in {bench} {json.dumps(case)}', str(why))
                del rows[name]
                continue
            row['turns'].append(got.pop('value'))
            row['load'].append(before)
            for key, value in got.items():
                if value is not None:
                    row[key] = max(value, row.get(key, 0))
            print(f"{bench} {json.dumps(case)} turn {turn + 1}: {name} {row['turns'][-1]} {unit} (load {before})", flush=True)
    return list(rows.values())


def loader_rows(case, unit, data, turns, peers):
    """take_turns.py keeps its readers running between the turns."""
    text = run(['python3', 'bench/take_turns.py', str(turns), str(case['images']), BIN + 'bench_loader', data])
    print(text, end='')
    got, names = last_json(text), {'torchvision': 'torchvision v2', 'paddle': 'PaddleDetection', 'flotilla': 'flotilla'}
    for peer in names:
        if peer not in got['turns_images_per_core_s']:
            peers.leave_out(f'{names[peer]} in the loader', 'see bench/loader_beside.sh')
    return [{'bench': 'loader', 'case': case, 'who': names[peer], 'unit': unit, 'turns': values, 'load': got['turns_load'],
             'megapixels_per_core_s': got['megapixels_per_core_s'][peer]} for peer, values in got['turns_images_per_core_s'].items()]


def ratios(rows):
    """How many times better we are than each peer in the same case."""
    out = []
    for ours in rows:
        if not ours['who'].startswith('flotilla'):
            continue
        for peer in rows:
            if peer['who'].startswith('flotilla') or (peer['bench'], peer['case']) != (ours['bench'], ours['case']):
                continue
            lower = ours['unit'] in ('ms', 's')
            times = peer['median'] / ours['median'] if lower else ours['median'] / peer['median']
            row = {'bench': ours['bench'], 'case': ours['case'], 'who': ours['who'], 'against': peer['who'], 'times': round(times, 2)}
            if ours.get('peak_mib') and peer.get('peak_mib'):
                row['memory'] = round(ours['peak_mib'] / peer['peak_mib'], 3)
            out.append(row)
    return out


def processor():
    info = dict(line.split(':', 1) for line in open('/proc/cpuinfo').read().split('\n\n')[0].splitlines() if ':' in line)
    info = {key.strip(): value.strip() for key, value in info.items()}
    have = set(info.get('flags', '').split())
    return {'name': info.get('model name', platform.machine()), 'family': info.get('cpu family', '?'), 'model': info.get('model', '?'),
            'stepping': info.get('stepping', '?'), 'flags': [flag for flag in FLAGS if flag in have], 'cores': THREADS}


def file_name(cpu):
    """Virtual machines call all their processors alike, so family and model are in it."""
    words = re.sub(r'\((r|tm)\)|cpu|processor|@', ' ', cpu['name'].lower())
    slug = '-'.join(re.findall(r'[a-z0-9.]+', words))
    return f"bench/figures/{slug}-{cpu['family']}-{cpu['model']}.json"


def machine():
    release = dict(line.strip().split('=', 1) for line in open('/etc/os-release') if '=' in line) if os.path.exists('/etc/os-release') else {}
    memory = int(re.search(r'MemTotal: +(\d+)', open('/proc/meminfo').read())[1]) // 1024
    return {'system': release.get('PRETTY_NAME', '?').strip('"'), 'kernel': platform.release(), 'memory_mib': memory}


def versions():
    """Ours, without the folder of the recipes: that is this machine's business."""
    return [line for line in run([BIN + 'flotilla', '--version']).strip().splitlines() if not line.startswith('recipes')]


def make(path):
    cpu, peers, turns = processor(), Peers(), int(ENV('TURNS', '5'))
    figures = {'format': 1, 'cpu': cpu, 'machine': machine(), 'turns': turns, 'load_before': load(),
               'made': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ'),
               'flotilla': versions(), 'rows': []}
    cases = {'step': step_cases, 'loader': loader_cases, 'cocoeval': cocoeval_cases, 'annotations': annotation_cases}
    for bench in ENV('BENCHES', ' '.join(cases)).split():
        with tempfile.TemporaryDirectory() as folder:
            more = (folder,) if bench in ('cocoeval', 'annotations') else ()
            for case, unit, who in cases[bench](peers, *more):
                figures['rows'] += loader_rows(case, unit, who, turns, peers) if bench == 'loader' else take_turns(bench, case, unit, who, turns, peers)
    for row in figures['rows']:
        row['median'] = statistics.median(row['turns'])
    figures.update(ratios=ratios(figures['rows']), peers=peers.versions, absent=peers.absent, load_after=load())
    os.makedirs(os.path.dirname(path or file_name(cpu)) or '.', exist_ok=True)
    with open((path or file_name(cpu)) + '.tmp', 'w') as out:
        json.dump(figures, out, indent=1)
        out.write('\n')
    os.replace(out.name, path or file_name(cpu))
    for row in figures['ratios']:
        print(f"{row['bench']} {json.dumps(row['case'])}: {row['who']} is {row['times']} times {row['against']}")
    print(path or file_name(cpu))


KINDS = {'format': int, 'cpu': dict, 'machine': dict, 'turns': int, 'load_before': float, 'load_after': float, 'made': str, 'flotilla': list,
         'rows': list, 'ratios': list, 'peers': dict, 'absent': dict}


def faults(figures):
    for key, kind in KINDS.items():
        if not isinstance(figures.get(key), kind):
            yield f"'{key}' must be there, of type {kind.__name__}"
            return
    if figures['format'] != 1 or not figures['rows'] or not figures['cpu'].get('name') or not figures['flotilla']:
        yield 'format 1, rows, the name of the processor and our version are needed'
    for i, row in enumerate(figures['rows']):
        for key, kind in {'bench': str, 'case': dict, 'who': str, 'unit': str, 'turns': list, 'load': list, 'median': (int, float)}.items():
            if not isinstance(row.get(key), kind):
                yield f"row {i}: '{key}' is not what it must be"
                return
        if len(row['turns']) != figures['turns'] or len(row['load']) != figures['turns'] or not all(value > 0 for value in row['turns']):
            yield f"row {i}: {figures['turns']} turns above 0 and as many loads are needed"
        elif statistics.median(row['turns']) != row['median']:
            yield f'row {i}: {row["median"]} is not the median of its turns'
    if figures['ratios'] != ratios(figures['rows']):
        yield 'the ratios are not those of the rows'


def check(paths):
    bad = 0
    for path in paths:
        try:
            found = list(faults(json.load(open(path))))
        except (OSError, ValueError) as why:
            found = [str(why)]
        for fault in found:
            print(f'{path}: {fault}')
        bad += bool(found)
    return 1 if bad else 0


if __name__ == '__main__':
    words = sys.argv[1:]
    if words[:1] == ['make'] and len(words) <= 2:
        make(words[1] if len(words) > 1 else None)
    elif words[:1] == ['check'] and len(words) > 1:
        sys.exit(check(words[1:]))
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
