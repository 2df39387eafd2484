"""The engines that speed.py compares: each loads a checkpoint folder and gives write(count, tokens), which writes
`tokens` tokens `count` times at once and says how many it wrote.

All of them sample by the published settings, from the same prompt, with random weights (see shapes.py): what is written
does not matter, and no answer ends before its time.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PROMPT_TOKENS = 28
PUBLISHED = {"do_sample": True, "temperature": 1.0, "top_k": 50, "top_p": 0.95, "repetition_penalty": 1.2}

Write = Callable[[int, int], int]


def prompt(vocabulary: int) -> list[int]:
    return [(7919 * place) % (vocabulary - 100) + 50 for place in range(1, PROMPT_TOKENS + 1)]


# -- this pack


def ours(folder: Path, dtype: str, device: str) -> Write:
    import torch

    from prompt_beautifier.beautifier.language.decoding import generate
    from prompt_beautifier.beautifier.language.loading import load_fastest
    from prompt_beautifier.beautifier.request import Sampling

    network = load_fastest(folder, getattr(torch, dtype), torch.device(device), device == "cpu")

    def write(count: int, tokens: int) -> int:
        sampling = Sampling(max_new_tokens=tokens, min_new_tokens=tokens)
        answers = generate(network, prompt(network.config.vocab_size), count, 0, sampling)
        return sum(len(answer.tokens) for answer in answers)

    return write


# -- transformers


def transformers_generate(folder: Path, dtype: str, device: str, **options) -> Write:
    import torch
    import transformers

    number = torch.float32 if dtype == "int8" else getattr(torch, dtype)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=number).eval().to(device)
    if dtype == "int8":
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, torch.qint8)

    def write(count: int, tokens: int) -> int:
        asked = torch.tensor([prompt(model.config.vocab_size)], device=device)
        with torch.inference_mode():
            rows = model.generate(
                asked,
                attention_mask=torch.ones_like(asked),
                pad_token_id=3,
                num_return_sequences=count,
                max_new_tokens=tokens,
                min_new_tokens=tokens,
                **PUBLISHED,
                **options,
            )
        return rows[:, asked.shape[1] :].numel()

    return write


# -- CTranslate2


def ctranslate2_generate(folder: Path) -> Write:
    import ctranslate2
    import torch

    size = json.loads((folder / "config.json").read_text())["vocab_size"]
    converted, words = folder / "ct2-int8", words_of(size)
    if not converted.exists():
        convert_to_ctranslate2(folder, converted, words)
    generator = ctranslate2.Generator(
        str(converted), device="cpu", compute_type="int8", intra_threads=torch.get_num_threads()
    )

    def write(count: int, tokens: int) -> int:
        asked = [words[token] for token in prompt(size)]
        (result,) = generator.generate_batch(
            [asked],
            num_hypotheses=count,
            max_length=tokens,
            min_length=tokens,
            include_prompt_in_result=False,
            sampling_topk=50,
            sampling_topp=0.95,
            repetition_penalty=1.2,
        )
        return sum(map(len, result.sequences_ids))

    return write


def words_of(size: int) -> list[str]:
    return ["<unk>", "<s>", "</s>", "<pad>", *(f"w{number}" for number in range(4, size))]


def convert_to_ctranslate2(folder: Path, target: Path, words: list[str]) -> None:
    """By CTranslate2's own converter, given words instead of a tokenizer: the checkpoint has none."""
    import torch
    import transformers
    from ctranslate2.converters.transformers import BloomLoader

    model = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32)
    spec = BloomLoader().get_model_spec(model)
    spec.register_vocabulary(words)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<s>", "</s>", "<unk>"
    spec.validate()
    spec.optimize(quantization="int8")
    target.mkdir()
    spec.save(str(target))


# -- llama.cpp

