"""run.py with its commands replaced: what it says when something is missing, and when it acts.

The real installation is tried by every run of `python run.py test`.
"""

import ast
import errno
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path
from types import SimpleNamespace

import machine
import pytest
from jupyter_server.services.config import ConfigManager
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run.py as a module, for a project in an empty folder; the environment has no uv."""
    spec = importlib.util.spec_from_file_location("run", PROJECT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "FREE_MB", 0)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    return module


@pytest.fixture
def steps(run, monkeypatch):
    """The commands that set_up runs, recorded; making the environment leaves a Python there."""
    done = []

    def step(title, command, **env):
        done.append(" ".join(command[:4] if "venv" in command else command))
        if "venv" in command:
            run.venv_python().parent.mkdir(parents=True, exist_ok=True)
            run.venv_python().write_text("", encoding="utf-8")

    monkeypatch.setattr(run, "step", step)
    monkeypatch.setattr(run, "pip_settings", dict)
    monkeypatch.setattr(
        run, "is_usable", lambda stamp: stamp.get("finished", True) and run.venv_python().exists()
    )
    return done


# --- which Python ------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 2), (3, 15, 9)])
def test_python_that_will_do(run, version):
    assert run.python_problem(version) is None


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (3, 16, 0), (4, 0, 0)])
def test_python_that_will_not_do(run, version):
    said = run.python_problem(version)
    assert "3.11 to 3.15" in said and ".".join(map(str, version)) in said
    assert "python.org" in said and "uv run run.py" in said
    assert len(said.splitlines()) == 2


def test_old_python_is_told_without_a_traceback(run, monkeypatch, capsys):
    monkeypatch.setattr(run.sys, "version_info", (3, 8, 18, "final", 0))
    assert run.main([]) == 1
    assert "this is Python 3.8.18" in capsys.readouterr().err


def test_run_py_parses_on_an_old_python():
    ast.parse((PROJECT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_python_2_stops_at_the_sentence_and_shows_it():
    """What of the file comes before the line, Python 2 can read: no newer syntax is in it."""
    lines = (PROJECT / "run.py").read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith('_ = f"'))
    assert all(words in lines[at] for words in ("Python 2;", "3.11 to 3.15", "python3 run.py"))
    tree = ast.parse("\n".join(lines[:at]))
    assert all(isinstance(each, ast.Import | ast.ImportFrom | ast.Expr) for each in tree.body)


def test_versions_agree_everywhere(run):
    text = (PROJECT / "run.py").read_text(encoding="utf-8")
    assert f'requires-python = ">=3.{run.OLDEST[1]},<3.{run.NEWEST[1] + 1}"' in text
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">=3.{run.OLDEST[1]}"


# --- what went wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("error: failed to write: There is not enough space (os error 112)", "disk is full"),
        ("ensurepip is not available. apt install python3.11-venv", "apt install python3-venv"),
        ("No module named venv", "apt install python3-venv"),
        ("Retrying (Retry(total=4)) after NewConnectionError: getaddrinfo failed", "online"),
        ("error: Failed to fetch: `x`\n  Caused by: dns error", "online"),
        ("ReadTimeoutError: Read timed out.", "online"),
        ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed')", "certificate of its own"),
        ("error: Failed to fetch: `x`\n  invalid peer certificate: UnknownIssuer", "PIP_CERT=FILE"),
        ("OSError: [Errno 13] Permission denied: '.venv/lib'", "Cannot write"),
        ("PermissionError: [WinError 5] Access is denied", "Cannot write"),
    ],
)
def test_a_known_failure_gets_its_remedy(run, output, said):
    message = str(run.diagnose(output, "Installing packages"))
    assert said in message
    assert len(message.splitlines()) == 2


def test_a_small_folder_for_temporary_files_is_no_full_disk(run, monkeypatch):
    monkeypatch.setattr(
        run, "free_mb", lambda folder: 5 if folder == Path(run.tempfile.gettempdir()) else 9000
    )
    said = str(run.diagnose("No space left on device", "Installing packages"))
    assert "temporary files" in said and "TMPDIR" in said and len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("place", "said"),
    [("a:b", "the sign ':'"), ("[new] module", "the sign '['")],
)
def test_a_path_that_cannot_work_is_told_first(run, monkeypatch, tmp_path, capsys, place, said):
    root = tmp_path / place
    root.mkdir()
    (root / "requirements.txt").write_text("", encoding="utf-8")
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(run.os, "pathsep", ":")
    assert run.main([]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("spoiled", "there"), [("", "home"), (".local", ".local"), (None, "")])
def test_a_home_that_cannot_be_written_is_told_and_replaced(
    run, monkeypatch, tmp_path, capsys, spoiled, there
):
    home = tmp_path / "home"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    if spoiled:
        home.mkdir()
    if spoiled is not None:
        (home / spoiled).write_text("a file in the place of a folder", encoding="utf-8")
    run.settle()
    said = capsys.readouterr().out
    if spoiled is None:
        assert said == "" and os.environ["HOME"] == str(home)
    else:
        assert f"{there} cannot be written" in said and os.environ["HOME"] == str(run.VENV / "home")


def test_run_py_alone_as_out_of_a_zip_is_told(run, tmp_path, capsys):
    (tmp_path / "requirements.txt").unlink()
    assert run.main([]) == 1
    told = capsys.readouterr().err
    assert "inside the ZIP file" in told and "Unpack" in told


def test_an_unknown_failure_shows_the_installers_last_words(run):
    message = str(run.diagnose("a\nb\nERROR: odd", "Installing packages"))
    assert message.startswith("Installing packages failed") and message.endswith("ERROR: odd")


def test_a_failed_command_is_diagnosed(run):
    command = [sys.executable, "-c", "import sys; sys.exit('[Errno 28] No space left on device')"]
    with pytest.raises(run.Problem, match="disk is full"):
        run.step("Installing packages", command)


def test_a_step_tells_its_time(run, capsys):
    run.step("Looking", [sys.executable, "-c", "print('Vučić')"])
    assert re.search(r"Looking: \d+ s", capsys.readouterr().out)


def test_too_little_disk_space_is_told_before_anything_is_made(run, steps, monkeypatch, tmp_path):
    monkeypatch.setattr(run, "FREE_MB", 10**12)
    with pytest.raises(run.Problem, match="free disk space"):
        run.set_up("lessons")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EROFS, "Cannot write"), (errno.EACCES, "Cannot write"), (errno.ENOSPC, "disk is full")],
)
def test_a_folder_that_cannot_be_written(run, steps, monkeypatch, number, said):
    def refuse(*_, **__):
        raise OSError(number, "no")

    monkeypatch.setattr(run.Path, "mkdir", refuse)
    with pytest.raises(run.Problem, match=said):
        run.set_up("lessons")


def test_ctrl_c_is_quiet(run, monkeypatch, capsys):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "lab", interrupt)
    assert run.main([]) == 130
    assert capsys.readouterr().err.strip() == "Stopped."


def test_an_unknown_command_is_told(run, capsys):
    assert run.main(["tets"]) == 1
    assert "'tets'" in capsys.readouterr().err


def test_help(run, capsys):
    assert run.main(["--help"]) == 0
    assert "python run.py test" in capsys.readouterr().out


# --- the environment ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "done"),
    [
        pytest.param(lambda run: None, [], id="nothing changed"),
        pytest.param(
            lambda run: (run.ROOT / "requirements.txt").write_text("more", encoding="utf-8"),
            ["install"],
            id="a requirement changed",
        ),
        pytest.param(lambda run: run.venv_python().unlink(), ["venv", "install"], id="no Python"),
        pytest.param(
            lambda run: run.stamp_file().write_text("{", encoding="utf-8"),
            ["venv", "install"],
            id="a damaged stamp",
        ),
    ],
)
def test_the_second_start_does_what_is_needed(run, steps, spoil, done):
    run.set_up("lessons")
    spoil(run)
    steps.clear()
    run.set_up("lessons")
    assert [next(each for each in ("venv", "install") if each in s.split()) for s in steps] == done


def test_the_tests_environment_serves_lessons_but_not_the_reverse(run, steps):
    run.set_up("lessons")
    run.set_up("tests")
    assert [s.split()[-1] for s in steps][1:] == ["requirements.txt", "requirements-dev.txt"]
    run.set_up("lessons")
    assert len(steps) == 3


@pytest.mark.parametrize("what", ["version", "place"])
def test_another_python_or_place_is_noticed(run, steps, monkeypatch, tmp_path, what):
    before = run.fingerprint()
    if what == "version":
        monkeypatch.setattr(run.sys, "version_info", (3, 99, 0))
    else:
        monkeypatch.setattr(run, "ROOT", tmp_path / "elsewhere")
    assert run.fingerprint() != before


def test_an_interrupted_installation_is_made_anew(run, steps, monkeypatch, tmp_path):
    recorded = run.step

    def interrupt(title, command, **env):
        if "install" in command:
            raise KeyboardInterrupt
        recorded(title, command)

    with monkeypatch.context() as patch:
        patch.setattr(run, "step", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run.set_up("lessons")
    leftover = tmp_path / ".venv" / "leftover"
    leftover.write_text("", encoding="utf-8")
    run.set_up("lessons")
    assert not leftover.exists()
    assert [("venv" in s.split()) for s in steps] == [True, True, False]


def test_going_offline_before_an_update_keeps_what_was_there(run, steps, monkeypatch, tmp_path):
    run.set_up("lessons")
    before = run.read_stamp()
    (tmp_path / "requirements.txt").write_text("more", encoding="utf-8")

    def offline(title, command, **env):
        raise run.diagnose("dns error", title)

    with monkeypatch.context() as patch:
        patch.setattr(run, "step", offline)
        with pytest.raises(run.Problem, match="online"):
            run.set_up("lessons")
    assert run.read_stamp() == before
    run.set_up("lessons")
    assert len(steps) == 3


def test_uv_is_used_where_it_is(run, steps, monkeypatch):
    monkeypatch.setattr(run.shutil, "which", lambda name: "/somewhere/uv")
    run.set_up("lessons")
    assert all(s.startswith("/somewhere/uv") for s in steps)
    assert "--compile-bytecode" in steps[1]


@pytest.mark.parametrize("there", [True, False])
def test_a_uv_toml_is_looked_at_only_where_packages_are_not_reached(
    run, steps, monkeypatch, tmp_path, there
):
    assert run.child_env()["UV_NO_CONFIG"] == "1"
    monkeypatch.setattr(run.shutil, "which", lambda name: "/somewhere/uv")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if there:
        (tmp_path / "uv").mkdir()
        (tmp_path / "uv" / "uv.toml").write_text("[pip]\ntarget = 'x'", encoding="utf-8")
    recorded, asked = run.step, []

    def offline(title, command, **env):
        recorded(title, command)
        if "install" in command:
            asked.append(env.get("UV_NO_CONFIG"))
            raise run.Offline("Are you online?")

    monkeypatch.setattr(run, "step", offline)
    with pytest.raises(run.Offline):
        run.set_up("lessons")
    assert asked == ([None, "0"] if there else [None])


def test_is_usable_asks_the_python_there(run):
    assert not run.is_usable({})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", run.VENV], check=True)
    assert not run.is_usable({})  # no pip in it
    assert not run.is_usable({"finished": False})


def test_personal_settings_of_installers_change_nothing_but_the_way(run, monkeypatch):
    own = {"PIP_USER": "1", "PIP_TARGET": "x", "PIP_REQUIRE_HASHES": "1", "UV_TARGET": "x"}
    own |= {"UV_SYSTEM_PYTHON": "1", "UV_NO_BINARY": "1"}
    for name, value in (own | {"PIP_INDEX_URL": "i", "UV_DEFAULT_INDEX": "d"}).items():
        monkeypatch.setenv(name, value)
    env = run.child_env()
    assert (env["PIP_INDEX_URL"], env["UV_DEFAULT_INDEX"]) == ("i", "d")
    assert not {"UV_TARGET", "UV_SYSTEM_PYTHON", "UV_NO_BINARY"} & set(env)
    assert not {"PIP_REQUIRE_HASHES", "PIP_USER", "PIP_TARGET"} & set(env)


def test_of_a_pip_conf_only_the_way_to_packages_is_taken(run, tmp_path, monkeypatch):
    conf = tmp_path / "pip.conf"
    conf.write_text(
        "[global]\nprefix = elsewhere\nproxy = one\npython = /other\nextra-index-url =\n a\n b\n"
        "[install]\nuser = true\ntarget = elsewhere\nno-binary = :all:\nproxy = it's\n",
        "utf-8",
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
    monkeypatch.delenv("PIP_PROXY", raising=False)
    monkeypatch.setattr(run, "VENV", Path(sys.prefix))
    env = run.pip_settings()
    assert env["PIP_EXTRA_INDEX_URL"].split() == ["a", "b"] and env["PIP_PROXY"] == "it's"
    assert not {"PIP_PREFIX", "PIP_PYTHON", "PIP_USER", "PIP_TARGET", "PIP_NO_BINARY"} & set(env)
    asked = [sys.executable, "-m", "pip", "config", "list"]
    env = run.child_env(**env)
    read = subprocess.run(asked, env=env, capture_output=True, text=True, check=True).stdout
    assert "global." not in read and "install." not in read
    conf.write_text("no setting", "utf-8")
    assert run.pip_settings() == {"PIP_CONFIG_FILE": os.devnull}


def test_two_starts_at_once_wait_for_each_other(run, steps, capsys):
    begun, go_on, recorded = threading.Event(), threading.Event(), run.step

    def slow(title, command, **env):
        begun.set()
        assert go_on.wait(20)
        recorded(title, command, **env)

    run.step = slow
    both = [threading.Thread(target=run.set_up, args=("lessons",)) for _ in range(2)]
    both[0].start()
    assert begun.wait(20)
    both[1].start()
    deadline = time.monotonic() + 20
    while "waiting for it" not in (said := capsys.readouterr().out) and time.monotonic() < deadline:
        time.sleep(0.05)
    go_on.set()
    for each in both:
        each.join(20)
    assert "waiting for it" in said
    assert len(steps) == 2  # one environment, one installation


def test_children_keep_bytecode_and_read_utf8(run, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    env = run.child_env(MORE="1")
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"} & set(env)
    assert env["PYTHONUTF8"] == "1" and env["MORE"] == "1"
    assert env["PATH"].startswith(str(run.scripts_folder()))


# --- JupyterLab --------------------------------------------------------------------------


def test_lab_opens_the_first_lesson_and_passes_options_on(run, monkeypatch, tmp_path):
    monkeypatch.setattr(run, "set_up", lambda purpose: None)
    seen = []
    monkeypatch.setattr(run, "run", lambda arguments, **env: seen.extend(arguments) or 0)
    lesson = tmp_path / run.FIRST_LESSON
    lesson.parent.mkdir()
    lesson.write_text("{}", encoding="utf-8")
    assert run.main(["--no-browser", "--port", "8890"]) == 0
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in seen
    assert f"--ServerApp.root_dir={tmp_path}" in seen
    assert seen[-3:] == ["--no-browser", "--port", "8890"]
    lesson.unlink()
    seen.clear()
    monkeypatch.setattr(run, "is_root", lambda: True)
    assert run.main([]) == 0
    assert "--LabApp.default_url=/lab" in seen and "--allow-root" in seen


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for rights to make a link")
def test_of_an_environment_that_is_a_link_only_the_link_goes(run, steps, tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "mine").write_text("x", encoding="utf-8")
    run.VENV.symlink_to(target)
    run.set_up("lessons")
    assert not run.VENV.is_symlink()
    assert (target / "mine").is_file()


# --- tests -------------------------------------------------------------------------------


@pytest.fixture
def tests(run, monkeypatch, tmp_path):
    """What run.py's tests run, in a project whose machine has everything; nothing is run."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "machine.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(run, "set_up", lambda purpose: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(machine, "missing", lambda: [])
    monkeypatch.delenv("CI", raising=False)
    ran = []

    def record(arguments, **env):
        ran.append((arguments, env))
        assert env["BELGRADE_WORK"]
        Path(env["BELGRADE_LEFT_OUT"]).write_text(json.dumps(run.skipped), encoding="utf-8")
        return next((code for word, code in run.codes.items() if word in arguments), 0)

    run.codes, run.skipped = {}, {}
    monkeypatch.setattr(run, "run", record)
    return ran


