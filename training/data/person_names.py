"""Which words of a prompt name a real person: learnt from the prompts themselves, plus a list of first names.

A beautifier must not add an artist or a real person the user did not write, so its training targets hold none.
Prompts of the time name artists in every second line, hardly ever in the same spelling, so a fixed list is not
enough: a word that stands often behind "by" or "in the style of", or mostly inside the full name of a listed artist,
is taken for a part of a name.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import names  # the census lists of first names, `pip install names`

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
CREDIT = re.compile(r"\b(?:by|style of|styled? by|inspired by)\s+([^,.;:()\"|]*)")

# Words that stand behind "by" often enough, or are somebody's first name, but mean something else in a prompt.
ORDINARY = frozenset(
    """
and or de la le the artist artists artwork artworks studio studios archives photogrammetry romanticism zootopia
telescope campfire normal flow ghost sage photographer singer architect dutch price range law illustrator raider maple
assistant servants virtuous stain trigger reactor flora comix pine bell pixar ghibli dreamworks disney weta ilm sanrio
riot merry fuji odd valve spike master masters monks vein slay soar fate tooth intruder channel virtue oil ukiyoe hanga
in art an man men long young golden forest angle ray moon star stars sun rich queen angel princess king crystal many
tiny sunny temple lady my guy summer fairy christian love marvel dawn brain winter misty roman ai page iris hunter rose
royal cliff stormy aura will autumn era clay see candy prince bunny german diamond rusty coral aurora rocky angelic
spring paris joy so ivory cherry ginger violet america raven dusty pearl amber chin velvet emerald marine olive miss
china genesis noble bee santa hue ruby liberty venus scarlet destiny teddy honey song un harmony opal blossom windy
hope son sunshine lily robin hazel glory daisy berry major kitty irish bong tiara grace sandy season gay fae precious
may mac wan jade lane chase eden dot chad venice fern holly willow dale lean manual alpha magnolia india june genie sol
garland kit ebony desire sparkle jewel florida september august delta wolf logan mercy buffy easter alison mana chi
santos kali belle sunday tatum mason chung soon numbers pandora heather bud gus bao heath chance else pearly ada nova
omega luna phoebe meta january trinity merlin savanna penelope echo junior sierra ping leigh ok pan gala min byron art
hung reed athena cleopatra cinderella mermaid april hunter ivy gem fox bear wolf dragon knight bishop stone brook river
rain snow storm sky cloud star ocean sea lake hill field garden flower flowers leaf leaves tree wood woods fire flame
ice frost shadow light dark night day black white red blue green gray grey brown silver gold pink purple yellow orange
house church castle tower bridge street road market shop book books print prints poster design digital drawing photo
film movie comic comics manga anime cartoon game games magic fantasy classic modern ancient old new big little small
great good best real true high low fast slow soft hard deep wide full half mini max super ultra mega micro macro nano
cut crane turner porter baker cook miller smith fisher carpenter mills bass case ash basil bird bay may glass silk lace
cotton denim leather wool rice bean olive apple peach plum melon lemon mint pepper salt sugar sweet cake bread wine
pan pot cup dish plate spoon knife fork bowl table chair bed lamp door window wall floor roof room hall
ha mi ta na hal rod barry berg maxi dean gene jet dee cory pen bill frank mark rob pat art dot mat sue jack dan
""".split()
) - frozenset("dan dean cory frank bill jack sue gene rob mark berg turner porter smith mills barry".split())

# Real people known by a single word, and first names that the census lists lack.
KNOWN = frozenset(
    """
