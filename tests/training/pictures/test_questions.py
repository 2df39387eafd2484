"""DPG-Bench's score on a vision model, for which one stands in that says Yes to some questions."""

import math

import pytest
import torch

pytest.importorskip("aiohttp")

from prompt_beautifier.training.evaluation.asked import read_asked
from prompt_beautifier.training.evaluation.readers import scorer_figure
from prompt_beautifier.training.pictures.questions import Question, read_questions, share_of_yes
from prompt_beautifier.training.pictures.scorers import kind_of, open_scorer

from ...stand_ins.llm_stand_in import send, serving

HEADER = "item_id,text,keywords,proposition_id,dependency,category_broad,tuple,question_natural_language\n"
ROWS = (
    'p1,"A black cat,  asleep.",k,1,0,entity,whole,Is there a cat?\n'
    'p1,"A black cat,  asleep.",k,2,1,attribute,color,Is the cat black?\n'
    'p1,"A black cat,  asleep.",k,3,"1,2",relation,state,Is the black cat asleep?\n'
    "p2,An owl.,k,1,0,entity,whole,Is there an owl?\n"
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "dpg_bench.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def says_yes_to(*questions):
    def reply(handler, body):
        _, asked = body["messages"][0]["content"]
        question, _, rest = asked["text"].partition("?")
        assert rest == " Please answer yes or no."
        chance = 0.8 if f"{question}?" in questions else 0.3
        tokens = [{"token": "Yes", "logprob": math.log(chance)}, {"token": "No", "logprob": math.log(1 - chance)}]
        send(handler, 200, {"choices": [{"logprobs": {"content": [{"top_logprobs": tokens}]}}]})

    return reply


@pytest.mark.parametrize(
    ("yes", "scores"),
    [
        (("Is there a cat?", "Is the cat black?", "Is the black cat asleep?"), [1, 0]),
        (("Is there a cat?", "Is the black cat asleep?", "Is there an owl?"), [1 / 3, 1]),  # not black: not asleep
        (("Is the cat black?",), [0, 0]),  # there is no cat
    ],
)
def test_a_score_is_the_share_of_questions_and_those_that_depend_on_a_no_are_none(file, yes, scores):
    with serving() as server:
        server.replies = [says_yes_to(*yes)]
        scorer = open_scorer(f"dpg={file},{server.url}", None, "cpu")
        raws = [asked.raw_prompt for asked in read_asked(file)]
        assert scorer.score(torch.zeros(2, 8, 8, 3), raws).tolist() == pytest.approx(scores)
        assert scorer.score(torch.zeros(1, 8, 8, 3), "A black cat, asleep.").tolist() == pytest.approx(scores[:1])
        with pytest.raises(ValueError, match="has no questions on 'a dog': give its own prompts"):
            scorer.score(torch.zeros(1, 8, 8, 3), "a dog")
    assert (kind_of("dpg=x,y").column, scorer_figure("dpg=x,y").title) == ("dpg_score", "DPG-Bench")


def test_only_what_a_question_names_itself_counts():
    chain = [Question(1, "a", ()), Question(2, "b", (1,)), Question(3, "c", (2,))]
    assert share_of_yes(chain, {1: False, 2: True, 3: True}) == pytest.approx(1 / 3)


def test_what_is_wrong_is_said_in_one_line(file, tmp_path):
    with pytest.raises(ValueError, match="dpg needs questions and a vision model"):
        kind_of("dpg")
    with pytest.raises(ValueError, match="a comma, and the address of a vision model"):
        open_scorer(f"dpg={file}", None, "cpu")
    with pytest.raises(FileNotFoundError, match="dpg_bench.csv is expected"):
        read_questions(tmp_path / "absent.csv")
    file.write_text("text,proposition_id\na,1\n")
    with pytest.raises(ValueError, match="has no column dependency"):
        read_questions(file)
    file.write_text(HEADER + ROWS.replace(",2,1,", ",2,x,"))
    with pytest.raises(ValueError, match="line 3: proposition_id and dependency are numbers"):
        read_questions(file)
