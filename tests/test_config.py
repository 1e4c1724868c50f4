"""What is read from `pyproject.toml`, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn_lint.config import DEFAULT_EXCLUDES, ConfigError, Settings, VerifySettings, load_settings


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pyproject.toml"
    file.write_text(text)
    return file


def test_every_key_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [tool.nn-lint]
        select = ["NN1", "missing-self"]
        ignore = ["NN105"]
        extend-select = ["NN3"]
        exclude = ["old"]
        extend-exclude = ["gen_*.py"]
        src = ["lib"]
        module-bases = ["mylib.Block"]
        suspicions = true
        fail-on-warning = true
        [tool.nn-lint.verify]
        python = ".venv/bin/python"
        timeout = 2.5
        memory = 1024
        """,
    )
    assert load_settings(tmp_path) == Settings(
        root=tmp_path,
        select=("NN1", "missing-self"),
        ignore=("NN105",),
        extend_select=("NN3",),
        exclude=("old", "gen_*.py"),
        src=(tmp_path / "lib",),
        module_bases=("mylib.Block",),
        suspicions=True,
        fail_on_warning=True,
        verify=VerifySettings(tmp_path / ".venv/bin/python", 2.5, 1024),
    )


def test_extend_exclude_keeps_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, '[tool.nn-lint]\nextend-exclude = ["old"]')
    assert load_settings(tmp_path).exclude == (*DEFAULT_EXCLUDES, "old")


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert load_settings(tmp_path) == Settings(tmp_path)


def test_without_any_mark_the_project_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep")
    assert load_settings(tmp_path / "deep" / "er").root == tmp_path / "deep"
    assert load_settings(tmp_path).root == tmp_path


def test_the_nearest_file_with_a_table_is_read(tmp_path: Path) -> None:
    write(tmp_path, '[tool.nn-lint]\nselect = ["NN1"]')
    write(tmp_path / "package", "[project]\nname = 'x'")
    inner = tmp_path / "package" / "inner"
    inner.mkdir()
    settings = load_settings(inner)
    assert (settings.root, settings.select) == (tmp_path, ("NN1",))


def test_the_search_ends_at_the_root_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, '[tool.nn-lint]\nselect = ["NN1"]')
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    assert load_settings(repository) == Settings(repository)


def test_isolated_reads_nothing(tmp_path: Path) -> None:
    write(tmp_path, "[tool.nn-lint]\nnonsense = 1")
    assert load_settings(tmp_path, isolated=True) == Settings(tmp_path)


def test_a_named_file_is_read_from_anywhere(tmp_path: Path) -> None:
    file = write(tmp_path / "conf", '[tool.nn-lint]\nsrc = ["lib"]')
    assert load_settings(tmp_path, config=file).src == (tmp_path / "conf" / "lib",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.nn-lint]\nslect = []", "tool.nn-lint: unknown key `slect` (did you mean `select`?)"),
        ("[tool.nn-lint]\nqqq = []", "tool.nn-lint: unknown key `qqq`"),
        ("[tool.nn-lint]\nextend_select = []", "did you mean `extend-select`?"),
        ("[tool.nn-lint.verfy]\n", "unknown key `verfy` (did you mean `verify`?)"),
        ("[tool.nn-lint.verify]\ntimout = 1", "tool.nn-lint.verify: unknown key `timout` (did you mean `timeout`?)"),
        ('[tool.nn-lint]\nselect = "NN1"', "tool.nn-lint.select must be a list of strings"),
        ("[tool.nn-lint]\nignore = [1]", "tool.nn-lint.ignore must be a list of strings"),
        ("[tool.nn-lint]\nverify = 1", "tool.nn-lint.verify must be a table"),
        ("[tool]\nnn-lint = 1", "tool.nn-lint must be a table"),
        ("[tool.nn-lint.verify]\ntimeout = true", "tool.nn-lint.verify.timeout must be a positive number"),
        ("[tool.nn-lint.verify]\ntimeout = inf", "tool.nn-lint.verify.timeout must be a positive number"),
        ("[tool.nn-lint.verify]\nmemory = 0.5", "tool.nn-lint.verify.memory must be a positive whole number"),
        ("[tool.nn-lint.verify]\npython = 3", "tool.nn-lint.verify.python must be a path, as a string"),
        ("[tool.nn-lint\n", "is not valid TOML"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_settings(tmp_path)


def test_a_named_file_must_have_the_table(tmp_path: Path) -> None:
    file = write(tmp_path, "[project]\nname = 'x'")
    with pytest.raises(ConfigError, match=r"has no table \[tool.nn-lint\]"):
        load_settings(tmp_path, config=file)
