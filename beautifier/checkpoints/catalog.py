"""The published prompt models that can be downloaded: where their files are, how large they are, their licence.

What is written here was checked against public sources; what could not be checked is None, is learned at the first
download, and is remembered beside the files:

revision  40 hex digits are a commit: its files never change. "refs/pr/2" is the safetensors conversion offered
          to a repository that has a pickled file only. None is the main branch. Of the last two the commit is
          learned at the first download, and later downloads into the same folder ask for that commit.
size      bytes; None where it is not known before the first download
sha256    None likewise: then the hash is the one that the hub names for the file
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """One file of a checkpoint: its name in the repository and in the checkpoint's folder.

    repository, revision  where it comes from; None is the checkpoint's own
    pickled               what to take where that revision has no such file; a pickled one becomes safetensors
                          under this file's name when it arrives
    modelscope            its path on ModelScope; None is its name
    """

    name: str
    repository: str | None = None
    revision: str | None = None
    size: int | None = None
    sha256: str | None = None
    pickled: "File | None" = None
    modelscope: str | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint.

    name        what users call it: stable, since workflows hold it
    repository  on Hugging Face; below a model folder its files lie under the same path
    family      how it is asked (a name in FAMILIES); None for what is no language model
    licence     as its repository states it, or its code's
    terms       what is to be known of the licence before a download; "" where it is one of the free ones
    bytes       about as many as a download brings, for people to read: known before anything is asked for
    modelscope  the same files on ModelScope, taken where Hugging Face cannot be reached; None where there are none
    """

    name: str
    repository: str
    revision: str | None
    files: tuple[File, ...]
    family: str | None
    licence: str
    bytes: int
    modelscope: str | None = None
    terms: str = ""


# GPT-2's own tokenizer (MIT), which Promptist and MagicPrompt were published with.
GPT2_TOKENIZER = File(
    "tokenizer.json",
    repository="openai-community/gpt2",
    revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
    size=1_355_256,
    sha256="8414cab924d8b9b33013f0d221c5862f365ee9be39c5c2bfae8a5a9e970478a6",
)

USUAL_FILES = (File("config.json"), File("tokenizer.json"), File("model.safetensors"))

TIPO_FILES = (
    File("config.json"),
    File("tokenizer.model"),
    File("tokenizer_config.json"),
    File("added_tokens.json"),
    File("model.safetensors"),
)
KOHAKU = "kohaku-license-1.0: it limits commercial use"

CATALOG: dict[str, Checkpoint] = {
    checkpoint.name: checkpoint
    for checkpoint in (
        # BeautifulPrompt (arXiv 2311.06752), BLOOM 1.1B in float16
        Checkpoint(
            name="text2prompt-v1",
            repository="alibaba-pai/pai-bloom-1b1-text2prompt-sd",
            revision=None,
            files=USUAL_FILES,
            family="text2prompt-v1",
            licence="Apache-2.0",
            bytes=2_145_000_000,
            modelscope="AI-ModelScope/pai-bloom-1b1-text2prompt-sd",
        ),
        Checkpoint(
            name="text2prompt-v2",
            repository="alibaba-pai/pai-bloom-1b1-text2prompt-sd-v2",
            revision=None,
            files=USUAL_FILES,
            family="text2prompt-v2",
            licence="Apache-2.0",
            bytes=2_145_000_000,
        ),
        # Promptist (arXiv 2212.09611), GPT-2 small in float32; its main branch has a pickled file only
        Checkpoint(
            name="promptist",
            repository="microsoft/Promptist",
            revision="cffa2f868729f40ddf7a51fed692e592349f596c",
            files=(
                File("config.json"),
                GPT2_TOKENIZER,
                File("model.safetensors", revision="refs/pr/2", pickled=File("pytorch_model.bin")),
            ),
            family="promptist",
            licence="MIT",
            bytes=500_000_000,
        ),
        # MagicPrompt, GPT-2 small in float32
        Checkpoint(
            name="magicprompt",
            repository="Gustavosta/MagicPrompt-Stable-Diffusion",
            revision="c2dfdbff1007791b5952aff9c02e622a0461f914",
            files=(
                File("config.json"),
                GPT2_TOKENIZER,
                File("model.safetensors", pickled=File("pytorch_model.bin")),
            ),
            family="magicprompt",
            licence="MIT",
            bytes=500_000_000,
        ),
        # SuperPrompt, a Flan-T5 small of 77 million weights in float32
        Checkpoint(
            name="superprompt-v1",
            repository="roborovski/superprompt-v1",
            revision="5499d963b17ea03271629ed38d6c15f641459640",
            files=USUAL_FILES,
            family="superprompt-v1",
            licence="MIT",
            bytes=310_000_000,
        ),
        # Flux-Prompt-Enhance, a T5 base of 223 million weights in float32
        Checkpoint(
            name="flux-prompt-enhance",
            repository="gokaygokay/Flux-Prompt-Enhance",
            revision="f0b2c31d2fef2f22d792b35668b63841017a2115",
            files=USUAL_FILES,
            family="flux-prompt-enhance",
            licence="Apache-2.0",
            bytes=894_000_000,
        ),
        # TIPO (arXiv 2411.08127), Llamas of 200 and 500 million weights in float32: tags and sentences
        Checkpoint(
            name="tipo-200m",
            repository="KBlueLeaf/TIPO-200M",
            revision="20b7dffcd3a4a9909898bd1ba06ba614c60dfd69",
            files=TIPO_FILES,
            family="tipo",
            licence="Apache-2.0",
            bytes=811_000_000,
            terms="Apache-2.0 by its page, which also names kohaku-license-1.0",
        ),
        Checkpoint(
            name="tipo-200m-ft",
            repository="KBlueLeaf/TIPO-200M-ft",
            revision=None,
            files=TIPO_FILES,
            family="tipo",
            licence="kohaku-license-1.0",
            bytes=811_000_000,
            terms=KOHAKU,
        ),
        Checkpoint(
            name="tipo-500m",
            repository="KBlueLeaf/TIPO-500M",
            revision=None,
            files=TIPO_FILES,
            family="tipo",
            licence="kohaku-license-1.0",
            bytes=2_031_000_000,
            terms=KOHAKU,
        ),
        # Dart v2, a Mistral of 114 million weights in bfloat16: Danbooru tags
        Checkpoint(
            name="dart-v2",
            repository="p1atdev/dart-v2-sft",
            revision=None,
            files=USUAL_FILES,
            family="dart-v2",
            licence="Apache-2.0",
            bytes=230_000_000,
        ),
    )
}


def find_checkpoint(name: str) -> Checkpoint | None:
    """The entry of a name, a repository, or a repository without its owner; None where there is none."""
    wanted = name.casefold()
    for checkpoint in CATALOG.values():
        repository = checkpoint.repository.casefold()
        if wanted in (checkpoint.name, repository, repository.partition("/")[2]):
            return checkpoint
    return None
