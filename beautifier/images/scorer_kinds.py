"""The published image scorers: one row a scorer, with its files, its way to judge and its column.

pickscore       CLIP ViT-H/14, fine-tuned               hps-v1        CLIP ViT-L/14, fine-tuned
clip-score      CLIP ViT-L/14                           hps-v2.1      CLIP ViT-H/14, fine-tuned
aesthetic       a head on the image half of ViT-L/14    imagereward   BLIP with a reward head
aesthetic-v2.5  a head on the image half of a SigLIP
"""

from dataclasses import dataclass
from functools import partial

from ..checkpoints.catalog import Checkpoint, File
from .judges import Load, as_open_clip_reads, clip_cosine, clip_head, image_reward, siglip_head
from .pixels import Framing
from .scorer_headers import (
    AESTHETIC_HEAD,
    AESTHETIC_V2_5_HEAD,
    IMAGE_REWARD,
    SIGLIP_SO400M,
    VIT_H,
    VIT_L,
    VIT_L_IMAGE,
    is_any_clip,
    is_clip_l_head,
)
from .scorer_parts import Part


@dataclass(frozen=True)
class ScorerKind:
    """A published scorer.

    name, title   as it is called in code and in a menu
    says          what a score says
    numbers       which scores are usual
    decimals      that are worth showing
    column        of its scores in rows of training data
    reads_prompt  whether the score depends on the prompt
    parts         its files by the names that load_scorer takes
    load          the judge from its files: a function of judges.py
    framing       how its reference makes an image square
    """

    name: str
    title: str
    says: str
    numbers: str
    decimals: int
    column: str
    reads_prompt: bool
    parts: dict[str, Part]
    load: Load
    framing: Framing = Framing()

    @property
    def range_text(self) -> str:
        """What the numbers mean, for people to read."""
        return f"{self.says}; {self.numbers}"


# Copies of the downloaded scorers' weights as safetensors, by ModelScope's own DiffSynth-Studio.
ON_MODELSCOPE = "DiffSynth-Studio/QualityMetric_reward_pretrained"


def download(name: str, repository: str, revision: str | None, file: File, licence: str, size: int) -> Checkpoint:
    """One file to download, about so many bytes; the fields are those of checkpoints/catalog.py."""
    return Checkpoint(name, repository, revision, (file,), None, licence, size, ON_MODELSCOPE)


# OpenAI's CLIP ViT-L/14, float32; the licence is that of github.com/openai/CLIP
OPENAI_CLIP = download(
    "clip-vit-l-14",
    "openai/clip-vit-large-patch14",
    "32bd64288804d66eefd0ccbe215aa642df71cc41",
    File(
        "model.safetensors",
        size=1_710_540_580,
        sha256="a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb",
        modelscope="clip-vit-large-patch14/model.safetensors",
    ),
    "MIT",
    1_710_540_580,
)
OPENAI_NAMES = ("clip-vit-large-patch14", "clip_vit_large_patch14")
V2_5 = ("aesthetic_predictor_v2_5", "aesthetic-predictor-v2-5")

