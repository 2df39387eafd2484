"""Which prompts are kept out of the training data: sexual, violent, hateful, political and otherwise unsafe text.

A list of words is a blunt filter, and meant to be: a good prompt lost costs nothing, a bad one kept is repeated. It
reads words, not meanings: most prompts of I2P, which were chosen for their pictures, have none that gives them away.
How much of a file is refused, and by which words:

    python -m prompt_beautifier.training.data.safety i2p.csv PartiPrompts.tsv
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..run.options import as_command, new_parser

SEXUAL = """
nude nudes nudity naked topless bottomless nsfw sex sexual sexually sexy sexualized erotic erotica eroticism porn porno
pornographic pornography hentai ecchi lewd lust lusty lustful seductive seductively seducing sensual sensually horny
orgasm orgy penis penises dick dicks cock cocks phallus phallic vagina vulva pussy pussies boob boobs booba tits titties
titty nipple nipples areola breast breasts busty bosom cleavage buttocks butt butts ass asses thong thongs lingerie
panties underwear bra bikini bikinis undressed undressing undress stripper striptease fetish bdsm bondage shibari latex
dominatrix masturbating masturbation cum cumming milf thicc curvy voluptuous playboy pinup hustler camgirl onlyfans
xxx rule34 r34 futa futanari yaoi yuri loli lolita shota lolicon shotacon pedo pedophile paedophile incest rape raped
raping rapist molest molested underage jailbait bulge crotch cameltoe upskirt swimsuit swimwear skimpy scantily sheer
seethrough slutty slut sluts whore whores hooker prostitute prostitutes prostitution brothel gangbang deepthroat blowjob
handjob fellatio intercourse coitus copulating sodomy kinky aroused arousal provocative provocatively attractive 
pregnant birthing breastfeeding diaper diapers
shirtless voyeur seduce seduction twerking stripping pornstar erection genitals genitalia testicles groin foreplay
cuckold concubine harem nudist nudism unclothed undies schlong buttcheeks
"""
VIOLENT = """
gore gory guts entrails intestines disembowelled disemboweled dismembered dismemberment decapitated decapitation
beheaded beheading severed mutilated mutilation mutilating corpse corpses carcass cadaver massacre slaughter slaughtered
murder murdered murdering murderer killing kill killed killer suicide suicidal hanged noose lynched lynching torture
tortured torturing execution executed executing genocide holocaust autopsy vivisection cannibal cannibalism bleeding
bloody blood bloodied bloodbath bloodstained wound wounds wounded stabbed stabbing impaled strangled strangling choking
abuse abused abusing selfharm amputated amputee flesh flayed gruesome grotesque disgusting vomit vomiting puke
poop pooping shit shitting feces fecal urine pee peeing piss pissing fart farting diarrhea terrorist terrorism bomber
bombing 911 isis alqaeda shooter shooters gunshot school-shooting columbine
violence violent violently brutal brutally stab strangle slit maimed maggots rotting gouged disfigured mangled
crucified crucifixion assassination assassinated massacred hostage hostages kidnapped kidnapping beaten assault
assaulted harm harming anorexia anorexic electrocuted guillotine slaughterhouse executioner murderous overdosed
"""
HATEFUL = """
nazi nazis nazism swastika kkk klan klansman fascist fascism racist racism nigger nigga niggers faggot fag fags tranny
retard retarded retards negro chink gook spic kike antisemitic infidel 
supremacist supremacy slave slaves slavery slur bitch bitches bastard cunt fuck fucked fucking fucker motherfucker
wtf damn asshole
hate hateful hatred bigot bigots bigotry homophobic homophobia transphobic transphobia islamophobia aryan neonazi
gestapo apartheid pogrom subhuman blackface idiot idiots moron morons imbecile bully bullies bullied bullying
harassment harassing harassed humiliated humiliating humiliation dyke coon wetback beaner raghead towelhead
"""
POLITICAL = """
politics political politician politicians president presidents presidential congress senate senator election elections
republican republicans democrat democrats communist communism communists socialist socialism marxist capitalist
propaganda protest protesters ukraine russia kremlin soviet ussr cccp palestine
 israel gaza hamas taliban kgb nato brexit maga antifa blm abortion dictator dictatorship
