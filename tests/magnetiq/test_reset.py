"""`make demo-reset`"""

import json
import os

import pytest

from magnetiq import reset


@pytest.fixture
def data_dir(tmp_path, settings):
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    for name in ("postgres", "media", "postgres-tests", "diary"):
        (tmp_path / name).mkdir()
    for name in ("demo.log", "demo-rejects.csv", "notes.txt"):
        (tmp_path / name).write_text("")
    return tmp_path


def left(data_dir):
    return sorted(path.name for path in data_dir.iterdir())


def test_reset_forgets_only_what_is_ours(data_dir, capsys):
    assert reset.main() == 0
    assert "forgotten" in capsys.readouterr().out
    assert left(data_dir) == ["diary", "notes.txt", "postgres-tests"]


def test_reset_touches_nothing_in_use(data_dir, capsys):
    (data_dir / "postgres" / ".handle_pids.json").write_text(json.dumps([os.getpid()]))

    assert reset.main() == 1
    assert str(os.getpid()) in capsys.readouterr().err
    assert {"demo.log", "diary", "media", "postgres", "postgres-tests"} <= set(left(data_dir))


def test_reset_never_touches_production(data_dir, settings):
    settings.DEBUG = False

    assert reset.main() == 1
    assert {"demo.log", "diary", "media", "postgres", "postgres-tests"} <= set(left(data_dir))
