"""config.json as it is found in the wild: each of these is read as transformers reads it, or refused by name."""

import json

import pytest
import torch

from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.request import Sampling

from . import published

transformers = pytest.importorskip("transformers", reason="transformers is what the network is compared with")

PLAIN = {
    "gpt2": {"vocab_size": 200, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 48, "eos_token_id": 2},
    "bloom": {"vocab_size": 200, "hidden_size": 16, "n_layer": 2, "n_head": 2},
    "llama": {
        "vocab_size": 200,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    },
}
PLAIN |= {kind: {**PLAIN["llama"], "num_key_value_heads": 2} for kind in ("mistral", "qwen2", "qwen3")}
PLAIN["qwen3"]["head_dim"] = 8
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
NEW = published.VERSION >= (5,)

# (model_type, what config.json has besides PLAIN; ... takes a field out)
SAME = [
    ("gpt2", {}),
    # fields under the names that all of transformers' configurations share
    ("gpt2", {"n_embd": ..., "hidden_size": 16}),
    ("gpt2", {"n_layer": ..., "num_hidden_layers": 3}),
    ("gpt2", {"n_head": ..., "num_attention_heads": 4}),
    ("gpt2", {"n_positions": ..., "max_position_embeddings": 40}),
    ("gpt2", {"n_ctx": 48}),
    ("gpt2", {"n_inner": None}),
    ("gpt2", {"n_inner": 40}),
    ("gpt2", {"layer_norm_epsilon": 0.1}),
    *(("gpt2", {"activation_function": name}) for name in ("gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_10")),
    *(("gpt2", {"activation_function": name}) for name in ("gelu_pytorch_tanh", "gelu_accurate", "quick_gelu")),
    *(("gpt2", {"activation_function": name}) for name in ("relu", "silu", "swish", "mish", "tanh")),
    ("gpt2", {"scale_attn_weights": False}),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
    ("gpt2", {"reorder_and_upcast_attn": True, "scale_attn_by_inverse_layer_idx": True}),
    ("gpt2", {"tie_word_embeddings": False}),
    ("gpt2", {"add_cross_attention": True}),
    ("gpt2", {"eos_token_id": [2, 5, 7]}),
    ("gpt2", {"eos_token_id": None}),
    ("gpt2", {"eos_token_id": ..., "bos_token_id": None}),
    ("gpt2", {"eos_token_id": 199, "pad_token_id": -1}),
    ("gpt2", {"pruned_heads": {}, "task_specific_params": {"text-generation": {"max_length": 50}}}),
    ("gpt2", {"architectures": ["GPT2Model"], "auto_map": {"AutoModelForCausalLM": "modeling.Other"}}),
    ("gpt2", {"use_cache": False, "torch_dtype": "float16", "summary_activation": "tanh", "resid_pdrop": 0.9}),
    ("bloom", {}),
    ("bloom", {"hidden_size": ..., "n_embed": 16}),
    ("bloom", {"hidden_size": 8, "n_embed": 16}),
    ("bloom", {"n_layer": ..., "num_hidden_layers": 3}),
    ("bloom", {"n_head": ..., "num_attention_heads": 4}),
    ("bloom", {"hidden_size": 18, "n_head": 3}),
    ("bloom", {"layer_norm_epsilon": 0.1}),
    ("bloom", {"pretraining_tp": 4, "slow_but_exact": False, "attention_softmax_in_fp32": True, "offset_alibi": 100}),
    ("bloom", {"pretraining_tp": 1, "slow_but_exact": True}),
    ("bloom", {"tie_word_embeddings": False}),
    ("bloom", {"n_inner": None, "seq_length": 2048, "masked_softmax_fusion": True, "unk_token_id": 0}),
    ("llama", {}),
    ("llama", {"num_key_value_heads": None}),
    ("llama", {"num_key_value_heads": 1}),
    ("llama", {"head_dim": None}),
    ("llama", {"head_dim": 6}),
    ("llama", {"attention_bias": True}),
    ("llama", {"mlp_bias": True, "pretraining_tp": 2}),
    ("llama", {"hidden_act": "gelu_pytorch_tanh"}),
    ("llama", {"rms_norm_eps": 0.01}),
    ("llama", {"rope_scaling": None, "rope_theta": 100.0}),
    ("llama", {"rope_theta": 100}),
    ("llama", {"rope_scaling": {"type": "linear", "factor": 2.0}}),
    ("llama", {"rope_scaling": {"rope_type": "linear", "factor": 4}, "rope_theta": 500.0}),
    ("llama", {"rope_scaling": {"rope_type": "llama3", **LLAMA3}, "rope_theta": 500000.0}),
    ("llama", {"rope_scaling": {"rope_type": "default"}}),
    ("llama", {"tie_word_embeddings": True, "is_llama_config": True, "rope_interleaved": False}),
    ("llama", {"eos_token_id": [2, 9]}),
    ("llama", {"use_sliding_window": True, "sliding_window": 64}),
    ("mistral", {}),
    ("mistral", {"sliding_window": None}),
    ("mistral", {"sliding_window": 4}),
    ("mistral", {"attention_bias": True, "head_dim": 8}),
    ("qwen2", {}),
    ("qwen2", {"sliding_window": 4, "use_sliding_window": False}),
    ("qwen2", {"sliding_window": 4, "use_sliding_window": True, "max_window_layers": 1}),
    ("qwen2", {"use_mrope": False, "attention_bias": False}),
    ("qwen3", {}),
    ("qwen3", {"attention_bias": True, "rope_theta": 1000000}),
    ("qwen3", {"tie_word_embeddings": True, "max_window_layers": 28, "sliding_window": None}),
]
SAME_SINCE_5 = [
    ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}}),
    ("llama", {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3}, "rope_theta": 7.0}),
    (
        "qwen2",
        {"use_sliding_window": True, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    ("qwen3", {"use_sliding_window": True, "sliding_window": 4, "layer_types": ["full_attention"] * 2}),
]
REFUSED = [
    ("gpt2", {"pruned_heads": {"0": [1]}}, "pruned_heads"),
    ("gpt2", {"activation_function": "laplace"}, "activation_function 'laplace' is not supported, only gelu_new"),
    ("gpt2", {"activation_function": 3}, "activation_function 3 is not supported"),
    ("gpt2", {"n_embd": 15}, "15 cannot be divided among 2 heads"),
    ("gpt2", {"n_head": 0}, "num_heads"),
    ("gpt2", {"eos_token_id": "</s>"}, "eos_token_id must be a token"),
    ("gpt2", {"quantization_config": {"quant_method": "gptq"}}, "quantization_config"),
    ("bloom", {"apply_residual_connection_post_layernorm": True}, "apply_residual_connection_post_layernorm"),
    ("bloom", {"pretraining_tp": 2, "slow_but_exact": True}, "slow_but_exact True is not supported"),
    ("llama", {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rope_scaling of type 'dynamic'"),
    ("llama", {"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "rope_scaling of type 'yarn'"),
    ("llama", {"rope_scaling": {"rope_type": "longrope", "short_factor": [1.0]}}, "rope_scaling of type 'longrope'"),
    ("llama", {"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
    ("llama", {"num_key_value_heads": 3}, "4 heads cannot share 3 heads"),
    ("qwen2", {"layer_types": ["linear_attention", "full_attention"]}, "layer_types"),
    ("qwen2", {"use_mrope": True}, "use_mrope"),
]


def write_config(kind: str, changes: dict, folder) -> None:
    fields = {"model_type": kind, **PLAIN[kind], **changes}
    kept = {name: value for name, value in fields.items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")


def saved(kind: str, changes: dict, folder) -> torch.nn.Module:
    """What transformers makes of a config.json, with random weights, beside which that file is as it was."""
    published.skip_where_unknown(kind, changes)
    write_config(kind, changes, folder)
    torch.manual_seed(5)
    config = transformers.AutoConfig.from_pretrained(folder)
    config.initializer_range = 0.3
    if kind == "gpt2" and isinstance(config.eos_token_id, int) and config.eos_token_id >= config.vocab_size:
        config.eos_token_id = None  # generate() of some versions trips over a token that is none
    options = {"attn_implementation": "eager"} if kind == "gpt2" else {}
    model = published.save(transformers.AutoModelForCausalLM.from_config(config, **options).float(), folder)
    write_config(kind, changes, folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    return model


@torch.inference_mode()
def assert_same_text(model: torch.nn.Module, network: torch.nn.Module) -> None:
    prompt = published.TOKENS[:1, :9]
    row = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=16, pad_token_id=3
    )[0, 9:]
    sampling = Sampling(greedy=True, repetition_penalty=1.0, max_new_tokens=16)
    (answer,) = generate(network, prompt[0].tolist(), 1, 0, sampling)
    assert list(answer.tokens) == published.until(network.config.ends, row.tolist())


@pytest.mark.parametrize(("kind", "changes"), SAME + SAME_SINCE_5 * NEW, ids=str)
def test_a_config_is_read_as_transformers_reads_it(kind, changes, tmp_path):
    model = saved(kind, changes, tmp_path)
    network = published.load(tmp_path)
    published.assert_same_logits(model, network)
    if "eos_token_id" in changes or not changes:
        assert_same_text(model, network)


@pytest.mark.parametrize(("kind", "changes", "message"), REFUSED, ids=str)
def test_what_is_not_done_is_refused_by_name(kind, changes, message, tmp_path):
    write_config(kind, changes, tmp_path)
    with pytest.raises(ValueError, match=message) as refused:
        published.load(tmp_path)
    assert str(tmp_path / "config.json") in str(refused.value)