wehrmacht reich fuhrer gulag auschwitz
government governments minister ministers chancellor parliament vote votes voter voters voting ballot referendum
leftist leftists leftwing rightwing conservatives liberals nationalist nationalists nationalism patriot patriots
patriotic anarchist anarchists rioting rioters riots insurrection oligarch oligarchs immigrant immigrants refugee
refugees capitol hezbollah gop tories
trump biden obama clinton hillary reagan nixon pelosi mcconnell desantis putin zelensky zelenskyy jinping netanyahu
erdogan macron merkel trudeau thatcher bolsonaro duterte modi hitler himmler goebbels mussolini stalin lenin trotsky
mao pinochet saddam gaddafi osama khomeini soros
"""
DRUGS = """
cocaine heroin meth methamphetamine crack weed marijuana cannabis joint bong stoned junkie overdose drugs drug lsd dmt
ketamine acid shrooms
opium hashish narcotics narco cartel vaping syringe mugshot arrested robbery robbing burglar burglary shoplifting
smuggling trafficking arson arsonist vandalism counterfeit inmate
"""
LISTS = {"sexual": SEXUAL, "violent": VIOLENT, "hateful": HATEFUL, "political": POLITICAL, "drugs and crime": DRUGS}
UNSAFE = frozenset(word for words in LISTS.values() for word in words.split())
WORD = re.compile(r"[a-z0-9]+")


def unsafe_words(prompt: str) -> set[str]:
    """The words for which a prompt is refused; empty when it is fine."""
    return UNSAFE.intersection(WORD.findall(prompt.lower()))


def read_table(path: Path) -> Iterator[dict]:
    """Rows of a TSV or CSV file with a header, by column in lower case; the first column is also there as "prompt"
    if there is none of that name."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with open(path, encoding="utf-8-sig", newline="") as lines:
        is_csv = path.suffix == ".csv"
        table = csv.reader(
            lines, delimiter="," if is_csv else "\t", quoting=csv.QUOTE_MINIMAL if is_csv else csv.QUOTE_NONE
        )
        names = [name.lower() for name in next(table, [])]
        if not names:
            raise ValueError(f"{path} is empty: a header line is expected")
        for row in table:
            found = dict(zip(names, row, strict=False))
            yield found if "prompt" in found else found | {"prompt": row[0]}


def kinds_of(row: dict) -> Iterator[str]:
    """What a row counts as: all of them, and for I2P its categories and what was measured of its pictures."""
    yield "all"
    yield from filter(None, row.get("categories", "").split(", "))
    for column, least in (("nudity_percentage", 50), ("inappropriate_percentage", 80), ("prompt_toxicity", 0.5)):
        if float(row.get(column) or 0) >= least:
            yield f"{column} at least {least}"


def refused_lines(rows: Iterable[dict]) -> list[str]:
    """How much of each kind is refused, and the words that most refuse."""
    total, refused, by_word = Counter(), Counter(), Counter()
    for row in rows:
        found = unsafe_words(row["prompt"])
        by_word.update(found)
        total.update(kinds_of(row))
        refused.update(kinds_of(row) if found else ())
    lines = [f"{refused[kind] / count:>7.1%}  {refused[kind]:,} of {count:,}  {kind}" for kind, count in total.items()]
    return [*lines, "most often: " + ", ".join(f"{word} {n}" for word, n in by_word.most_common(15))]


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="TSV or CSV with a header and a column of prompts")
    for path in parser.parse_args(argv).files:
        print(f"{path}: refused are")
        print("\n".join(refused_lines(read_table(path))))


if __name__ == "__main__":
    as_command("safety", main)
