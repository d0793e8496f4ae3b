#!/usr/bin/env python3
"""Runs one scenario of the command line and compares what it prints with what it must print.

    run_scenario.py SCENARIO --program PATH/TO/wattune [--source PROJECT] [--keep]

A scenario is a text file. It runs in a fresh folder, where `wattune` is on PATH and $SOURCE is the project:

    # Comment.                     Blank lines and comments separate; the first comment says what is shown.
    limit 30                       Seconds the whole scenario may take; 20 where left out.
    label slow                     A label for CTest besides `scenario`.
    needs COMMAND | why            Skips the scenario (status 77) unless COMMAND succeeds.
    file NAME [+x]                 Writes a file; its lines follow, indented by four blanks.
    $ COMMAND                      Runs a command in bash. Its expectations follow:
    > line                           this line on standard output
    ~ pattern                        a line on standard output that the regular expression matches as a whole
    ...                              any lines on standard output
    ! line, !~ pattern, !...         the same for standard error
    ? 2                              exit status; 0 where left out, `?` alone: any; 128 + the signal's number
    & NAME COMMAND                 Starts a command in the background.
    until NAME pattern             Waits until NAME has printed a line in which the pattern is found.
    signal NAME INT                Sends it a signal.
    end NAME                       Waits until it ends. Its expectations follow, as with $.
    nothing-runs                   No process of a trial is alive.

Output that is not expected is a difference, also where nothing is said about it. Exit status: 0 as expected,
1 different, 2 the scenario itself is wrong, 77 skipped.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

EXPECTATION = re.compile(r"(> ?|~ |!~ |!\.\.\.$|\.\.\.$|! ?|\?)(.*)")


class Different(Exception):
    pass


def wrong(line_number, text):
    print(f"line {line_number}: {text}")
    sys.exit(2)


def parse(text):
    """[(line number, word, rest, block)]: the block is a file's lines or a command's expectations."""
    steps = []
    for number, line in enumerate(text.split("\n"), 1):
        is_expecting = steps and steps[-1][1] in ("$", "end")
        if steps and steps[-1][1] == "file" and (line.startswith("    ") or not line.strip()):
            steps[-1][3].append(line[4:])
        elif not line.strip() or line.startswith("#"):
            continue
        elif match := EXPECTATION.fullmatch(line):
            if not is_expecting:
                wrong(number, "an expectation belongs below a command")
            if match[1].strip().endswith("~"):
                try:
                    re.compile(match[2])
                except re.error as error:
                    wrong(number, f"no regular expression: {error}")
            steps[-1][3].append((number, match[1].strip(), match[2]))
        else:
            word, _, rest = line.partition(" ")
            if word not in ("limit", "label", "needs", "file", "$", "&", "until", "signal", "end", "nothing-runs"):
                wrong(number, f"`{word}` is not a word of scenarios")
            steps.append((number, word, rest.strip(), []))
    return steps


def find_difference(expected, actual):
    """None, or (index of the expected line that has no match, index of the line it was compared with)."""
    reached = {0}  # numbers of actual lines that the expected ones so far can have used up
    for index, (_, kind, text) in enumerate(expected):
        if kind.endswith("..."):
            following = set(range(min(reached), len(actual) + 1))
        else:
            fits = (lambda line: re.fullmatch(text, line)) if kind.endswith("~") else (lambda line: line == text)
            following = {i + 1 for i in reached if i < len(actual) and fits(actual[i])}
        if not following:
            return index, min(reached)
        reached = following
    return None if len(actual) in reached else (len(expected), max(reached))


def difference_text(name, expected, actual, index, at):
    lines = [f"{name} differs:"]
    for i, (number, kind, text) in enumerate(expected):
        lines.append(f"  {'-->' if i == index else '   '} expected (line {number})  {kind} {text}")
    if index == len(expected):
        lines.append("  --> expected nothing more")
    for i, line in enumerate(actual):
        lines.append(f"  {'-->' if i == at else '   '} {line}")
    return "\n".join(lines + (["  --> (the end)"] if at >= len(actual) else []))


class Running:
    """A command with its output in files, in a process group of its own."""

    def __init__(self, command, folder, environment):
        self.outputs = [tempfile.NamedTemporaryFile(prefix="scenario-") for _ in range(2)]
        self.process = subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=self.outputs[0], stderr=self.outputs[1])

    def lines(self, which):
        text = pathlib.Path(self.outputs[which].name).read_text(encoding="utf-8", errors="replace")
        return text.removesuffix("\n").split("\n") if text else []

    def wait(self, deadline):
        try:
            status = self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.end()
            raise Different("over the time limit; its output until then:\n" + self.text()) from None
        return status if status >= 0 else 128 - status

    def text(self):
        return "\n".join("  " + line for which in range(2) for line in self.lines(which))

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Scenario:
    def __init__(self, folder, options):
        self.folder = folder
        self.deadline = time.monotonic() + 20
        self.background = {}
        folders = [os.path.dirname(os.path.abspath(options.program)), os.path.dirname(sys.executable)]
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("WATTUNE_")}
        # A meter of its own: scenarios that run at once would share one, and end in each other's hands.
        self.environment["WATTUNE_NODE_DIR"] = str(folder / ".node")
        self.environment.update(PATH=":".join([*folders, os.environ.get("PATH", "/usr/bin:/bin")]), HOME=str(folder),
                                SOURCE=os.path.abspath(options.source), LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")

    def step(self, word, rest, block):
        name, _, more = rest.partition(" ")
        if word == "limit":
            self.deadline = time.monotonic() + float(rest)
        elif word == "needs":
            command, _, why = rest.rpartition(" | ")
            if Running(command, self.folder, self.environment).wait(self.deadline) != 0:
                print(f"skipped: {why}")
                sys.exit(77)
        elif word == "file":
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(block).rstrip("\n") + "\n", encoding="utf-8")
            path.chmod(0o755 if more == "+x" else 0o644)
        elif word == "$":
            self.compare(Running(rest, self.folder, self.environment), block)
        elif word == "&":
            self.background[name] = Running("exec " + more, self.folder, self.environment)
        elif word == "until":
            self.until(self.background[name], more)
        elif word == "signal":
            self.background[name].process.send_signal(getattr(signal, "SIG" + more))
        elif word == "end":
            self.compare(self.background[rest], block)
        elif word == "nothing-runs":
            self.nothing_runs()

    def until(self, running, pattern):
        while not any(re.search(pattern, line) for which in range(2) for line in running.lines(which)):
            if running.process.poll() is not None or time.monotonic() > self.deadline:
                raise Different(f"never printed `{pattern}`, but:\n{running.text()}")
            time.sleep(0.01)

    def compare(self, running, block):
        status = running.wait(self.deadline)
        expected_status = next((text.strip() for _, kind, text in block if kind == "?"), "0")
        differences = []
        for which, name in enumerate(["standard output", "standard error"]):
            expected = [item for item in block if item[1] != "?" and item[1].startswith("!") == bool(which)]
            actual = running.lines(which)
            if found := find_difference(expected, actual):
                differences.append(difference_text(name, expected, actual, *found))
        if expected_status not in ("", str(status)):
            differences.append(f"exit status is {status}, not {expected_status}")
            differences += [] if len(differences) > 1 else [running.text()]
        if differences:
            raise Different("\n".join(differences))

    def nothing_runs(self):
        mark = f"WATTUNE_TRIAL_DIR={self.folder}/".encode()
        ends_at = min(self.deadline, time.monotonic() + 3)
        while alive := [p.parent.name for p in pathlib.Path("/proc").glob("[0-9]*/environ") if holds(p, mark)]:
            if time.monotonic() > ends_at:
                raise Different(f"processes of trials are alive: {', '.join(alive)}")
            time.sleep(0.02)


def holds(path, mark):
    try:
        return mark in path.read_bytes()
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario", type=pathlib.Path)
    parser.add_argument("--program", required=True, help="the program `wattune`")
    parser.add_argument("--source", default=pathlib.Path(__file__).parents[2], help="the project's folder")
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    options = parser.parse_args()
    steps = parse(options.scenario.read_text(encoding="utf-8"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"wattune-{options.scenario.stem}-")).resolve()
    scenario = Scenario(folder, options)
    try:
        for number, word, rest, block in steps:
            try:
                scenario.step(word, rest, block)
            except Different as difference:
                print(f"{options.scenario}:{number}: {word} {rest}\n{difference}")
                return 1
        return 0
    finally:
        for running in scenario.background.values():
            running.end()
        print(f"kept {folder}") if options.keep else shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
