"""Choosing among scored images: taking lists and batches apart, thresholds, ties, groups, and the table."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prompt_beautifier.beautifier.images import picking
from prompt_beautifier.beautifier.images.picking import KEEP_BEST, KEEP_NOTHING, STOP, pick


def batch(*values, height=2, width=3):
    """A batch of images, each of one grey value."""
    return torch.stack([torch.full((height, width, 3), float(value)) for value in values])


# -- taking lists and batches apart


def test_images_of_lists_and_batches_are_counted_through():
    items = [batch(0, 1), batch(2, height=5), batch(3)[0]]
    by_item = picking.single_images(items)
    assert [len(each) for each in by_item] == [2, 1, 1]
    singles = picking.flat(by_item)
    assert [image.flatten()[0].item() for image in singles] == [0, 1, 2, 3]
    assert [tuple(image.shape) for image in singles] == [(2, 3, 3), (2, 3, 3), (5, 3, 3), (2, 3, 3)]


@pytest.mark.parametrize("items", [[], [batch(1)[:0]], [batch(1)[:0], batch(1)[:0]]])
def test_no_images_is_an_error(items):
    with pytest.raises(ValueError, match="there are no images"):
        picking.single_images(items)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("cat.png", "found str"),
        (None, "found NoneType"),
        ({"samples": batch(1)}, "found dict"),
        (torch.zeros(4, 4), r"found shape \[4, 4\]"),
        (torch.zeros(1, 2, 3, 4, 5), r"found shape \[1, 2, 3, 4, 5\]"),
    ],
)
def test_what_is_no_image_is_named(item, found):
    with pytest.raises(ValueError, match="this is no image.*" + found):
        picking.single_images([batch(0), item])


def test_masks_of_two_dimensions_are_single_ones():
    by_item = picking.single_masks([torch.zeros(4, 5), torch.ones(2, 4, 5)])
    assert [[tuple(mask.shape) for mask in item] for item in by_item] == [[(1, 4, 5)], [(1, 4, 5)] * 2]
    with pytest.raises(ValueError, match="this is no mask"):
        picking.single_masks([torch.zeros(1, 1, 4, 5)])


def test_latents_are_cut_as_comfyui_does():
    """Against a transcription of what ComfyUI's Latent From Batch does with noise masks and places."""
    samples = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 4, 2, 2)
    masks = torch.arange(2.0).reshape(2, 1, 1, 1).expand(2, 1, 16, 16)
    latent = {"samples": samples, "noise_mask": masks, "batch_index": [5, 6, 9], "type": "audio"}
    ((first, second, third),) = picking.single_latents([latent])
    repeated = masks.repeat(math.ceil(3 / 2), 1, 1, 1)[:3]
    for k, single in enumerate((first, second, third)):
        assert torch.equal(single["samples"], samples[k : k + 1])
        assert torch.equal(single["noise_mask"], repeated[k : k + 1])
        assert single["batch_index"] == [[5], [6], [9]][k] and single["type"] == "audio"
    assert latent["samples"] is samples and latent["batch_index"] == [5, 6, 9], "the original stays as it is"


def test_latents_know_the_place_their_noise_was_drawn_for():
    by_item = picking.single_latents([{"samples": torch.zeros(2, 4, 1, 1)}, {"samples": torch.zeros(1, 4, 1, 1)}])
    assert [[single["batch_index"] for single in item] for item in by_item] == [[[0], [1]], [[0]]]


@pytest.mark.parametrize("item", [torch.zeros(1, 4, 8, 8), {"noise_mask": 1}, None])
def test_what_is_no_latent_is_named(item):
    with pytest.raises(ValueError, match="this is no latent"):
        picking.single_latents([item])


def test_one_value_is_for_all_one_each_or_one_for_each_batch():
    by_item = picking.single_images([batch(0, 1), batch(2)])
    assert picking.one_for_each(["a"], by_item, "prompt") == ["a", "a", "a"]
    assert picking.one_for_each(["a", "b", "c"], by_item, "prompt") == ["a", "b", "c"]
    assert picking.one_for_each(["a", "b"], by_item, "prompt") == ["a", "a", "b"]
    with pytest.raises(ValueError, match="there are 4 prompts for 3 images in 2 batches: give one for all"):
        picking.one_for_each(list("abcd"), by_item, "prompt")
    with pytest.raises(ValueError, match="there are 0 prompts for 3 images"):
        picking.one_for_each([], by_item, "prompt")


