"""The published image scorers: one row a scorer."""

from dataclasses import dataclass

from .pixels import Framing


@dataclass(frozen=True)
class ScorerKind:
    """A published scorer.

    name, title   as it is called in code and in a menu
    reads_prompt  whether the score depends on the prompt
    decimals      that are worth showing
    range_text    what the numbers mean
    logit_scale   what the scores of one prompt's images are multiplied with before a softmax makes probabilities of
                  them; None is the network's own, exp(logit_scale)
    parts         its files, by the names that load_scorer takes
    framing       how its reference makes an image square
    activation    of its CLIP, whose files do not say
    """

    name: str
    title: str
    reads_prompt: bool
    decimals: int
    range_text: str
    logit_scale: float | None
    parts: tuple[str, ...]
    framing: Framing = Framing()
    activation: str = "gelu"


SCORERS: dict[str, ScorerKind] = {
    kind.name: kind
    for kind in (
        # exp(logit_scale) · cos(text, image); Kirstain et al. 2023 (arXiv 2305.01569), section 3 and model card
        ScorerKind(
            name="pickscore",
            title="PickScore",
            reads_prompt=True,
            decimals=2,
            range_text="which image people choose for a prompt; most get 16 to 24, and 1 more is 73 % preference",
            logit_scale=None,
            parts=("clip",),
        ),
        # a head on the normalised image embedding; github.com/christophschuhmann/improved-aesthetic-predictor, whose
        # simple_inference.py uses OpenAI's preprocessing
        ScorerKind(
            name="aesthetic",
            title="LAION aesthetic",
            reads_prompt=False,
            decimals=2,
            range_text="how beautiful an image is, whatever the prompt; from 1 to 10, most get 4 to 7",
            logit_scale=1.0,
            parts=("clip", "head"),
            framing=Framing(crop="even"),
            activation="quick_gelu",
        ),
        # cos(text, image) of OpenAI's ViT-L/14; Radford et al. 2021, with transformers' preprocessing
        ScorerKind(
            name="clip-score",
            title="CLIP score",
            reads_prompt=True,
            decimals=3,
            range_text="how well an image shows the words; a cosine, most get 0.15 to 0.35",
            logit_scale=None,
            parts=("clip",),
            activation="quick_gelu",
        ),
        # cos(text, image); Wu et al. 2023 (arXiv 2306.09341), github.com/tgxs002/HPSv2, img_score.py
        ScorerKind(
            name="hps-v2.1",
            title="HPS v2.1",
            reads_prompt=True,
            decimals=3,
            range_text="which image people prefer for a prompt; a cosine, most get 0.2 to 0.35",
            logit_scale=None,
            parts=("clip",),
            framing=Framing(crop=None),
        ),
        # Xu et al. 2023 (arXiv 2304.05977), see image_reward.py
        ScorerKind(
            name="imagereward",
            title="ImageReward",
            reads_prompt=True,
            decimals=2,
            range_text="how people would rate an image for a prompt; 0 is average, most get -2 to 2",
            logit_scale=1.0,
            parts=("model", "vocab"),
            framing=Framing(crop="even"),
        ),
    )
}
