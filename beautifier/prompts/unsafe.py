"""Words and expressions that an answer must not have unless the user wrote them.

Blunt lists, read at run time: a candidate that is dropped costs nothing. `for_minors` adds what is harmless of adults.
"""

import re
from functools import lru_cache

from . import lexicon
from .vocabulary import fold

WORDS = frozenset(
    """nude nudes nudity naked topless bottomless nsfw sex sexual sexually sexy sexualized erotic erotica porn
    porno pornographic hentai ecchi lewd lust lustful seductive seductively sensual horny orgasm orgy penis
    phallic vagina pussy boob boobs tits titties nipple nipples areola breasts busty bosom cleavage buttocks
    butt ass thong lingerie panties underwear bra bikini undressed undressing stripper striptease fetish bdsm
    bondage shibari dominatrix masturbating masturbation cum cumming milf thicc curvy voluptuous playboy pinup
    rule34 futanari loli shota lolicon shotacon incest rape raped molested jailbait crotch cameltoe upskirt
    skimpy scantily seethrough slut whore prostitute brothel blowjob fellatio kinky aroused provocative
    shirtless twerking genitals groin nudist unclothed undies sultry alluring ravishing gore gory guts entrails
    intestines dismembered decapitated beheaded severed mutilated corpse corpses massacre suicide hanged lynched
    tortured torture genocide cannibalism bloodied bloodstained bloody impaled strangled amputated flayed
    swastika nazi kkk nigger faggot cocaine heroin""".split()
)
EXPRESSIONS = (
    "no clothes|no clothing|no shirt|no pants|no bra|no panties|no underwear|without clothes|without clothing|"
    "without a shirt|without pants|bare breasts|bare chest|bare chested|see through|wearing nothing|nothing but|"
    "half naked|barely dressed|barely clothed|short shorts|spread legs|wet shirt|wet t shirt|large breasts|"
    "huge breasts|medium breasts|small breasts|flat chest|pool of blood|covered in blood|cut open|self harm"
).split("|")
MINOR_WORDS = frozenset(
    """swimsuit swimwear bikini thigh thighs midriff navel lipstick flirty flirting kiss kissing stockings
    thighhighs leotard bodysuit corset heels pregnant attractive seducing hips miniskirt curves cigarette
    smoking alcohol wine beer drunk gun rifle""".split()
)
MINOR_EXPRESSIONS = ("open shirt", "crop top", "short skirt", "tank top", "off shoulder", "bare shoulders", "long legs")
AGE = re.compile(r"\b(\d{1,2})[\s-]*(?:years?[\s-]*old|y\.?o\.?|yrs?)\b|\b(?:aged?|age)\s+(\d{1,2})\b")


@lru_cache(maxsize=1024)
def names_minor(text: str) -> bool:
    """Whether a text speaks of a child, by a word or an age under 18."""
    if any(int(match[1] or match[2]) < 18 for match in AGE.finditer(text.casefold())):
        return True
    return lexicon.says(lexicon.MINOR, text) or bool(
        re.search(r"\d(?:girl|boy)s?\b.*\b(?:child|loli|shota|kid)", text.casefold())
    )


def unsafe(text: str, minor: bool = False) -> frozenset[str]:
    """The words and expressions of a text that are on the lists; with `minor` those of the stricter ones too."""
    plain = fold(re.sub(r"[^\w\s'-]", " ", text))
    words = frozenset(plain.split())
    padded = f" {plain} "
    found = words & WORDS
    found |= {expression for expression in EXPRESSIONS if f" {expression} " in padded}
    if minor:
        found |= words & MINOR_WORDS
        found |= {expression for expression in MINOR_EXPRESSIONS if f" {expression} " in padded}
    return found
