"""The figures of the guards, on a few prompts: before there are faults, after the path there are none."""

import json

from prompt_beautifier.training import guards


def test_the_guards_mend_what_a_careless_writer_does(tmp_path, capsys):
    subjects = [
        "a red fox in the snow",
        "an old castle on a hill",
        "a bowl of fruit on a table",
        "a lighthouse at night",
    ]
    rows = [
        {"raw_prompt": each, "prompt": f"{each}, soft light, a beautiful woman, by greg rutkowski"} for each in subjects
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    guards.main(["--prompts", str(path)])
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("4 prompts, seed 0, careless")
    counts = {
        line[:14].strip(): [int(word) for word in line[14:].replace(",", "").split() if word.isdigit()]
        for line in told[1:]
    }
    assert counts.keys() == set(guards.FAULTS)
    assert counts["names"][0] > 0 and counts["people"][0] > 0
    assert all(after == 0 for _, after in counts.values())


def test_faults_are_told_by_kind():
    found = guards.faults_of("a sky with no clouds", "a sky sky with a cloud, nude, by wlop")
    assert found == {"doubled words", "ruled out", "unsafe", "names"}
