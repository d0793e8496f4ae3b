"""Lets a training script talk to Wattune; one file, no dependencies, Python 3.8 or newer.

Three lines make a script tunable, pausable and metered::

    import wattune_trial
    trial = wattune_trial.connect()
    ...
        if trial.report(epoch, val_accuracy=accuracy) != "continue":
            torch.save(state, path); trial.checkpoint(epoch, path); sys.exit(0)

Started by hand, without Wattune, the same script runs to its end and prints what it would have
reported. The protocol is described in docs/protocol.md.
"""

import contextlib
import json
import os
import socket
import sys

__all__ = ["Trial", "connect", "memory_share", "CONTINUE", "PAUSE", "STOP"]

CONTINUE = "continue"
PAUSE = "pause"
STOP = "stop"

_PROTOCOL = "1"


def connect(environ=None):
    """Returns the trial that this process runs for; without Wattune one that only prints."""
    environ = os.environ if environ is None else environ
    channel = environ.get("WATTUNE_CHANNEL")
    if not channel:
        return Trial({}, None)
    if environ.get("WATTUNE_PROTOCOL", _PROTOCOL) != _PROTOCOL:
        raise RuntimeError(
            "wattune_trial speaks protocol %s, the engine speaks %s"
            % (_PROTOCOL, environ["WATTUNE_PROTOCOL"])
        )
    config = {}
    if environ.get("WATTUNE_CONFIG"):
        with open(environ["WATTUNE_CONFIG"], encoding="utf-8") as file:
            config = json.load(file)
    stream = socket.socket(fileno=int(channel))
    stream.setblocking(True)
    stream.set_inheritable(False)  # programs that the script starts have no business with it
    return Trial(config, stream)


def memory_share():
    """Returns the largest part of the memory that this process has had in use, from 0 to 1.

    Of the first GPU where torch uses one, else of the host, or of the control group's limit. None
    where nothing tells. As the metric `memory_share` it shows SM2 how far a batch size can grow.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        capacity = torch.cuda.get_device_properties(0).total_memory
        return torch.cuda.max_memory_reserved(0) / capacity
    try:
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        capacity = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ImportError, OSError, ValueError):
        return None
    return used / min(capacity, _group_limit() or capacity)


def _group_limit():
    """Bytes that the control group of this process may use; None where there is no limit."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            places = [line.rstrip("\n").split(":", 2)[2] for line in file if line.startswith("0::")]
        with open("/sys/fs/cgroup" + places[0] + "/memory.max", encoding="utf-8") as file:
            return int(file.read())
    except (OSError, ValueError, IndexError):
        return None


class Trial:
    """One run of a training program.

    parameters   dict of the values to train with; inactive ones are absent
    seed         seed of the trial, or None without Wattune
    resource     dict with "unit", "from", "to", "max" and perhaps "report_every"; empty without
                 Wattune
    resume_from  path that was named in the last `checkpoint`, or None for a fresh start
    checkpoint_dir  folder for checkpoints, or None without Wattune
    is_probe     True where only the cost of a step is asked for: skip validation and checkpoints
    until        step at which the next report is due, or None
    """

    def __init__(self, config, stream):
        self._stream = stream
        self._answers = stream.makefile("r", encoding="utf-8") if stream else None
        checkpoint = config.get("checkpoint", {})
        self.number = config.get("trial")
        self.seed = config.get("seed")
        self.parameters = config.get("parameters", {})
        self.resource = config.get("resource", {})
        self.resume_from = checkpoint.get("resume_from")
        self.checkpoint_dir = checkpoint.get("dir")
        self.is_probe = config.get("purpose") == "probe"
        # Joules and seconds are counted by Wattune: no step is known to lead there yet.
        is_metered = self.resource.get("unit") in ("seconds", "joules")
        self.until = None if is_metered else self.resource.get("to")

    @property
    def is_connected(self):
        """Whether Wattune listens."""
        return self._stream is not None

    def get(self, name, default=None):
        """Value of a parameter; `default` where it is inactive or Wattune is absent."""
        return self.parameters.get(name, default)

    def report(self, step, metrics=None, samples=None, **more_metrics):
        """Tells the metrics at a step and returns "continue", "pause" or "stop".

        Steps count from the beginning of the trial, in the study's unit, and must grow. On "pause"
        save a checkpoint, say so and exit with status 0; on "stop" just exit with status 0.
        `samples` says how many training samples were used since the last report. A metric may be a
        number or anything that float() takes, such as a tensor of one element.
        """
        values = {name: float(value) for name, value in {**(metrics or {}), **more_metrics}.items()}
        message = {"type": "report", "step": _number(step), "metrics": values}
        if samples is not None:
            message["samples"] = _number(samples)
        if not self._say(message):
            print(_words(step, values), flush=True)
            return CONTINUE
        return self._hear()

    @contextlib.contextmanager
    def phase(self, name, samples=None):
        """Meters a part of the work by itself: `with trial.phase("train") as window: ...`.

        Set `samples`, here or as `window.samples` inside the block, for samples per joule. Phases
        do not overlap.
        """
        window = _Window(samples)
        self._say({"type": "phase", "name": name, "event": "begin"})
        try:
            yield window
        finally:
            message = {"type": "phase", "name": name, "event": "end"}
            if window.samples is not None:
                message["samples"] = _number(window.samples)
            self._say(message)

    def checkpoint(self, step, path):
        """Says that the state at `step` is safe in the file `path`, which is complete."""
        self._say({"type": "checkpoint", "step": _number(step), "path": os.path.abspath(path)})

    def info(self, **facts):
        """Tells facts that do not change, such as the number of parameters of the model."""
        self._say({"type": "info", "values": facts})

    def _say(self, message):
        """Sends a message; False where nobody listens."""
        if self._stream is None:
            return False
        try:
            self._stream.sendall((json.dumps(message) + "\n").encode("utf-8"))
        except (BrokenPipeError, ConnectionResetError):
            self._leave()
        return True

    def _hear(self):
        """Reads the answer to a report."""
        line = self._answers.readline()
        if not line:
            self._leave()
        answer = json.loads(line)
        self.until = answer.get("until", self.until)
        return answer.get("decision", CONTINUE)

    def _leave(self):
        """The engine has gone, and so should the trial."""
        print("wattune_trial: the engine has gone", file=sys.stderr, flush=True)
        sys.exit(1)


class _Window:
    """What a phase knows about itself."""

    def __init__(self, samples):
        self.samples = samples


def _number(value):
    """A number that JSON can write, from whatever a library calls a number."""
    number = float(value)
    return int(number) if number.is_integer() else number


def _words(step, values):
    """A report for people: step 3: val_accuracy 0.87."""
    return "step %s: %s" % (
        _number(step),
        ", ".join("%s %.6g" % (name, value) for name, value in values.items()),
    )
