"""Use Text Encoder in a real ComfyUI: a text encoder writes its own prompt and then encodes it."""

import time

import pytest

from .client import messages

NODE = "PromptBeautifierUseTextEncoder"
PROMPT = "🐈"  # no words: whatever a network of random weights says is an answer to it


@pytest.fixture
def writes(server):
    """Skips where ComfyUI is older than its text generation."""
    if "TextGenerate" not in server.get("/object_info"):
        pytest.skip("this ComfyUI makes no text encoder write; 0.15 does")


def graph(seed: int, num_candidates: int = 2, max_new_tokens: int = 6) -> dict:
    sampling = {"sampling": "custom", "temperature": 1.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}
    request = {"beautifier": ["2", 0], "prompt": PROMPT, "seed": seed, "candidate": 1, "mode": "rewrite"}
    request |= {"num_candidates": num_candidates, "clip_tokens": 0, "max_new_tokens": max_new_tokens, **sampling}
    return {
        "1": {"class_type": "TestSmallEncoder", "inputs": {"kind": "qwen3", "seed": 0}},
        "2": {"class_type": NODE, "inputs": {"clip": ["1", 0], "unusable_answer": "raw prompt"}},
        "3": {"class_type": "PromptBeautifierBeautifyPrompt", "inputs": request},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 0], "text": ["3", 0]}},
        "5": {"class_type": "TestShapeOf", "inputs": {"conditioning": ["4", 0]}},
        "6": {"class_type": "PreviewAny", "inputs": {"source": ["5", 0]}},
        "7": {"class_type": "PreviewAny", "inputs": {"source": ["3", 2]}},
    }


def candidates(history: dict) -> list[str]:
    return history["outputs"]["3"]["text"]


def test_it_writes_a_prompt_and_encodes_it(server, writes):
    history = server.run(graph(seed=1))
    first, second = candidates(history)
    assert first and second and first != second
    (shape,) = history["outputs"]["6"]["text"]
    assert shape.startswith("(1, ") and shape.endswith(", 1024)")


def test_one_whose_loader_packs_its_weights_writes_and_encodes_too(server, writes):
    asked = graph(seed=8)
    asked["1"]["inputs"]["kind"] = "qwen3 packed"
    history = server.run(asked)
    first, second = candidates(history)
    assert first and second and first != second
    assert history["outputs"]["6"]["text"][0].endswith(", 1024)")


def test_candidate_k_of_a_seed_is_the_same_in_every_run(server, writes):
    five = candidates(server.run(graph(seed=2, num_candidates=5)))
    assert len(set(five)) == 5
    assert candidates(server.run_anew(graph(seed=2), "3")) == five[:2]
    assert not set(candidates(server.run(graph(seed=3)))) & set(five)


def test_a_second_run_comes_from_the_cache(server, writes):
    first = server.run(graph(seed=4))
    again = server.run(graph(seed=4))
    assert candidates(again) == candidates(first)
    assert any({"1", "2", "3"} <= set(cached["nodes"]) for cached in messages(again, "execution_cached"))


def test_freed_memory_is_given_back_and_taken_again(server, writes, held):
    before = candidates(server.run(graph(seed=7)))
    most = held() - 200 * 2**20  # of its words alone there are 150 million weights
    for _ in range(20):  # it forgets in its own time
        server.post("/free", {"unload_models": True, "free_memory": True})
        if (left := held()) < most:
            break
    assert left < most
    assert candidates(server.run_anew(graph(seed=7), "3")) == before


def test_cancel_acts_within_a_token(server, writes):
    server.run(graph(seed=5, num_candidates=1, max_new_tokens=2))  # the encoder is there now
    run = server.queue(graph(seed=5, num_candidates=5, max_new_tokens=4096))
    time.sleep(8)
    cancelled = time.monotonic()
    server.post("/interrupt", {})
    history = server.wait(run)
    assert messages(history, "execution_interrupted")
    assert time.monotonic() - cancelled < 30  # a token takes seconds where the machine has much else to do


@pytest.mark.parametrize(
    ("kind", "name"),
    [("checkpoint", "CLIP-L"), ("flux", "CLIP-L + T5-XXL"), ("qwen-image", "Qwen2.5-VL 7B")],
)
def test_what_cannot_write_is_refused_by_name(server, kind, name):
    asked = graph(seed=6)
    if kind == "checkpoint":
        loader = {"ckpt_name": "v1-5-pruned-emaonly-fp16.safetensors"}
        asked["1"] = {"class_type": "CheckpointLoaderSimple", "inputs": loader}
        asked["2"]["inputs"]["clip"] = ["1", 1]
    else:
        asked["1"]["inputs"]["kind"] = kind
    del asked["4"], asked["5"], asked["6"]
    history = server.wait(server.queue(asked))
    (error,) = messages(history, "execution_error")
    assert error["node_type"] == NODE
    said = error["exception_message"]
    assert f"the text encoder that is connected, {name}, cannot write: " in said and "Connect one that is" in said
