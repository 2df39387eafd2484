"""A vision model on a server as a judge, for which one stands in that looks at how bright a picture is."""

import base64
import io
import math

import pytest
import torch

pytest.importorskip("aiohttp")

from PIL import Image

from prompt_beautifier.training.evaluation.readers import scorer_figure
from prompt_beautifier.training.pictures.scorers import kind_of, open_scorer
from prompt_beautifier.training.pictures.vision import yes_in

from ...stand_ins.llm_stand_in import send, serving, status


def tokens(**chances):
    return {
        "choices": [
            {
                "logprobs": {
                    "content": [{"top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in chances.items()]}]
                }
            }
        ]
    }


def sees(handler, body):
    """Yes, as likely as the picture is bright."""
    shown, asked = body["messages"][0]["content"]
    data = base64.b64decode(shown["image_url"]["url"].partition(",")[2])
    light = sum(Image.open(io.BytesIO(data)).convert("L").tobytes()) / 64 / 255
    assert "'a cat'" in asked["text"] or "'an owl'" in asked["text"]
    send(handler, 200, tokens(Yes=0.9 * light + 0.01, No=0.9 * (1 - light) + 0.01, Maybe=0.08))


def test_a_picture_scores_as_likely_as_the_model_says_yes():
    images = torch.stack([torch.full((8, 8, 3), light) for light in (0.0, 0.5, 1.0)])
    with serving() as server:
        server.replies = [sees]
        scorer = open_scorer(f"vqa={server.url}", None, "cpu")
        found = scorer.score(images, ["a cat", "a cat", "an owl"])
        assert torch.allclose(found, torch.tensor([0.01, 0.46, 0.91]) / 0.92, atol=0.01)
        assert torch.allclose(scorer.score(images[:1], "a cat", batch_size=8), found[:1])
        assert server.asked[0]["model"] == "only" and server.asked[0]["max_tokens"] == 1
    assert (kind_of("vqa=x").column, scorer_figure("vqa=x").title) == ("vqa_score", "VQAScore")


def test_yes_is_taken_among_yes_and_no_however_they_are_spelt():
    assert yes_in(tokens(**{"Yes": 0.3, " yes": 0.1, "No": 0.1, "Well": 0.5})) == pytest.approx(0.8)
    assert yes_in(tokens(Well=1.0)) == 0.0


def test_what_is_wrong_is_said_in_one_line():
    image = torch.zeros(1, 8, 8, 3)
    with pytest.raises(ValueError, match="vqa needs the address"):
        kind_of("vqa")
    with pytest.raises(ValueError, match="must be the address of a vision model"):
        open_scorer("vqa=folder", None, "cpu")
    with pytest.raises(RuntimeError, match="no server answers at http://127.0.0.1:9"):
        open_scorer("vqa=http://127.0.0.1:9/v1", None, "cpu").score(image, "a cat")
    with serving() as server:
        server.replies = [status(400)]
        with pytest.raises(RuntimeError, match="chat/completions says 400"):
            open_scorer(f"vqa={server.url}", None, "cpu").score(image, "a cat")
        server.replies = [lambda handler, _: send(handler, 200, {"choices": [{"message": {"content": "Yes"}}]})]
        with pytest.raises(RuntimeError, match="no probabilities of its answer's tokens"):
            open_scorer(f"vqa={server.url}", None, "cpu").score(image, "a cat")