def test_counts_that_differ_are_both_named():
    picking.check_count([1, 2], 2, "scores")
    with pytest.raises(ValueError, match="there are 2 scores for 3 images"):
        picking.check_count([1, 2], 3, "scores")


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None, "21", True, torch.tensor(1.0)])
def test_a_score_that_is_no_number_is_an_error(score):
    with pytest.raises(ValueError, match="the score at index 1 is"):
        picking.checked_scores([1.0, score])
    assert picking.checked_scores([1, -2.5]) == [1.0, -2.5]


# -- choosing

SCORES = st.lists(st.floats(-100, 100), min_size=1, max_size=12)


@given(SCORES, st.integers(0, 15))
def test_the_best_come_first_and_of_equals_the_earlier(scores, top_k):
    kept = pick(scores, top_k)
    assert len(kept) == (min(top_k, len(scores)) or len(scores))
    keys = [(-scores[k], k) for k in kept]
    assert keys == sorted(keys)
    assert all((-scores[k], k) > keys[-1] for k in set(range(len(scores))) - set(kept))


def test_ties_go_to_the_earlier():
    assert pick([1.0, 3.0, 3.0, 2.0, 3.0], 0) == [1, 2, 4, 3, 0]
    assert pick([0.0, -0.0]) == [0]


@given(SCORES, st.floats(-100, 100))
def test_a_threshold_means_the_same_however_many_images_there_are(scores, threshold):
    together = set(pick(scores, 0, threshold, KEEP_NOTHING))
    alone = {k for k, score in enumerate(scores) if pick([score], 0, threshold, KEEP_NOTHING)}
    assert together == alone == {k for k, score in enumerate(scores) if score >= threshold}


def test_what_is_done_where_none_passes():
    scores = [20.1, 20.9, 20.5]
    assert pick(scores, 3, 21.0) == pick(scores, 3, 21.0, KEEP_BEST) == [1]
    assert pick(scores, 3, 21.0, KEEP_NOTHING) == []
    with pytest.raises(ValueError, match=r"threshold 21: the highest of 3 scores is 20\.9 \(index 1\)"):
        pick(scores, 3, 21.0, STOP)
    for none_passes in picking.NONE_PASSES:
        assert pick(scores, 3, 20.5, none_passes) == [1, 2]


def test_each_prompt_has_its_own_best():
    prompts = ["cat", "dog", "cat", "dog", "owl"]
    scores = [20.0, 18.0, 21.0, 17.0, 5.0]
    assert pick(scores, prompts=prompts) == [2, 1, 4]
    assert pick(scores, 2, prompts=prompts) == [2, 0, 1, 3, 4]
    assert pick(scores, 2, 18.0, KEEP_NOTHING, prompts) == [2, 0, 1]
    assert pick(scores, 2, 18.0, KEEP_BEST, prompts) == [2, 0, 1, 4]
    with pytest.raises(ValueError, match=r"the highest of 1 scores is 5 \(index 4\)"):
        pick(scores, 2, 18.0, STOP, prompts)


def test_probabilities_are_of_the_images_of_one_prompt():
    scores = torch.tensor([1.0, 5.0, 2.0, 5.0])
    shares = picking.probabilities(scores, ["a", "b", "a", "b"], lambda each: each.softmax(0))
    assert shares.tolist() == pytest.approx([1 / (1 + math.e), 0.5, math.e / (1 + math.e), 0.5])


# -- telling


def test_the_table_marks_the_best():
    lines = picking.table([21.304, 22.1, 19.0], [0.2, 0.75, 0.05], [0, 1], 2).splitlines()
    assert [line.split() for line in lines] == [
        ["index", "score", "probability"],
        ["0", "21.30", "20.0", "%"],
        ["1", "22.10", "75.0", "%", "best"],
    ]