# GGUF's names for the modules of each architecture: outside the layers, and in one.
GGUF_NAMES = {
    "word_embeddings": "token_embd",
    "word_embeddings_layernorm": "token_embd_norm",
    "ln_f": "output_norm",
    "input_layernorm": "attn_norm",
    "self_attention.query_key_value": "attn_qkv",
    "self_attention.dense": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.dense_h_to_4h": "ffn_up",
    "mlp.dense_4h_to_h": "ffn_down",
}
GGUF_NAMES |= {"embed_tokens": "token_embd", "norm": "output_norm", "self_attn.o_proj": "attn_output"}
GGUF_NAMES |= {f"self_attn.{each}_proj": f"attn_{each}" for each in "qkv"}
GGUF_NAMES |= {f"self_attn.{each}_norm": f"attn_{each}_norm" for each in "qk"}
GGUF_NAMES |= {f"mlp.{each}_proj": f"ffn_{each}" for each in ("gate", "up", "down")}
GGUF_LAYER = re.compile(r"(?:transformer|model)\.(?:(?:h|layers)\.(\d+)\.)?(.+)\.(weight|bias)")


def llama_cpp_generate(folder: Path, kind: str) -> Write:
    """llama.cpp's own loop by its C interface: the prompt read once, its cache shared, a batch of one token a
    sequence at each step, a sampler chain a sequence."""
    import ctypes

    import llama_cpp as c
    import torch

    path = folder / f"model.{kind}.gguf"
    if not path.exists():
        convert_to_gguf(folder, path, kind)
    silent = c.llama_log_callback(lambda *_: None)
    c.llama_log_set(silent, ctypes.c_void_p(0))
    c.llama_backend_init()
    model = c.llama_model_load_from_file(str(path).encode(), c.llama_model_default_params())
    vocabulary = c.llama_vocab_n_tokens(c.llama_model_get_vocab(model))
    asked = prompt(vocabulary)

    def write(count: int, tokens: int) -> int:
        settings = c.llama_context_default_params()
        settings.n_ctx = count * (len(asked) + tokens)
        settings.n_seq_max, settings.n_batch = count, max(64, count)
        settings.kv_unified = True
        settings.n_threads = settings.n_threads_batch = torch.get_num_threads()
        context = c.llama_init_from_model(model, settings)
        batch = c.llama_batch_init(max(len(asked), count), 0, 1)
        samplers = [llama_sampler(c, vocabulary, seed) for seed in range(count)]
        feed(c, context, batch, [(token, place, 0) for place, token in enumerate(asked)])
        memory = c.llama_get_memory(context)
        for row in range(1, count):
            c.llama_memory_seq_cp(memory, 0, row, -1, -1)
        places, written = [len(asked) - 1] * count, 0
        for step in range(tokens):
            chosen = [
                c.llama_sampler_sample(sampler, context, place) for sampler, place in zip(samplers, places, strict=True)
            ]
            written += len(chosen)
            if step + 1 < tokens:
                feed(
                    c,
                    context,
                    batch,
                    [(token, len(asked) + step, row) for row, token in enumerate(chosen)],
                    every=True,
                )
                places = list(range(count))
        for sampler in samplers:
            c.llama_sampler_free(sampler)
        c.llama_batch_free(batch)
        c.llama_free(context)
        return written

    write.needs = silent  # a callback lives as long as somebody holds it
    return write


def llama_sampler(c, vocabulary: int, seed: int):
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
    for part in (
        c.llama_sampler_init_penalties(vocabulary, -1, 1.2, 0.0, 0.0),
        c.llama_sampler_init_top_k(50),
        c.llama_sampler_init_top_p(0.95, 1),
        c.llama_sampler_init_temp(1.0),
        c.llama_sampler_init_dist(seed),
    ):
        c.llama_sampler_chain_add(chain, part)
    return chain


def feed(c, context, batch, tokens: list[tuple[int, int, int]], every: bool = False) -> None:
    """Let the network read tokens (token, position, sequence); logits of every one of them, or of the last."""
    batch.n_tokens = len(tokens)
    for i, (token, place, row) in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, place, 1, row
        batch.logits[i] = every or i + 1 == len(tokens)
    if c.llama_decode(context, batch):
        raise RuntimeError("llama_decode failed")


