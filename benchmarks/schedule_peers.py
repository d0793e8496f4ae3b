#!/usr/bin/env python3
"""Measures Optuna's strategies on the recorded trainings of `bench-schedule`.

  schedule_peers.py FOLDER PROGRAM DATA [--tasks A,B] [--seeds N] [--jobs N]

Makes FOLDER/venv with Optuna, plays six strategies on every task until 60 median full trainings are spent, and writes
FOLDER/peers.json in the form of lcbench/peers.json, whose targets it keeps. PROGRAM is bench-schedule: it evaluates
the surrogate, so both sides see the same trainings. Each study is kept in FOLDER/runs.jsonl as soon as it is done, so
that a run of hours can be interrupted and gone on with.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

CAP = 60.0
MAX_EPOCH = 52
STRATEGIES = ("random, full runs", "random + Hyperband", "random + SHA pruner", "TPE, full runs", "TPE + Hyperband",
              "TPE + median")


def make_study(strategy, seed):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = (optuna.samplers.TPESampler if strategy.startswith("TPE") else optuna.samplers.RandomSampler)(seed=seed)
    pruner = optuna.pruners.NopPruner()
    if "Hyperband" in strategy:
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=MAX_EPOCH, reduction_factor=3)
    elif "SHA" in strategy:
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    elif "median" in strategy:
        pruner = optuna.pruners.MedianPruner()
    return optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)


def suggest(trial, parameters):
    values = {}
    for parameter in parameters:
        name, log = parameter["name"], parameter["log"]
        ask = trial.suggest_int if parameter["type"] == "uniform_int" else trial.suggest_float
        values[name] = ask(name, parameter["lower"], parameter["upper"], log=log)
    return values


class Curves:
    """The surrogate, evaluated by the program."""

    def __init__(self, program, data):
        self.process = subprocess.Popen([program, "--data", data, "--curves"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def of(self, task, configuration):
        print(json.dumps({"task": task, "configuration": configuration}), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def play(curves, strategy, task, unit_s, parameters, seed):
    """One study: the number of its trials, and every improvement with what had been spent by then."""
    import optuna
    study = make_study(strategy, seed)
    spent, best, trace, count = 0.0, float("-inf"), [], 0
    while spent < CAP:
        trial = study.ask()
        curve = curves.of(task, suggest(trial, parameters))
        count += 1
        before = 0.0
        for epoch, (accuracy, time_s) in enumerate(zip(curve["accuracy"], curve["time_s"]), 1):
            spent += (time_s - before) / unit_s
            before = time_s
            if accuracy > best:
                best = accuracy
                trace.append([round(spent, 4), round(best, 4)])
            trial.report(accuracy, epoch)
            if spent >= CAP or (epoch < MAX_EPOCH and trial.should_prune()):
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, curve["accuracy"][-1])
    return {"n": count, "trace": trace}


def play_task(job):
    program, data, task, unit_s, parameters, strategy, seed = job
    curves = Curves(program, data)
    try:
        return task, strategy, seed, play(curves, strategy, task, unit_s, parameters, seed)
    finally:
        curves.close()


def install(folder):
    """Runs this script again with a Python that has Optuna."""
    python = folder / "venv/bin/python"
    if not python.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", folder / "venv"], check=True, stdout=sys.stderr)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "optuna==5.0.0"], check=True, stdout=sys.stderr)
    os.execv(python, [python, __file__, *sys.argv[1:]])


def kept_runs(file):
    runs = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # cut off while it was written
        runs[tuple(entry["key"])] = entry["run"]
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--tasks", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    try:
        import optuna  # noqa: F401
    except ImportError:
        install(options.folder)
    manifest = json.loads((options.data / "lcbench/lcbench.json").read_text())
    known = json.loads((options.data / "lcbench/peers.json").read_text())
    parameters = [entry for entry in manifest["space"] if entry["name"] != "epoch"]
    tasks = options.tasks.split(",") if options.tasks else list(known["targets"])
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "runs.jsonl"
    runs = kept_runs(file)
    jobs = [(options.program, str(options.data), task, known["targets"][task]["median_full_training_s"], parameters,
             strategy, seed)
            for task in tasks for strategy in STRATEGIES for seed in range(options.seeds)
            if (task, strategy, seed) not in runs]
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool, open(file, "a") as out:
        for task, strategy, seed, run in pool.map(play_task, jobs):
            runs[(task, strategy, seed)] = run
            print(json.dumps({"key": [task, strategy, seed], "run": run}), file=out, flush=True)
            print(f"schedule_peers.py: {strategy} on {task}, seed {seed}: {run['n']} trials", file=sys.stderr)
    peers = {task: {strategy: [runs[(task, strategy, seed)] for seed in range(options.seeds)]
                    for strategy in STRATEGIES} for task in tasks}
    document = {"what": "measured anew by schedule_peers.py", "targets": known["targets"], "peers": peers}
    (options.folder / "peers.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main()
