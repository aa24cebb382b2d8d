"""nbgrader's settings for these exercises; it reads them when it is started in this folder.

Autograding needs the package belgrade, of the version that made this export, in the Python that
runs the notebooks.
"""

import os
import sys
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "belgrade"

# nbgrader calls the command alembic, which lies beside its Python, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# A solution leaves nothing behind: what students start from stands before it.
c.ClearSolutions.code_stub = {"python": ""}
c.ClearSolutions.text_stub = ""

# A warning costs nothing. Without this, standard error under a check is 0 points.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"(?s).*"

# Seconds for one cell.
c.Execute.timeout = 60

try:
    from belgrade.checks.points import differing
except ImportError:
    print("nbgrader_config.py: the package belgrade is not installed here.", file=sys.stderr)
else:
    for _number in differing(Path(__file__).with_name("exported.json")):
        print(
            f"nbgrader_config.py: exercise {_number} was exported from another version of belgrade "
            "than the one installed here; run belgrade export nbgrader again.",
            file=sys.stderr,
        )
