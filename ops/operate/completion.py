"""Completion for bash and zsh: commands, options, the apps that run and the paths of their trees."""

from collections.abc import Iterable

from feedtree.ops.inspect.client import Client, InspectFailed, RunningApp, running_apps
from feedtree.ops.inspect.paths import nodes
from feedtree.ops.operate.looks import look

_BASH = """\
_feedtree() {
    local word="${COMP_WORDS[COMP_CWORD]}"
    mapfile -t COMPREPLY < <(feedtree complete "$COMP_CWORD" -- "${COMP_WORDS[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _feedtree feedtree
"""
_ZSH = """\
#compdef feedtree
_feedtree() {
    local -a found
    found=("${(@f)$(feedtree complete $((CURRENT - 1)) -- "${words[@]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then
        compadd -a found
    else
        _files
    fi
}
compdef _feedtree feedtree
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH}
"""What the shells are to run: ``eval "$(feedtree completion bash)"``."""

PATH_COMMANDS = frozenset(
    {
        "tree",
        "top",
        "show",
        "events",
        "crashes",
        "stack",
        "trace",
        "gaps",
        "restart",
        "stop",
        "start",
        "reset-backoff",
    }
)


def completions(
    words: list[str], position: int, commands: Iterable[str], options: Iterable[str]
) -> list[str]:
    """Return what may stand at a word of a command line.

    Args:
        words: of the line so far, the program's name first.
        position: of the word that is being written.
        commands: that there are.
        options: of the command that the line is about.
    """
    if not 1 <= position <= len(words):
        return []
    word = words[position] if position < len(words) else ""
    before = words[position - 1]
    if position == 1:
        return _beginning(word, commands)
    if before == "--app":
        return _beginning(word, {name for app in _apps() for name in (app.name, str(app))})
    if word.startswith("-"):
        return _beginning(word, options)
    return _beginning(word, _paths(words)) if words[1] in PATH_COMMANDS else []


def _beginning(word: str, found: Iterable[str]) -> list[str]:
    return sorted(each for each in found if each.startswith(word))


def _apps() -> list[RunningApp]:
    try:
        return running_apps()
    except OSError:
        return []


def _paths(words: list[str]) -> list[str]:
    wanted = words[words.index("--app") + 1] if "--app" in words[:-1] else None
    try:
        (app,) = running_apps(wanted)
        with Client(app) as client:
            return [node.path for node in nodes(look(client).tree) if node.path]
    except (InspectFailed, OSError, ValueError):
        return []  # nobody completes a path of no app, or of several
