"""Reads a history.jsonl and prints every operation: a reader to begin with. Python's own library is all."""
import json
import sys


def operations(lines):
    """Pairs each invocation with its completion; what has none ends as info, for it may have happened."""
    open_ = {}
    for line in lines:
        if not line.endswith("\n"):
            break  # cut off while it was written: every line before it is good
        event = json.loads(line)
        process = event["process"]
        if not isinstance(process, int):
            continue  # "nemesis" tells of faults, "observer" of the nodes' roles
        if event["type"] == "invoke":
            open_[process] = event
        else:
            yield open_.pop(process), event
    for call in open_.values():
        yield call, {**call, "type": "info", "error": "the history ends before the answer"}


def main(path):
    with open(path, encoding="utf-8") as history:
        header = json.loads(next(history))
        assert header["schism"] == 1, "this reader knows format 1"
        for call, done in operations(history):
            value = done["value"] if done["type"] == "ok" else call["value"]
            print(call["time"], call["process"], call["f"], call.get("key", "-"), json.dumps(value), done["type"])


main(sys.argv[1])