def convert_to_gguf(folder: Path, path: Path, kind: str) -> None:
    """A folder as llama.cpp reads it, matrices in F16, Q8_0 or Q4_0; with the last the word embeddings, which are the
    output layer, too, are in Q8_0. The order of q, k and v within BLOOM's matrix is left as it is: to random
    weights it makes no difference."""
    import gguf
    import torch
    from safetensors import safe_open

    config = json.loads((folder / "config.json").read_text())
    types = gguf.GGMLQuantizationType
    matrix = {"f16": types.F16, "q8_0": types.Q8_0, "q4_0": types.Q4_0}[kind]
    writer = gguf.GGUFWriter(path, config["model_type"], use_temp_file=True)
    write_sizes(writer, config)
    writer.add_file_type({"f16": 1, "q8_0": 7, "q4_0": 2}[kind])
    words = words_of(config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre({"bloom": "bloom", "qwen3": "qwen2"}[config["model_type"]])
    writer.add_token_list(words)
    writer.add_token_types([3] * 4 + [1] * (len(words) - 4))
    writer.add_token_merges(["w 4"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        for stored in file.keys():
            layer, module, end = GGUF_LAYER.fullmatch(stored).groups()
            name = f"{'' if layer is None else f'blk.{layer}.'}{GGUF_NAMES[module]}.{end}"
            tensor = file.get_tensor(stored).to(torch.float32).numpy()
            if tensor.ndim == 2:
                number = types.Q8_0 if matrix == types.Q4_0 and layer is None else matrix
                writer.add_tensor(name, gguf.quants.quantize(tensor, number), raw_dtype=number)
            else:
                writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_sizes(writer, config: dict) -> None:
    """The sizes of a BLOOM or a Qwen3 as llama.cpp wants them."""
    hidden, of_bloom = config["hidden_size"], config["model_type"] == "bloom"
    writer.add_context_length(2048)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(4 * hidden if of_bloom else config["intermediate_size"])
    writer.add_block_count(config["n_layer" if of_bloom else "num_hidden_layers"])
    writer.add_head_count(config["n_head" if of_bloom else "num_attention_heads"])
    writer.add_head_count_kv(config["n_head" if of_bloom else "num_key_value_heads"])
    if of_bloom:
        writer.add_layer_norm_eps(1e-5)
        return
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])


# -- the table of them


@dataclass(frozen=True)
class Engine:
    """A row of a table: what it is called there, how it is loaded, the package it needs."""

    label: str
    load: Callable[[Path], Write]
    package: str = "transformers"

    @property
    def is_installed(self) -> bool:
        return find_spec(self.package) is not None


def _transformers(label: str, dtype: str, device: str = "cpu", **options) -> Engine:
    return Engine(label, lambda folder: transformers_generate(folder, dtype, device, **options))


def _ours(dtype: str, device: str = "cpu") -> Engine:
    return Engine(f"this pack, {dtype}", lambda folder: ours(folder, dtype, device), "prompt_beautifier")


ENGINES = {
    "snippet": _transformers("published snippet (transformers generate, float32)", "float32"),
    "hf-bfloat16": _transformers("transformers generate, bfloat16", "bfloat16"),
    "hf-int8": _transformers("transformers generate, dynamic int8", "int8"),
    "ct2-int8": Engine("CTranslate2, int8", ctranslate2_generate, "ctranslate2"),
    "llama-f16": Engine("llama.cpp, F16", lambda folder: llama_cpp_generate(folder, "f16"), "llama_cpp"),
    "llama-q8_0": Engine("llama.cpp, Q8_0", lambda folder: llama_cpp_generate(folder, "q8_0"), "llama_cpp"),
    "llama-q4_0": Engine("llama.cpp, Q4_0", lambda folder: llama_cpp_generate(folder, "q4_0"), "llama_cpp"),
    "ours-float32": _ours("float32"),
    "ours-bfloat16": _ours("bfloat16"),
    "ours-int8": _ours("int8"),
    "ours-int4": _ours("int4"),
}