@pytest.mark.parametrize(("failing", "status"), [(None, 0), ("pytest", 1), ("ruff", 1)])
def test_every_part_runs_and_any_failure_counts(run, tests, failing, status):
    run.codes = {failing: 1}
    assert run.main(["test"]) == status
    ran = [" ".join(arguments) for arguments, _ in tests]
    workers = run.at_once(os.cpu_count())
    assert [line.split(" -m ")[-1].removeprefix("-m ") for line in ran] == [
        f"pytest -n {workers} --dist loadgroup --no-loadscope-reorder",
        f"pytest --nbval -n {workers} --dist loadfile notebooks",
        "ruff check .",
    ]


def test_arguments_go_to_pytest_alone(run, tests):
    assert run.main(["test", "-k", "figures"]) == 0
    ((arguments, _),) = tests
    assert arguments[-2:] == ["-k", "figures"]


def test_words_that_match_nothing_are_no_failure(run, tests, capsys):
    run.codes = {"pytest": run.NOTHING_MATCHED}
    assert run.main(["test", "-k", "nothing"]) == run.NOTHING_MATCHED
    said = capsys.readouterr().out
    assert "Tests matched nothing: no test ran" in said and "FAILED" not in said


def test_students_copies_need_nothing_of_the_machine(run, tests, tmp_path, monkeypatch):
    (tmp_path / "tests" / "machine.py").unlink()
    monkeypatch.setattr(machine, "missing", lambda: pytest.fail("asked for the machine"))
    assert run.main(["test"]) == 0


