"""The oldest and the newest versions that the package allows: `run.py test --matrix`.

uv makes an environment for each in a temporary folder, with the package and what it asks for, and
all lessons and keys run there through nbval, which compares what they show with what is stored.

    python run.py test --matrix                    each of `VERSIONS`
    python run.py test --matrix oldest             one of them
    python run.py test --matrix newest@3.13        with another Python than is named there
    python run.py test --matrix oldest -k 01       further words go to pytest
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Name -> Python, and which versions uv takes.
VERSIONS = {"oldest": ("3.11", "lowest-direct"), "newest": ("3.15", "highest")}


def commands(uv, root, env_folder, python, resolution, rest):
    """The commands that make the environment and run the notebooks, in order."""
    exe = env_folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    options = ["--quiet", "--python", str(exe), "--resolution", resolution]
    folders = [str(root / "notebooks"), str(root / "exercises" / "keys")]
    return [
        [uv, "venv", "--quiet", "--python", python, str(env_folder)],
        [uv, "pip", "install", *options, "--editable", str(root)],
        [str(exe), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", *folders, *rest],
    ]


def test(root, arguments, child_env):
    """Run what the words after --matrix name; return the exit status.

    `child_env(**more)` gives the variables of what is started.
    """
    names = [word for word in arguments[:1] if not word.startswith("-")]
    if unknown := [name for name in names if name.partition("@")[0] not in VERSIONS]:
        print(f"--matrix takes {' or '.join(VERSIONS)}, not {unknown[0]}.", file=sys.stderr)
        return 1
    venv_path = os.pathsep.join(str(root / ".venv" / folder) for folder in ("bin", "Scripts"))
    uv = shutil.which("uv") or shutil.which("uv", path=venv_path)
    if not uv:
        print("--matrix needs uv, which brings each Python: pip install uv", file=sys.stderr)
        return 1
    failed = []
    for name in names or VERSIONS:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            venv = Path(work, "env")
            env = child_env(BELGRADE_WORK=str(Path(work, "my_work")), VIRTUAL_ENV=str(venv))
            env["PATH"] = os.pathsep.join([str(venv / "bin"), str(venv / "Scripts"), env["PATH"]])
            version_name, _, other = name.partition("@")
            python, resolution = VERSIONS[version_name]
            rest = arguments[len(names) :]
            for command in commands(uv, root, venv, other or python, resolution, rest):
                print(f"{name}: {' '.join(command)}", flush=True)
                if subprocess.call(command, cwd=root, env=env):
                    failed.append(name)
                    break
        outcome = "FAILED" if name in failed else "ok"
        print(f"{name} {outcome} ({time.monotonic() - started:.0f} s)", flush=True)
    return 1 if failed else 0
