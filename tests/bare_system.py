"""Both commands of the README on systems that have nothing but Python: `run.py test --bare`.

A Debian system is made in a folder, with Python and the certificates of its network, and no more.
In it a fresh clone of the project runs `python3 run.py` until JupyterLab answers, and then
`python3 run.py test`. Needs root (or `sudo` that asks for nothing), mmdebstrap, and git; the
systems are kept in a cache folder, each run works on a copy of one.

    python run.py test --bare                     both systems
    python run.py test --bare bookworm            one of them
    python run.py test --bare --cache FOLDER      another folder than ~/.cache/belgrade-bare

The systems reach the network as this machine does: its proxies, certificates and the settings of
apt, pip, npm and uv are shown to them, and nothing of it is kept in the project.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

# Suite of Debian -> what it stands for. Debian 12 has Python 3.11, the oldest that will do.
SUITES = {"bookworm": "Debian 12", "testing": "Debian testing"}
MIRROR = "http://deb.debian.org/debian"
# How this machine reaches the network: variables, and files and folders to be shown.
VARIABLES = re.compile(
    r".*(proxy|_cert|_ca_certs|ca_bundle|cert_file|cert_dir|cainfo)$|PIP_|UV_|NPM_CONFIG_", re.I
)
SETTINGS = """/etc/pip.conf ~/.config/pip/pip.conf ~/.pip/pip.conf /etc/npmrc ~/.npmrc
    /etc/uv/uv.toml ~/.config/uv/uv.toml /etc/ssl/certs/ca-certificates.crt
    /usr/local/share/ca-certificates /etc/resolv.conf /etc/hosts""".split()
# Pythons that uv would fetch for the replay of Binder's build, where it reaches them.
SETTINGS.append("~/.pyenv/versions")
# Inside: mounts of its own, and the root exchanged, not `chroot`: in a chroot the kernel refuses
# the user namespaces of which the sandbox is made.
ENTER = """
set -eu
mount --bind "$TREE" "$TREE"
cd "$TREE"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o size=2g tmpfs dev/shm
for place in $MOUNTS; do
  if [ -d "$place" ]; then mkdir -p "./$place"
  else mkdir -p "./$(dirname "$place")"; [ -e "./$place" ] || : > "./$place"; fi
  mount --bind -o ro "$place" "./$place"
done
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
exec "$@"
"""
RUN_LAB = """
set -eu
cd /root/module
echo "== python3 run.py"
python3 run.py --no-browser --port 8899 > /tmp/lab.log 2>&1 &
lab=$!
answers() {
  python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8899/api")' 2>/dev/null
}
until answers || ! kill -0 $lab 2>/dev/null; do sleep 1; done
cat /tmp/lab.log
answers || { echo "JupyterLab does not answer."; exit 1; }
echo "JupyterLab answers."
kill $lab
wait $lab || :
"""
RUN_TESTS = """
cd /root/module
echo "== python3 run.py test"
CI=true python3 run.py test
"""


def test(root, arguments):
    """Run both commands on each system; 0 where all passed and nothing was left out."""
    arguments, cache = _cache(arguments)
    unknown = [name for name in arguments if name not in SUITES]
    if unknown:
        print(f"--bare takes {' or '.join(SUITES)}, not {', '.join(unknown)}.", file=sys.stderr)
        return 1
    missing = [name for name in ("mmdebstrap", "git", "unshare", "mount") if not shutil.which(name)]
    prefix = machine.rights()
    if prefix is None or missing:
        remedy = f"sudo apt-get install -y {' '.join(missing)}" if missing else "sudo -v"
        print(
            "A bare system needs root, or sudo that asks for nothing, and mmdebstrap (Debian and "
            f"Ubuntu have it). Paste, then try again: {remedy}",
            file=sys.stderr,
        )
        return 1
    results = []
    for suite in arguments or SUITES:
        started = time.monotonic()
        code = _test_on(root, suite, cache, prefix)
        minutes = (time.monotonic() - started) / 60
        results.append((code, f"{SUITES[suite]} {'FAILED' if code else 'ok'} ({minutes:.1f} min)"))
    print("\n" + ", ".join(line for _, line in results), flush=True)
    return 1 if any(code for code, _ in results) else 0


def _cache(arguments):
    remaining, cache = list(arguments), Path.home() / ".cache" / "belgrade-bare"
    if "--cache" in remaining:
        index = remaining.index("--cache")
        cache = Path(remaining[index + 1])
        del remaining[index : index + 2]
    return remaining, cache.resolve()


def _test_on(root, suite, cache, prefix):
    cache.mkdir(parents=True, exist_ok=True)
    tree = cache / suite
    if not (tree / "usr").is_dir():
        print(f"\nMaking {SUITES[suite]} in {tree}", flush=True)
        # A mirror that is a snapshot is past its date; signatures are checked all the same.
        command = ["mmdebstrap", "--quiet", "--variant=minbase"]
        command += ["--include=python3,ca-certificates"]
        command += ['--aptopt=Acquire::Check-Valid-Until "false"', *_apt_options()]
        command += [suite, str(tree), MIRROR]
        if subprocess.run([*prefix, *command]).returncode:
            subprocess.run([*prefix, "rm", "-rf", str(tree)])
            return 1
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"{suite}-") as work:
        copy = Path(work) / "tree"
        subprocess.run([*prefix, "cp", "-a", str(tree), str(copy)], check=True)
        module = copy / "root" / "module"
        clone = ["git", "clone", "--quiet", "--no-hardlinks", str(root), str(module)]
        subprocess.run([*prefix, *clone], check=True)
        try:
            return max(_run_in(copy, script, prefix) for script in (RUN_LAB, RUN_TESTS))
        finally:
            subprocess.run([*prefix, "rm", "-rf", "--one-file-system", str(copy)])


def _run_in(tree, script, prefix):
    env = {name: value for name, value in os.environ.items() if VARIABLES.match(name)}
    env |= {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    env |= {"LANG": "C.UTF-8", "TERM": "dumb", "TREE": str(tree), "MOUNTS": " ".join(_mounts(tree))}
    variables = [f"{name}={value}" for name, value in env.items()]
    enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    enter += ["sh", "-c", ENTER, "sh", "sh", "-c", script]
    return subprocess.run([*prefix, "env", "-i", *variables, *enter]).returncode


def _mounts(tree):
    """The files and folders that say how this machine reaches the network, and what they name."""
    files = [os.path.expanduser(path) for path in SETTINGS]
    files = [path for path in files if os.path.exists(path)]
    texts = [value for name, value in os.environ.items() if VARIABLES.match(name)]
    for path in files:
        if os.path.isfile(path) and "ssl" not in path:
            texts.append(Path(path).read_text(encoding="utf-8", errors="replace"))
    paths = re.findall(r"(?:file://)?(/[\w./+-]+)", " ".join(texts))
    for path in paths:  # a folder of packages, with what its pages name beside it
        top = "/".join(path.split("/")[:3])
        if os.path.isdir(path) and not top.startswith(("/etc", "/usr", "/tmp", "/root", "/home")):
            files.append(top)
    return [path for path in dict.fromkeys(files) if not re.search(r"\s", path)]


def _apt_options():
    """Proxies that apt uses here, for mmdebstrap."""
    result = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE)
    text = result.stdout.decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if re.match(r"Acquire::https?::Proxy", line)]
    return [f"--aptopt={line.rstrip(';')}" for line in lines]