SCORERS: dict[str, ScorerKind] = {
    kind.name: kind
    for kind in (
        # exp(logit_scale) · cos(text, image); Kirstain et al. 2023 (arXiv 2305.01569), section 3 and model card
        ScorerKind(
            name="pickscore",
            title="PickScore",
            says="which image people choose for a prompt",
            numbers="most get 16 to 24, and 1 more is 73 % preference",
            decimals=2,
            column="pick_score",
            reads_prompt=True,
            parts={
                "clip": Part(
                    "model.safetensors",
                    ("PickScore_v1", "PickScore", "Pick-A-Pic", "pickscore-v1", "pick_score"),
                    VIT_H,
                    download(
                        "pickscore",
                        "yuvalkirstain/PickScore_v1",
                        "a4e4367c6dfa7288a00c550414478f865b875800",
                        File("model.safetensors", modelscope="PickScore_v1/model.safetensors"),
                        "not stated",
                        3_944_000_000,
                    ),
                )
            },
            load=partial(clip_cosine, activation="gelu", scaled=True),
        ),
        # a head on the normalised image embedding; github.com/christophschuhmann/improved-aesthetic-predictor, whose
        # simple_inference.py uses OpenAI's preprocessing. An older one, github.com/LAION-AI/aesthetic-predictor, is
        # one linear layer.
        ScorerKind(
            name="aesthetic",
            title="LAION aesthetic",
            says="how beautiful an image is, whatever the prompt",
            numbers="from 1 to 10, most get 4 to 7",
            decimals=2,
            column="aesthetic_score",
            reads_prompt=False,
            parts={
                "clip": Part("model.safetensors", OPENAI_NAMES, VIT_L_IMAGE, OPENAI_CLIP),
                "head": Part(
                    "sac+logos+ava1-l14-linearMSE.safetensors",
                    ("sac_logos_ava1-l14-linearMSE", "laion_aesthetic_sac+logos+ava1-l14-linearMSE"),
                    AESTHETIC_HEAD,
                    download(
                        "aesthetic-head",
                        "camenduru/improved-aesthetic-predictor",
                        None,
                        File(
                            "sac+logos+ava1-l14-linearMSE.safetensors",
                            modelscope="aesthetic-predictor/sac+logos+ava1-l14-linearMSE.safetensors",
                            pickled=File(
                                "sac+logos+ava1-l14-linearMSE.pth",
                                size=3_714_759,
                                sha256="21dd590f3ccdc646f0d53120778b296013b096a035a2718c9cb0d511bff0f1e0",
                            ),
                        ),
                        "Apache-2.0",
                        3_714_759,
                    ),
                    own=is_clip_l_head,
                ),
            },
            load=partial(clip_head, activation="quick_gelu"),
            framing=Framing(crop="even"),
        ),
        # cos(text, image) of OpenAI's ViT-L/14; Radford et al. 2021, with transformers' preprocessing
        ScorerKind(
            name="clip-score",
            title="CLIP score",
            says="how well an image shows the words",
            numbers="a cosine, most get 0.15 to 0.35",
            decimals=3,
            column="clip_score",
            reads_prompt=True,
            parts={"clip": Part("model.safetensors", OPENAI_NAMES, VIT_L, OPENAI_CLIP, own=is_any_clip)},
            load=clip_cosine,
        ),
        # cos(text, image); Wu et al. 2023 (arXiv 2306.09341), github.com/tgxs002/HPSv2, img_score.py
        ScorerKind(
            name="hps-v2.1",
            title="HPS v2.1",
            says="which image people prefer for a prompt",
            numbers="a cosine, most get 0.2 to 0.35",
            decimals=3,
            column="hps_score",
            reads_prompt=True,
            parts={
                "clip": Part(
                    "HPS_v2.1_compressed.safetensors",
                    ("HPS_v2.1", "HPSv2.1", "hpsv21", "hps_v21"),
                    VIT_H,
                    download(
                        "hps-v2.1",
                        "xswu/HPSv2",
                        "697403c78157020a1ae59d23f111aa58ced35b0a",
                        File(
                            "HPS_v2.1_compressed.safetensors",
                            modelscope="HPS_v2/HPS_v2.1_compressed.safetensors",
                            pickled=File(
                                "HPS_v2.1_compressed.pt",
                                size=1_972_490_005,
                                sha256="c57a38fb4a2f7e7c15bf00da2ea377cdf165448b4dd1052a484c215a998c9837",
                            ),
                        ),
                        "Apache-2.0",
                        1_972_490_005,
                    ),
                )
            },
            load=partial(clip_cosine, activation="gelu", clean=as_open_clip_reads),
            framing=Framing(crop=None),
        ),
        # Xu et al. 2023 (arXiv 2304.05977), see image_reward.py; THUDM is called zai-org by now
        ScorerKind(
            name="imagereward",
            title="ImageReward",
            says="how people would rate an image for a prompt",
            numbers="0 is average, most get -2 to 2",
            decimals=2,
            column="image_reward",
            reads_prompt=True,
            parts={
                "model": Part(
                    "ImageReward.safetensors",
                    ("ImageReward-v1.0",),
                    IMAGE_REWARD,
                    download(
                        "imagereward",
                        "THUDM/ImageReward",
                        "5736be03b2652728fb87788c9797b0570450ab72",
                        File(
                            "ImageReward.safetensors",
                            modelscope="ImageReward/ImageReward.safetensors",
                            pickled=File("ImageReward.pt"),
                        ),
                        "Apache-2.0",
                        1_787_000_000,
                    ),
                ),
                # The vocabulary of BERT, which it reads prompts with
                "vocab": Part(
                    "vocab.txt",
                    ("bert-base-uncased",),
                    download=download(
                        "bert-vocabulary",
                        "google-bert/bert-base-uncased",
                        "86b5e0934494bd15c9632b12f734a8a67f723594",
                        File(
                            "vocab.txt",
                            size=231_508,
                            sha256="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
                            modelscope="bert-base-uncased/vocab.txt",
                        ),
                        "Apache-2.0",
                        231_508,
                    ),
                ),
            },
            load=image_reward,
            framing=Framing(crop="even"),
        ),
        # a head on the normalised state that a SigLIP pools; github.com/discus0434/aesthetic-predictor-v2-5, whose
        # licence (AGPL-3.0) keeps it from being downloaded
        ScorerKind(
            name="aesthetic-v2.5",
            title="Aesthetic V2.5",
            says="how beautiful an image is, illustrations too",
            numbers="from 1 to 10, 5.5 and more is great",
            decimals=2,
            column="aesthetic_v2_5_score",
            reads_prompt=False,
            parts={
                "vision": Part(
                    "sigclip_vision_patch14_384.safetensors",
                    ("siglip-so400m-patch14-384", "siglip_so400m_patch14_384", *V2_5),
                    SIGLIP_SO400M,
                    advice="it is in Comfy-Org/sigclip_vision_384 on Hugging Face (Apache-2.0)",
                ),
                "head": Part(
                    "aesthetic_predictor_v2_5.pth",
                    V2_5,
                    AESTHETIC_V2_5_HEAD,
                    advice="it is in models/ of github.com/discus0434/aesthetic-predictor-v2-5 (AGPL-3.0)",
                ),
            },
            load=siglip_head,
            framing=Framing(crop="stretch", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        ),
        # cos(text, image) of a fine-tuned ViT-L/14; Wu et al. 2023 (arXiv 2303.14420)
        ScorerKind(
            name="hps-v1",
            title="HPS v1",
            says="which image people prefer for a prompt, the first version",
            numbers="a cosine",
            decimals=3,
            column="hps_v1_score",
            reads_prompt=True,
            parts={"clip": Part("hpc.pt", ("hps-v1", "hps_v1"), VIT_L, advice="it is in github.com/tgxs002/align_sd")},
            load=partial(clip_cosine, activation="quick_gelu"),
        ),
    )
}
