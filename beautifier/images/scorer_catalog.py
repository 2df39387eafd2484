"""What the image scorers are made of, as it can be downloaded; the fields are those of checkpoints/catalog.py."""

from ..checkpoints.catalog import Checkpoint, File

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