def test_the_last_lines_say_what_was_not_tested(run, tests, capsys, monkeypatch):
    run.skipped = {
        "browser: there is none": 41,
        "sandbox: no rights": 120,
        "sandbox: none at all": 2,
        "Windows does not allow such names": 1,
        "slow: run them with -m slow": 2,
    }
    assert run.main(["test"]) == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "Not tested: 41 tests of the browser: there is none",
        "Not tested: 122 tests of the sandbox: no rights (120); none at all (2)",
        "Not tested: 2 tests: run them with -m slow",
        "Not tested: 1 test: Windows does not allow such names",
    ]
    monkeypatch.setenv("CI", "true")
    assert run.main(["test"]) == 1
    run.skipped = {"Windows does not allow such names": 1}
    assert run.main(["test"]) == 0
    run.skipped = {}
    assert run.main(["test"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Nothing was left out."


@pytest.fixture
def debian(run, tests, monkeypatch, capsys):
    """A Debian that lacks all parts: `have` says what there is, `steps` what was done."""

    debian = SimpleNamespace(have={"apt-get"}, steps=[], may=[], own=None)

    def step(title, command, **env):
        debian.steps.append(" ".join(command))
        if "playwright" in command:
            raise run.Problem("offline")
        if "install" in command:
            debian.have |= set(names.values())

    names = {"browser": "chromium", "firefox": "firefox-esr", "webkit": "WebKitWebDriver"}
    names |= {"sandbox": "bubblewrap", "npm": "npm", "git": "git"}

    def missing():
        return [part for part, name in names.items() if name not in debian.have]

    monkeypatch.setattr(machine, "missing", missing)
    monkeypatch.setattr(machine, "rights", lambda: debian.may)
    monkeypatch.setattr(machine, "is_ubuntu", lambda: False)
    monkeypatch.setattr(machine, "known", lambda package: package.split("|")[0])
    monkeypatch.setattr(machine, "playwrights_browser", lambda python: debian.own)
    monkeypatch.setattr(
        machine.shutil, "which", lambda name: f"/usr/bin/{name}" if name in debian.have else None
    )
    monkeypatch.setattr(run, "step", step)
    return debian


def test_what_the_tests_need_is_said_and_brought(run, tests, debian, capsys):
    debian.may = ["sudo", "-n"]
    assert run.main(["test"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Missing for the tests: a browser (Chromium), Firefox, WebKit")
    assert "paste" not in "".join(said)
    assert debian.steps == [
        "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update -qq",
        "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
        "--no-install-recommends chromium firefox-esr webkit2gtk-driver xvfb bubblewrap npm git",
    ]
    assert json.loads(tests[0][1]["BELGRADE_WITHOUT"]) == {}


def test_without_rights_one_command_to_paste_comes_first(run, tests, debian, capsys):
    debian.may = None
    debian.have = {"apt-get", "npm", "git", "firefox-esr", "WebKitWebDriver"}
    assert run.main(["test"]) == 0
    first = capsys.readouterr().out.splitlines()[:10]
    assert first[2].strip() == (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium bubblewrap"
    )
    assert "--without browser,sandbox" in first[3]
    assert set(json.loads(tests[0][1]["BELGRADE_WITHOUT"])) == {"browser", "sandbox"}
    assert len(tests) == 3  # the rest runs


def test_ubuntus_chromium_is_playwrights(run, tests, debian, monkeypatch, capsys):
    monkeypatch.setattr(machine, "is_ubuntu", lambda: True)
    debian.may, debian.own = [], "/home/me/.cache/ms-playwright/chrome"
    debian.have = {"apt-get", "npm", "git", "bubblewrap", "firefox-esr", "WebKitWebDriver"}
    assert run.main(["test"]) == 0
    assert debian.steps == [] and json.loads(tests[0][1]["BELGRADE_WITHOUT"]) == {}
    assert "-m playwright install chromium" in capsys.readouterr().out


def test_a_part_left_out_on_purpose_is_not_brought(run, tests, debian, capsys):
    debian.may = []
    assert run.main(["test", "--without", "browser,npm", "--without=sandbox", "-x"]) == 0
    assert not any("chromium" in step or "bubblewrap" in step for step in debian.steps)
    assert tests[0][0][-1] == "-x"
    left = json.loads(tests[0][1]["BELGRADE_WITHOUT"])
    assert left["npm"] == "left out on purpose (--without npm)"


@pytest.mark.parametrize("given", [["--without", "chromium"], ["--without"]])
def test_a_part_that_is_none_is_told(run, tests, given, capsys):
    assert run.main(["test", *given]) == 1
    assert "--without takes browser, firefox, webkit, sandbox, npm, git" in capsys.readouterr().err


def test_a_snap_is_no_browser_for_tests(tmp_path):
    script = tmp_path / "chromium-browser"
    script.write_text("#!/bin/sh\nexec /snap/bin/chromium\n", encoding="utf-8")
    assert machine.is_snap(script) and not machine.is_snap(sys.executable)


def test_a_package_that_is_nowhere_costs_its_own_part(run, tests, debian, monkeypatch, capsys):
    def step(title, command, **env):
        if "webkit2gtk-driver" in command:
            raise run.Problem("no installation candidate")
        debian.have |= set(command)

    debian.may = []
    monkeypatch.setattr(run, "step", step)
    assert run.main(["test"]) == 0
    assert set(json.loads(tests[0][1]["BELGRADE_WITHOUT"])) == {"webkit"}
    assert "no installation candidate" in capsys.readouterr().out


def test_a_package_is_asked_for_by_the_name_that_this_release_has(monkeypatch):
    def apt(command, **_):
        return subprocess.CompletedProcess(command, 0 if command[-1] == "new" else 100)

    monkeypatch.setattr(machine.subprocess, "run", apt)
    found = [machine.known(name) for name in ("old|new", "old|older", "one")]
    assert found == ["new", "old", "one"]


def test_a_bare_system_says_what_it_needs(run, tests, monkeypatch, capsys):
    monkeypatch.setattr(machine, "rights", lambda: None)
    assert run.main(["test", "--bare"]) == 1
    assert "mmdebstrap" in capsys.readouterr().err
    assert run.main(["test", "--bare", "woody"]) == 1
    assert "bookworm or testing, not woody" in capsys.readouterr().err


def test_the_matrix_makes_an_environment_and_runs_the_notebooks_there(
    run, tests, monkeypatch, capsys
):
    import matrix

    ran = []
    monkeypatch.setattr(matrix.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(matrix.subprocess, "call", lambda command, **_: ran.append(command) or 0)
    assert run.main(["test", "--matrix", "oldest", "-k", "01"]) == 0
    assert "lowest-direct" in ran[1] and "3.11" in ran[0] and ran[2][-2:] == ["-k", "01"]
    assert "oldest ok" in capsys.readouterr().out
    assert run.main(["test", "--matrix", "newest@3.13"]) == 0
    assert "3.13" in ran[3] and "highest" in ran[4]
    ran.clear()
    monkeypatch.setattr(matrix.subprocess, "call", lambda command, **_: ran.append(command) or 1)
    assert run.main(["test", "--matrix"]) == 1
    assert len(ran) == 2, "each stops at its first failure"
    assert run.main(["test", "--matrix", "older"]) == 1
    assert "oldest or newest, not older" in capsys.readouterr().err


# --- the files ---------------------------------------------------------------------------


def pins():
    text = (PROJECT / "constraints.txt").read_text(encoding="utf-8")
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]


def test_everything_that_the_project_asks_for_is_pinned():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    asked = [Requirement(text) for part in (project["dependencies"], *extras) for text in part]
    for need in asked:
        if need.name == project["name"]:
            continue
        versions = [next(iter(pin.specifier)).version for pin in pins() if pin.name == need.name]
        assert versions, f"{need.name} is not in constraints.txt"
        assert all(version in need.specifier for version in versions), need


@pytest.mark.parametrize("python", ["3.11.2", "3.11.9", "3.12.0", "3.13.0", "3.14.0", "3.15.0"])
@pytest.mark.parametrize("system", [("linux", "x86_64"), ("darwin", "arm64"), ("win32", "AMD64")])
def test_one_pin_for_each_python_and_system(python, system):
    place = {
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": system[0],
        "platform_machine": system[1],
        "os_name": "nt" if system[0] == "win32" else "posix",
        "implementation_name": "cpython",
    }
    names = [pin.name for pin in pins() if not pin.marker or pin.marker.evaluate(place)]
    assert len(names) == len(set(names))
    assert {"numpy", "pandas", "matplotlib", "jupyterlab"} <= set(names)


def test_requirements_name_no_machine_and_no_address():
    for path in PROJECT.glob("*.txt"):
        assert not re.search(r"://|file:|index-url|find-links", path.read_text(encoding="utf-8"))


def test_jupyterlab_saves_widget_state_and_asks_nobody_for_news():
    path = PROJECT / "jupyter" / "default_setting_overrides.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    assert settings["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"] is True
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    installed = Path(sys.prefix, "etc/jupyter/labconfig/default_setting_overrides.d/belgrade.json")
    if not installed.exists():
        pytest.skip("the package is not installed in this environment")
    assert json.loads(installed.read_text(encoding="utf-8")) == settings
    # As JupyterLab looks for them.
    found = ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")
    assert found.items() >= settings.items()


@pytest.mark.xdist_group("together")
def test_groups_of_tests_stay_on_one_worker(request):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the tests are not spread over workers")
    assert request.node.nodeid.endswith("@together")
