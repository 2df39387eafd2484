"""Whether a chat model's answer is of use, and what becomes of one that is not."""

# What becomes of an answer that is none: a refusal, nothing, or something unrelated.
UNUSABLE = ("error", "raw prompt")


def why_unusable(words: str, said: str, prompt: str, refused: bool = False, thinking: int = 0) -> str:
    """What is wrong with an answer, for a message; "" where nothing is.

    words     the raw prompt's
    said      the whole answer
    prompt    what was read out of it
    refused   whether it is known to be a refusal
    thinking  tokens that were spent where the answer ended within its thoughts, else 0
    """
    from .refusals import is_refusal, is_related  # its patterns take a while to compile: not when ComfyUI starts

    shown = " ".join(said.split())
    shown = repr(shown[:200] + "…" if len(shown) > 200 else shown)
    if refused or is_refusal(words, said) or is_refusal(words, prompt):
        return f"the model refuses: {shown}"
    if not prompt and thinking:
        return f"the model spent all {thinking} tokens on thinking: turn its thinking off, or raise max_new_tokens"
    if not prompt:
        return f"the model answered {shown}, in which there is no prompt"
    if not is_related(words, prompt):
        return f"the answer shares no word with the raw prompt: {shown}"
    return ""
