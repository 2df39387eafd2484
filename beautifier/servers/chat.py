"""The families that a server can be asked as."""

from ..families import CHAT, FAMILIES, Family

# How a server can be asked: a chat model, or a checkpoint of a family that samples. No server's OpenAI API has
# beam search in common.
SERVED_FAMILIES: dict[str, Family] = {
    family.name: family for family in (CHAT, *FAMILIES.values()) if family.sampling.num_beams == 1
}
