"""The table of commands: how words find a command, what each takes, and what is said about mistakes."""

from __future__ import annotations

import io
import shlex

import pytest
from rich.console import Console

from harness.__main__ import COMMANDS, main
from harness.commands.command import Command, flattened, run
from harness.commands.options import cell_request
from harness.commands.serve import SERVE
from matrix.errors import UsageError
from matrix.select import Selection

EVERY_COMMAND = pytest.mark.parametrize("command", list(flattened(COMMANDS)), ids=lambda command: command.name)


def refusal(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        run(COMMANDS, words, Console(file=io.StringIO()))
    assert caught.value.exit_status == 2
    return str(caught.value)


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_the_overview_lists_every_command_under_its_heading(words: tuple[str, ...]) -> None:
    console = Console(file=io.StringIO())
    assert run(COMMANDS, words, console) == 0
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for heading, group in COMMANDS.items():
        section = text.split(f"\n{heading}:\n")[1].split("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines()] == [command.name for command in group]
        assert all(command.summary in section for command in group)


@EVERY_COMMAND
def test_every_command_describes_itself_and_ends_with_an_example(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command.name.split(), "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m harness {command.name} [OPTION ...]")
    assert command.summary[1:] in " ".join(text.split())
    example = text.split("\nexample:\n")[1].splitlines()
    assert example
    assert all(line.startswith("  python -m harness ") for line in example)
    for action in command.parser().documented():
        assert action.help, action.dest
        assert all(option in text for option in action.option_strings)


@EVERY_COMMAND
def test_every_example_is_a_command_line_that_is_understood(command: Command) -> None:
    for line in command.example.splitlines():
        words = shlex.split(line.split(" > ")[0])
        taken = next(
            one for one in reversed(list(flattened(COMMANDS))) if words[: len(one.name.split())] == one.name.split()
        )
        assert taken.name.split()[0] == command.name.split()[0]
        if "--reason" not in words:  # whose value has blanks
            taken.parse(words[len(taken.name.split()) :])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "no COMMAND is given"),
        (("tset",), "there is no command 'tset'\n  -> did you mean test?"),
        (("nonsense",), "there is no command 'nonsense'\n  -> python -m harness --help"),
        (("--target", "wasi"), "there is no command '--target'"),
        (("build", "--shard", "2/5"), "`build` has no option '--shard'\n  -> it is an option of `test`"),
        (("build", "--format", "json"), "`build` has no option '--format'\n  -> it is an option of `plan` and `limit"),
        (("build", "--port=9"), "`build` has no option '--port'"),
        (("build", "-x"), "`build` has no option '-x'\n  -> it is an option of `test`"),
        (("build", "--out", "here"), "`build` has no option '--out'"),
        (("build", "test_json"), "`build` does not take 'test_json'"),
        (("cells", "test_json"), "`cells` does not take 'test_json'"),
        (("cells", "--lf"), "`cells` has no option '--lf'"),
        (("cells", "--taget", "wasi"), "`cells` has no option '--taget'\n  -> did you mean --target"),
        (("report", "-x"), "`report` has no option '-x'"),
        (("report", "--target", "wasi"), "`report` has no option '--target'"),
        (("test", "--open"), "`test` has no option '--open'\n  -> it is an option of `report`"),
        (("test", "--json"), "`test` has no option '--json'"),
        (("serve", "-x"), "`serve` has no option '-x'"),
        (("serve", "test_json"), "`serve` does not take 'test_json'"),
        (("serve", "--dry-run"), "`serve` has no option '--dry-run'"),
        (("serve", "--port", "-1"), "argument --port: '-1' is not a port number"),
        (("serve", "--port", "65536"), "argument --port: '65536' is not a port number"),
        (("serve", "--port", "http"), "argument --port: 'http' is not a port number"),
        (("serve", "--port"), "argument --port: expected one argument"),
        (("nightly", "--time-budget", "soon"), "argument --time-budget: 'soon' is not a duration such as 90m"),
        (("nightly", "json"), "'json' is neither an option nor the name of a test"),
        (("nightly", "--target", "wasi"), "`nightly` has no option '--target'"),
        (("plan", "--format", "jenkins"), "argument --format: invalid choice: 'jenkins'"),
        (("probe", "--isolate"), "`probe` has no option '--isolate'\n  -> it is an option of `test`"),
        (("diff", "--exit"), "`diff` has no option '--exit'\n  -> did you mean --exit-code"),
        (("work",), "`work`: the following arguments are required: RUN, KIND, CELL"),
        (("work", "run", "bake", "cell"), "invalid choice: 'bake'"),
        (("triage",), "`triage` needs a subcommand: show, explain, rerun, repro, bisect, check, minimise, queue"),
        (("triage", "shwo"), "`triage` has no subcommand 'shwo'\n  -> did you mean show"),
        (("triage", "show"), "`triage show`: the following arguments are required: TEST"),
        (("triage", "show", "test_a", "--times", "2"), "it is an option of `triage rerun`"),
    ],
)
def test_mistakes_are_explained(words: tuple[str, ...], problem: str) -> None:
    assert problem in refusal(*words)


def test_serve_is_for_the_browser_unless_a_target_or_a_cell_is_named() -> None:
    def selected(*words: str) -> Selection:
        return cell_request(SERVE.parse(words), default_target="browser").selection

    assert selected() == Selection(target=("browser",))
    assert selected("--sdk", "3.1.69") == Selection(target=("browser",), sdk=("3.1.69",))
    assert selected("--target", "browser-dl") == Selection(target=("browser-dl",))
    assert selected("--cell", "a_b") == Selection(cell=("a_b",))


@pytest.mark.parametrize("port", [0, 1, 8080, 65535])
def test_serve_takes_any_port_and_0_for_a_free_one(port: int) -> None:
    assert SERVE.parse(["--port", str(port)]).port == port
    assert SERVE.parse([f"--port={port}"]).port == port
    assert SERVE.parse([]).port == 8000


def test_a_mistake_is_one_message_and_exit_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--shard", "2/5", "--format", "json", "--port", "9"]) == 2
    assert capsys.readouterr().err == ("error: `build` has no option '--shard'\n  -> it is an option of `test`\n")
