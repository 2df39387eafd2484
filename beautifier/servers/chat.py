"""A chat model as a beautifier: what it is told, and the families that a server can be asked as."""

from ..families import FAMILIES, Family
from ..request import Sampling
from .chat_answer import read_chat

SYSTEM_PROMPT = (
    "You write prompts for text-to-image models. The user sends a short description of a picture. "
    "Answer with one detailed prompt for that picture and nothing else: no introduction, no explanation, no "
    "quotation marks, no list, no Markdown, no alternatives. "
    "Write one line of 30 to 70 words in the language of the description, as details separated by commas. "
    "Begin with the subject in the words of the description, then add its looks, its surroundings, light, "
    "colours, composition, medium and style. "
    "Name no artist and no real person whom the description does not name."
)

# No checkpoint's own: a little under the usual temperature, room for a model that thinks before it answers.
CHAT = Family(
    name="chat",
    template="{raw_prompt}",
    sampling=Sampling(temperature=0.8, top_k=0, top_p=0.95, repetition_penalty=1.0, max_new_tokens=1024),
    max_prompt_tokens=1024,
    read=read_chat,
)

# How a server can be asked: a chat model, or a checkpoint of a family that samples. No server's OpenAI API has
# beam search in common.
SERVED_FAMILIES: dict[str, Family] = {
    family.name: family for family in (CHAT, *FAMILIES.values()) if family.sampling.num_beams == 1
}

# What becomes of an answer that is none: a refusal, nothing, or something unrelated.
UNUSABLE = ("error", "raw prompt")
