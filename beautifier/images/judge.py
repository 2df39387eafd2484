"""What every judge of images can do; judges.py has the kinds."""

from collections.abc import Sequence

from torch import Tensor, nn


class Judge(nn.Module):
    """A network that scores squares of pixels.

    image_size  of the squares, pixels a side
    patch       pixels a side of what becomes one position of the network
    width       numbers of a position
    """

    image_size: int
    patch: int
    width: int

    def read(self, prompts: Sequence[str]) -> Tensor | None:
        """What is needed of each prompt, [N, features]; None where nothing is before an image is looked at."""
        return None

    def judge(self, pixels: Tensor, read: Tensor | None, prompts: list[str]) -> Tensor:
        """The scores, float32 [N], of normalised pixels [N, 3, image_size, image_size] for prompts that were read."""
        raise TypeError(f"{type(self).__name__} does not say how it judges")

    def tokens_seen(self) -> int:
        """How many tokens of a prompt it sees at most, marks for start and end not counted; 0 where it reads none."""
        return 0

    def tokens_cut(self, prompt: str) -> int:
        """How many tokens of a prompt, at its end, it does not see."""
        return 0

    def softmax_scale(self) -> float:
        """What the scores of one prompt's images are multiplied with before a softmax makes probabilities of them."""
        return 1.0
