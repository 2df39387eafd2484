"""Words and expressions that an answer must not have unless the user wrote them; what the user wrote is never cut.

Blunt lists, read at run time: a candidate that is dropped costs nothing. Where a minor is named the lists are longer.
"""

import re
from functools import lru_cache

from . import lexicon
from .vocabulary import NUMBER_OF, fold

WORDS = frozenset(
    """nude nudes nudity naked topless bottomless nsfw sex sexual sexually sexy sexualized erotic erotica porn
    porno pornographic hentai ecchi lewd lust lustful seductive seductively sensual sensually horny orgasm orgy penis
    phallic vagina pussy boob boobs tits titties nipple nipples areola breasts busty bosom cleavage buttocks
    butt butts ass thong lingerie negligee panties underwear underboob sideboob bra bikini undressed undressing stripper
    striptease fetish bdsm bondage shibari dominatrix masturbating masturbation cum cumming milf thicc curvy voluptuous
    playboy pinup rule34 futanari loli shota lolicon shotacon incest rape raped molested jailbait crotch cameltoe
    upskirt pantyshot skimpy scantily seethrough slut whore prostitute brothel blowjob fellatio kinky aroused
    provocative provocatively shirtless twerking genitals groin nudist unclothed undies sultry alluring ravishing ahegao
    gore gory guts entrails intestines dismembered decapitated beheaded severed mutilated corpse corpses massacre
    suicide hanged lynched tortured torture genocide cannibalism bloodied bloodstained bloody impaled strangled
    amputated flayed swastika nazi kkk nigger faggot cocaine heroin""".split()
)
EXPRESSIONS = (
    "no clothes|no clothing|no shirt|no pants|no bra|no panties|no underwear|no top|without clothes|without clothing|"
    "without any clothes|without a shirt|without shirt|without pants|without underwear|bare breasts|bare breasted|"
    "bare chest|bare chested|bare bottom|bare buttocks|bare body|bare torso|see through|wearing nothing|"
    "nothing but a towel|half naked|half nude|half dressed|half clothed|barely dressed|barely clothed|barely covered|"
    "partially clothed|partially dressed|stark naked|in the nude|in the buff|birthday suit|exposed breasts|"
    "exposed chest|exposed skin|revealing clothes|revealing clothing|revealing dress|revealing outfit|low cut|"
    "deep neckline|plunging neckline|unbuttoned shirt|unbuttoned blouse|open blouse|short shorts|hot pants|spread legs|"
    "legs spread|on all fours|bedroom eyes|come hither|wet shirt|wet t shirt|wet clothes|transparent clothes|"
    "transparent dress|transparent shirt|large breasts|huge breasts|medium breasts|small breasts|flat chest|"
    "pool of blood|covered in blood|blood splatter|self harm|slit wrists"
).split("|")
MINOR_WORDS = frozenset(
    """swimsuit swimsuits swimwear bikini thigh thighs midriff navel lipstick flirty flirting kiss kissing stockings
    thighhighs leotard bodysuit corset heels pregnant attractive seducing hips miniskirt curves tight cigarette
    smoking alcohol wine beer drunk gun rifle pistol revealing bathing undress shower""".split()
)
MINOR_EXPRESSIONS = (
    "open shirt|crop top|short skirt|short dress|mini skirt|tank top|off shoulder|bare shoulders|bare shoulder|"
    "bare skin|bare legs|bare back|bare midriff|long legs|swim trunks|in bed|full lips|parted lips|pouty lips"
).split("|")
ALL_WORDS = WORDS | MINOR_WORDS
# The expressions of both lists by their first word.
BY_FIRST: dict[str, tuple[str, ...]] = {
    first: tuple(each for each in (*EXPRESSIONS, *MINOR_EXPRESSIONS) if each.partition(" ")[0] == first)
    for first in {each.partition(" ")[0] for each in (*EXPRESSIONS, *MINOR_EXPRESSIONS)}
}
ONLY_OF_MINORS = frozenset(MINOR_EXPRESSIONS)
# What would take such a word back: "no nudity".
NOT = frozenset("no not non without zero never".split())
AGE = re.compile(
    r"\b(\d{1,2}|[a-z]+)[\s-]*(?:years?[\s-]*olds?|y\.?o\.?|yrs?(?:[\s-]*olds?)?)\b|\b(?:aged?|age)\s+(?:of\s+)?(\d{1,2}|[a-z]+)\b"
    r"|(\d{1,2})\s*岁"
)


@lru_cache(maxsize=1024)
def names_minor(text: str) -> bool:
    """Whether a text speaks of a child, by a word or an age under 18."""
    folded = text.casefold()
    if any(_years(next(filter(None, match.groups()))) < 18 for match in AGE.finditer(folded)):
        return True
    return (
        lexicon.says(lexicon.MINOR, text)
        or bool(re.search(r"\d(?:girl|boy)s?\b.*\b(?:child|loli|shota|kid)", folded))
        or bool(re.search("儿童|小孩|孩子|婴儿|宝宝|幼儿|男孩|女孩|学生|未成年", text))
    )


def _years(number: str) -> int:
    return int(number) if number.isdecimal() else NUMBER_OF.get(number, 99)


def unsafe(text: str, minor: bool = False) -> frozenset[str]:
    """The words and expressions of a text that are on the lists; with `minor` those of the stricter ones too.

    Words that are ruled out ("no nudity") do not count.
    """
    plain = fold(re.sub(r"[^\w\s'-]", " ", text))
    said = plain.split()
    once = set(said)
    listed, found = ALL_WORDS if minor else WORDS, set()
    if not listed.isdisjoint(once):
        found = {word for word, before in zip(said, ["", *said], strict=False) if word in listed and before not in NOT}
    for first in once & BY_FIRST.keys():
        found.update(
            each for each in BY_FIRST[first] if f" {each} " in f" {plain} " and (minor or each not in ONLY_OF_MINORS)
        )
    return frozenset(found)