trump biden obama putin zelensky merkel hitler stalin lenin mao musk zuckerberg bezos kardashian kanye beyonce rihanna
zendaya eminem drake adele shakira bjork madonna gadot gal elon keanu billie eilish ariana grande gaga ana armas
scarlett
johansson timothee chalamet margot robbie emma watson dwayne snoop pewdiepie thatcher reagan nixon kennedy clinton xi
jinping netanyahu erdogan macron sunak gandhi mandela einstein tesla newton freud darwin shakespeare beethoven mozart
napoleon caesar nero jesus muhammad mohammed prophet buddha pope pele messi ronaldo maradona federer serena lebron
beckham tarantino kubrick scorsese spielberg hitchcock lynch villeneuve tarkovsky cronenberg artgerm wlop beeple banksy
sakimichan rossdraws loish kaws moebius mucha giger escher monet manet degas renoir rembrandt vermeer caravaggio picasso
dali matisse klimt munch warhol hokusai hiroshige beksinski rutkowski frazetta mcfarlane liefeld gurney elvgren kinkade
zaha hadid gaudi lagerfeld versace gucci dior mcqueen ackroyd nicolas nicholson schwarzenegger stallone willem dafoe
hemsworth cumberbatch pitt depp dicaprio hanks bardem cavill swift sweeney chastain portman knightley sydney nouveau
""".split()
) - frozenset(["nouveau", "prophet", "drake", "swift", "grande", "tesla", "newton", "buddha"])


class Uses:
    """How often each word of lower-case prompts is used, how often behind "by" or "style of", and how often
    inside the full name of a listed artist."""

    def __init__(self, prompts: Iterable[str] = (), artists: Iterable[str] = ()):
        names_by_first = defaultdict(set)
        for artist in artists:
            parts = tuple(WORD.findall(artist.lower()))
            if 2 <= len(parts) <= 4:
                names_by_first[parts[0]].add(parts)
        self.all, self.credited, self.in_names = Counter(), Counter(), Counter()
        for prompt in prompts:
            found = WORD.findall(prompt)
            self.all.update(set(found))
            if "by" in prompt or "style" in prompt:  # what CREDIT looks for; faster
                for span in CREDIT.findall(prompt):
                    self.credited.update(set(WORD.findall(" ".join(span.split()[:10]))))
            for i, word in enumerate(found):
                for parts in names_by_first.get(word, ()):
                    if tuple(found[i : i + len(parts)]) == parts:
                        self.in_names.update(parts)

    def as_json(self) -> dict:
        return {"all": self.all, "credited": self.credited, "in_names": self.in_names}

    def mostly_credited(self, least_share: float = 0.2, least_count: int = 20) -> set[str]:
        return {
            word
            for word, n in self.credited.items()
            if self.all[word] >= least_count and len(word) > 1 and n >= least_share * self.all[word]
        }

    def mostly_in_names(self, least_share: float = 0.3) -> set[str]:
        return {w for w, n in self.in_names.items() if len(w) > 2 and n >= least_share * self.all[w]}

    def name_words(self) -> frozenset[str]:
        """Every word that is taken for a part of a person's name."""
        learnt = self.mostly_credited() | self.mostly_in_names()
        return frozenset((learnt | first_names() | KNOWN) - ORDINARY)


def merged(parts: Iterable[Callable[[], dict]]) -> Uses:
    """The uses of all parts, each of which reads one `Uses.as_json` when it is called.

    They are read twice: first to see which words may be names, then for how often these are used at all, so that
    the many words that nobody is called by take no memory.
    """
    parts, uses = list(parts), Uses()
    for read in parts:
        part = read()
        uses.credited.update(part["credited"])
        uses.in_names.update(part["in_names"])
    for read in parts:
        for word, count in read()["all"].items():
            if word in uses.credited or word in uses.in_names:
                uses.all[word] += count
    return uses


def first_names() -> set[str]:
    """First names of the census lists, lower case."""
    found = set()
    for path in (names.FILES["first:male"], names.FILES["first:female"]):
        with open(path, encoding="ascii") as lines:
            found |= {line.split()[0].lower() for line in lines}
    return found


def name_words(prompts: Iterable[str], artists: Iterable[str] = ()) -> frozenset[str]:
    """Every word that is taken for a part of a person's name; `artists` are full names."""
    return Uses(prompts, artists).name_words()
