"""Pictures for scoring: the same for the same prompt and seed, whatever is drawn beside them."""

import pytest
import torch

pytest.importorskip("diffusers", reason="diffusers is a training dependency")
pytest.importorskip("transformers")

from prompt_beautifier.training.pictures import pipeline as pictures  # noqa: E402
from prompt_beautifier.training.pictures import tiny as tiny_pictures  # noqa: E402

LONG = "a castle on a hill, " * 8  # over 75 of the tiny tokenizer's tokens


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_pictures.save_pipeline(tmp_path_factory.mktemp("pipeline")))


@pytest.fixture(scope="module")
def tiny(folder):
    return pictures.Pictures(folder, steps=2, size=tiny_pictures.SIZE, negative_prompt="text", batch_size=3)


@pytest.mark.slow
def test_pictures_are_those_that_diffusers_draws(tiny, folder):
    """A short prompt needs no encoding of ours: the pipeline, asked with plain text, must draw the same."""
    import diffusers

    plain = diffusers.StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    plain.scheduler = diffusers.EulerAncestralDiscreteScheduler.from_config(plain.scheduler.config)
    plain.set_progress_bar_config(disable=True)
    drawn = tiny.draw(["a cat", "an owl"], [3, 4])
    assert drawn.shape == (4, 16, 16, 3) and drawn.dtype == torch.float32
    for place, (prompt, seed) in enumerate([("a cat", 3), ("a cat", 4), ("an owl", 3), ("an owl", 4)]):
        expected = plain(
            prompt,
            negative_prompt="text",
            num_inference_steps=2,
            guidance_scale=7.5,
            height=16,
            width=16,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        ).images[0]
        assert torch.allclose(drawn[place], torch.from_numpy(expected), atol=1e-5)
    assert drawn.std() > 0.01 and not torch.allclose(drawn[0], drawn[1], atol=1e-3)


def test_what_is_drawn_beside_it_does_not_change_a_picture(tiny):
    alone = torch.cat([tiny.draw([prompt], [seed]) for prompt in ("a cat", LONG) for seed in (1, 2)])
    together = tiny.draw(["a cat", LONG], [1, 2])
    assert torch.allclose(alone, together, atol=1e-5)


def test_the_end_of_a_long_prompt_matters_only_where_it_is_read(folder, tiny):
    other = LONG + "at night"
    assert not torch.allclose(tiny.draw([LONG], [0]), tiny.draw([other], [0]), atol=1e-4)
    short = pictures.Pictures(folder, steps=2, size=16, negative_prompt="text", long_prompts=False)
    assert torch.equal(short.draw([LONG], [0]), short.draw([other], [0]))


def test_a_long_prompt_is_cut_between_words_and_every_piece_is_encoded_by_itself(tiny):
    tokenizer, encoder = tiny.pipeline.tokenizer, tiny.pipeline.text_encoder
    found = pictures.token_pieces(tokenizer, LONG)
    assert len(found) == 2 and all(len(piece) <= 75 for piece in found)
    assert {weight for piece in found for _, weight in piece} == {1.0}
    ids = [[token for token, _ in piece] for piece in found]
    texts = [tokenizer.decode(piece) for piece in ids]
    assert " ".join(" ".join(texts).split()).replace(" ,", ",") == LONG.strip()
    assert all(tokenizer.convert_ids_to_tokens(piece)[-1].endswith("</w>") for piece in ids)
    embedded = tiny.embed(found, 3)
    encoded = [
        encoder(tokenizer(text, padding="max_length", return_tensors="pt").input_ids)[0] for text in [*texts, ""]
    ]
    assert torch.allclose(embedded, torch.cat(encoded, dim=1), atol=1e-5)
    assert pictures.token_pieces(tokenizer, "") == [[]]
    assert [len(piece) for piece in pictures.token_pieces(tokenizer, "a" * 100)] == [75, 25]


def test_weights_are_those_of_automatic1111(tiny):
    tokenizer = tiny.pipeline.tokenizer
    (piece,) = pictures.token_pieces(tokenizer, r"ab, ((cd)) [ef] (gh:1.5) \(i\)", weights=True)
    found = {}
    for token, weight in piece:
        found.setdefault(round(weight, 4), []).append(token)
    read = {weight: tokenizer.decode(tokens).replace(" ", "") for weight, tokens in found.items()}
    assert read == {1.0: "ab,(i)", 1.21: "cd", 0.9091: "ef", 1.5: "gh"}
    (plain,) = pictures.token_pieces(tokenizer, "((cd))")
    assert tokenizer.decode([token for token, _ in plain]).replace(" ", "") == "((cd))"


def test_a_weight_multiplies_what_clip_makes_of_a_token_and_the_mean_stays(tiny):
    tokenizer = tiny.pipeline.tokenizer
    plain = tiny.embed(pictures.token_pieces(tokenizer, "ab cd", weights=True), 1)
    heavy = tiny.embed(pictures.token_pieces(tokenizer, "ab (cd:1.5)", weights=True), 1)
    assert torch.allclose(heavy.mean(), plain.mean(), atol=1e-6)
    ratio = (heavy / plain).mean(-1)[0]
    assert torch.allclose(ratio[3:5] / ratio[0], torch.tensor(1.5), atol=1e-4)  # c and d, behind the begin token, a, b
    others = torch.cat([ratio[:3], ratio[5:]])
    assert torch.allclose(others, ratio[0].expand_as(others), atol=1e-4)


@pytest.mark.slow
def test_brackets_of_the_negative_prompt_are_weights_where_they_are_asked_for(folder):
    def drawn(negative, weights):
        settings = {"steps": 2, "size": tiny_pictures.SIZE, "negative_prompt": negative, "weights": weights}
        return pictures.Pictures(folder, **settings).draw(["a cat"], [0])

    read, plain = drawn("((ugly)), [x]", True), drawn("((ugly)), [x]", False)
    assert not torch.allclose(read, plain, atol=1e-4)
    assert torch.allclose(drawn("ugly", True), drawn("ugly", False), atol=1e-6)


def test_settings_that_cannot_work_are_refused(folder, tiny, tmp_path):
    with pytest.raises(ValueError, match="sampler"):
        pictures.Pictures(folder, sampler="ddim")
    with pytest.raises(ValueError, match="multiple of 8"):
        pictures.Pictures(folder, size=20)
    with pytest.raises(ValueError, match="0 prompts"):
        tiny.draw([], [0])
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(ValueError, match="FluxPipeline"):
        pictures.Pictures(str(tmp_path))
