"""take_turns.py TURNS IMAGES: for loader_beside.sh, which says what it needs. Starts our reader and the peers that are at hand, gives
each its turn, and prints every turn, the medians and the ratios; the last line is JSON."""
import json, os, statistics, subprocess, sys

turns, images, bin, data = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
commands = {'flotilla': [bin, '--hold', '--images', images, data]}
for peer, python, module in (('torchvision', os.environ.get('TORCH', 'python3'), 'torchvision'), ('paddle', os.environ.get('PADDLE', 'python3'), 'paddle')):
    there = subprocess.run([python, '-c', f'import {module}'], stderr=subprocess.DEVNULL).returncode == 0
    if there and (peer != 'paddle' or 'PPDET' in os.environ):
        commands[peer] = [python, 'bench/peer_loader.py', peer, data]
    else:
        print(f'{peer} is not at hand and left out', file=sys.stderr)
running = {}
for peer, command in commands.items():
    running[peer] = p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if p.stdout.readline().strip() != 'ready':
        sys.exit(f'{peer} did not start: {" ".join(command)}')
results, loads = {peer: [] for peer in running}, []
for turn in range(turns):
    loads.append(float(open('/proc/loadavg').read().split()[0]))
    for peer, p in running.items():
        p.stdin.write(images + '\n')
        p.stdin.flush()
        line = p.stdout.readline()
        if not line:
            sys.exit(f'{peer} ended in turn {turn + 1}')
        results[peer].append(json.loads(line))
    print(f'turn {turn + 1}: ' + ', '.join(f"{peer} {r[-1]['images_per_core_s']}" for peer, r in results.items()) +
          f" images per second and core (load {open('/proc/loadavg').read().split()[0]})", flush=True)
for p in running.values():
    p.stdin.close()
    p.wait()
middle = {peer: statistics.median(r['images_per_core_s'] for r in rows) for peer, rows in results.items()}
area = {peer: statistics.median(r['megapixels_per_core_s'] for r in rows) for peer, rows in results.items()}
for peer in list(middle)[1:]:
    print(f"{middle['flotilla'] / middle[peer]:.1f} times {peer} in images, {area['flotilla'] / area[peer]:.1f} times in pixels of output")
cpu = next((line.split(':')[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name')), '?')
print(json.dumps({'bench': 'loader', 'cpu': cpu, 'load': float(open('/proc/loadavg').read().split()[0]), 'turns': turns,
                  'images_per_core_s': middle, 'megapixels_per_core_s': area, 'turns_load': loads,
                  'turns_images_per_core_s': {peer: [r['images_per_core_s'] for r in rows] for peer, rows in results.items()}}))
