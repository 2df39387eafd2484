"""The published checkpoints that can be downloaded: where their files are, how large they are, their licence.

CATALOG holds the prompt models, SCORER_CATALOG what image scorers are made of. What is written here was checked
against public sources; what could not be checked is None, is learned at the first download, and is remembered
beside the files:

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
    otherwise             what to take where that revision has no such file; a pickled one becomes safetensors
                          under this file's name when it arrives
    modelscope            its path on ModelScope; None is its name
    """

    name: str
    repository: str | None = None
    revision: str | None = None
    size: int | None = None
    sha256: str | None = None
    otherwise: "File | None" = None
    modelscope: str | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint.

    name        what users call it: stable, since workflows hold it
    repository  on Hugging Face; below a model folder its files lie under the same path
    family      how it is asked (a name in FAMILIES); None for what is no language model
    licence     as its repository states it, or its code's
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


# GPT-2's own tokenizer (MIT), which Promptist and MagicPrompt were published with.
GPT2_TOKENIZER = File(
    "tokenizer.json",
    repository="openai-community/gpt2",
    revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
    size=1_355_256,
    sha256="8414cab924d8b9b33013f0d221c5862f365ee9be39c5c2bfae8a5a9e970478a6",
)

BLOOM_FILES = (File("config.json"), File("tokenizer.json"), File("model.safetensors"))

CATALOG: dict[str, Checkpoint] = {
    checkpoint.name: checkpoint
    for checkpoint in (
        # BeautifulPrompt (arXiv 2311.06752), BLOOM 1.1B in float16
        Checkpoint(
            name="text2prompt-v1",
            repository="alibaba-pai/pai-bloom-1b1-text2prompt-sd",
            revision=None,
            files=BLOOM_FILES,
            family="text2prompt-v1",
            licence="Apache-2.0",
            bytes=2_145_000_000,
            modelscope="AI-ModelScope/pai-bloom-1b1-text2prompt-sd",
        ),
        Checkpoint(
            name="text2prompt-v2",
            repository="alibaba-pai/pai-bloom-1b1-text2prompt-sd-v2",
            revision=None,
            files=BLOOM_FILES,
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
                File("model.safetensors", revision="refs/pr/2", otherwise=File("pytorch_model.bin")),
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
                File("model.safetensors", otherwise=File("pytorch_model.bin")),
            ),
            family="magicprompt",
            licence="MIT",
            bytes=500_000_000,
        ),
    )
}


# Copies of all scorers' weights as safetensors, by ModelScope's own DiffSynth-Studio.
SCORERS_ON_MODELSCOPE = "DiffSynth-Studio/QualityMetric_reward_pretrained"

SCORER_CATALOG: dict[str, Checkpoint] = {
    checkpoint.name: checkpoint
    for checkpoint in (
        # CLIP ViT-H/14 fine-tuned on Pick-a-Pic (arXiv 2305.01569), float32
        Checkpoint(
            name="pickscore",
            repository="yuvalkirstain/PickScore_v1",
            revision="a4e4367c6dfa7288a00c550414478f865b875800",
            files=(File("model.safetensors", modelscope="PickScore_v1/model.safetensors"),),
            family=None,
            licence="not stated",
            bytes=3_944_000_000,
            modelscope=SCORERS_ON_MODELSCOPE,
        ),
        # OpenAI's CLIP ViT-L/14, float32; the licence is that of github.com/openai/CLIP
        Checkpoint(
            name="clip-vit-l-14",
            repository="openai/clip-vit-large-patch14",
            revision="32bd64288804d66eefd0ccbe215aa642df71cc41",
            files=(
                File(
                    "model.safetensors",
                    size=1_710_540_580,
                    sha256="a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb",
                    modelscope="clip-vit-large-patch14/model.safetensors",
                ),
            ),
            family=None,
            licence="MIT",
            bytes=1_710_540_580,
            modelscope=SCORERS_ON_MODELSCOPE,
        ),
        # The head of LAION's improved aesthetic predictor, version sac+logos+ava1-l14-linearMSE
        Checkpoint(
            name="aesthetic-head",
            repository="camenduru/improved-aesthetic-predictor",
            revision=None,
            files=(
                File(
                    "sac+logos+ava1-l14-linearMSE.safetensors",
                    modelscope="aesthetic-predictor/sac+logos+ava1-l14-linearMSE.safetensors",
                    otherwise=File(
                        "sac+logos+ava1-l14-linearMSE.pth",
                        size=3_714_759,
                        sha256="21dd590f3ccdc646f0d53120778b296013b096a035a2718c9cb0d511bff0f1e0",
                    ),
                ),
            ),
            family=None,
            licence="Apache-2.0",
            bytes=3_714_759,
            modelscope=SCORERS_ON_MODELSCOPE,
        ),
        # CLIP ViT-H/14 fine-tuned on HPD v2 (arXiv 2306.09341), float16 (open_clip's names)
        Checkpoint(
            name="hps-v2.1",
            repository="xswu/HPSv2",
            revision="697403c78157020a1ae59d23f111aa58ced35b0a",
            files=(
                File(
                    "HPS_v2.1_compressed.safetensors",
                    modelscope="HPS_v2/HPS_v2.1_compressed.safetensors",
                    otherwise=File(
                        "HPS_v2.1_compressed.pt",
                        size=1_972_490_005,
                        sha256="c57a38fb4a2f7e7c15bf00da2ea377cdf165448b4dd1052a484c215a998c9837",
                    ),
                ),
            ),
            family=None,
            licence="Apache-2.0",
            bytes=1_972_490_005,
            modelscope=SCORERS_ON_MODELSCOPE,
        ),
        # BLIP ViT-L/16 with a reward head (arXiv 2304.05977), float32; THUDM is called zai-org by now
        Checkpoint(
            name="imagereward",
            repository="THUDM/ImageReward",
            revision="5736be03b2652728fb87788c9797b0570450ab72",
            files=(
                File(
                    "ImageReward.safetensors",
                    modelscope="ImageReward/ImageReward.safetensors",
                    otherwise=File("ImageReward.pt"),
                ),
            ),
            family=None,
            licence="Apache-2.0",
            bytes=1_787_000_000,
            modelscope=SCORERS_ON_MODELSCOPE,
        ),
        # The vocabulary of BERT, which ImageReward reads prompts with
        Checkpoint(
            name="bert-vocabulary",
            repository="google-bert/bert-base-uncased",
            revision="86b5e0934494bd15c9632b12f734a8a67f723594",
            files=(
                File(
                    "vocab.txt",
                    size=231_508,
                    sha256="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
                    modelscope="bert-base-uncased/vocab.txt",
                ),
            ),
            family=None,
            licence="Apache-2.0",
            bytes=231_508,
            modelscope=SCORERS_ON_MODELSCOPE,
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
